"""The layout in memory that every model is trained, judged and timed in."""

import torch
from torch import nn


def lay_channels_last(model: nn.Module) -> None:
    """Lay the weights of ``model`` out with the channels last, in place."""
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in hints
