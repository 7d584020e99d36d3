"""Networks as their training begins: the control for what is seen in trained ones."""

import copy

import torch
from torch import Tensor, nn

#: When a network is looked at.
BEFORE, AFTER = "before", "after"


def with_settled_norms(network: nn.Module, images: Tensor) -> nn.Module:
    """Return a copy whose batch norms hold the statistics of ``images``, in evaluation.

    Before training they hold mean 0 and variance 1 of nothing, and the network measured would not
    be the one whose training begins, in which each norm sees its batch.

    Args:
        network: left as it is.
        images: ``[N, C, H, W]`` on the network's device, at once.
    """
    settled = copy.deepcopy(network).eval()
    for module in settled.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0  # the statistics of this one batch, and no others
            module.train()
    with torch.no_grad():
        settled(images)
    return settled.eval()
