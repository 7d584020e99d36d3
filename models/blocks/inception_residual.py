"""Inception-residual block: three branches of growing receptive field."""

import torch
from torch import Tensor, nn

from models.layers import Shortcut, branch_width, conv_bn, conv_bn_relu
from models.registry import register_block


@register_block
def inception_residual(in_channels: int, out_channels: int) -> nn.Module:
    """Return the block with branches of no, one and two 3x3 convolutions.

    Source: Liu et al., AAAI 2018, released network; 159,744 convolution weights at 128.
    """
    return Shortcut(InceptionBranches(in_channels, out_channels), in_channels, out_channels)


class InceptionBranches(nn.Module):
    """Three branches, concatenated, ReLU, fused by a 1x1 convolution."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        width = branch_width(out_channels)
        self.branches = nn.ModuleList(
            [
                conv_bn(in_channels, width, 1),
                nn.Sequential(conv_bn_relu(in_channels, width, 1), conv_bn(width, width, 3)),
                nn.Sequential(
                    conv_bn_relu(in_channels, width, 1),
                    conv_bn_relu(width, width, 3),
                    conv_bn(width, width, 3),
                ),
            ]
        )
        self.fuse = nn.Sequential(nn.ReLU(inplace=True), conv_bn(3 * width, out_channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[B, in_channels, H, W]`` to ``[B, out_channels, H, W]``."""
        return self.fuse(torch.cat([branch(x) for branch in self.branches], dim=1))
