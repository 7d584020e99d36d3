"""Inception of inception (IOI): branches that are themselves chains of inception blocks."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from models.blocks.inception_residual import inception_residual
from models.layers import Shortcut, branch_width, conv_bn
from models.registry import register_block

#: Inception-residual blocks in the short, the middle and the long branch.
CHAIN_LENGTHS = (1, 2, 3)


@register_block
def ioi(in_channels: int, out_channels: int) -> nn.Module:
    """Return the block whose branches chain one, two and three inception-residual blocks.

    The fusion is inferred: it copies the inner block, since only the variant with attention was
    released. Source: Liu et al., AAAI 2018; 1,007,616 convolution weights at 128.
    """
    return Shortcut(ChainedBranches(in_channels, out_channels), in_channels, out_channels)


class ChainedBranches(nn.Module):
    """Three chains, each reduced by its own 1x1; concatenated, ReLU, fused by a 1x1."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        width = branch_width(out_channels)
        self.branches = nn.ModuleList(
            nn.Sequential(
                inception_chain(length, in_channels, out_channels), conv_bn(out_channels, width, 1)
            )
            for length in CHAIN_LENGTHS
        )
        self.fuse = nn.Sequential(nn.ReLU(inplace=True), conv_bn(3 * width, out_channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[B, in_channels, H, W]`` to ``[B, out_channels, H, W]``."""
        return self.fuse(torch.cat([branch(x) for branch in self.branches], dim=1))


def inception_chain(length: int, in_channels: int, out_channels: int) -> nn.Module:
    """Return ``length`` inception-residual blocks in a row; no weights are shared."""
    widths = [in_channels] + [out_channels] * length
    return nn.Sequential(*(inception_residual(a, b) for a, b in pairwise(widths)))
