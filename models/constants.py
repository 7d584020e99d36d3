"""Numbers of the host brought to a device without waiting for it."""

from collections.abc import Sequence

import torch
from torch import Tensor


def constant(
    values: Sequence[float] | Sequence[Sequence[float]],
    device: torch.device | str,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Return ``values`` as a tensor on ``device``.

    Made there by ``torch.tensor(values, device=device)``, a few numbers cost all that a GPU has
    queued: the copy waits until it is done, and then the GPU waits until more is queued.
    """
    return sent(torch.tensor(values, dtype=dtype), device)


def sent(tensor: Tensor, device: torch.device | str) -> Tensor:
    """Return ``tensor`` on ``device``; a copy to a GPU is queued there, and not waited for."""
    return tensor.to(device, non_blocking=True)
