"""Bottleneck residual block."""

from torch import nn

from models.layers import Shortcut, branch_width, conv_bn, conv_bn_relu
from models.registry import register_block


@register_block
def residual(in_channels: int, out_channels: int) -> nn.Module:
    """Return 1x1 -> w, 3x3 -> w, 1x1 -> c, added to the shortcut.

    Source: He et al., "Deep Residual Learning", CVPR 2016; 53,248 convolution weights at 128.
    """
    width = branch_width(out_channels)
    body = nn.Sequential(
        conv_bn_relu(in_channels, width, 1),
        conv_bn_relu(width, width, 3),
        conv_bn(width, out_channels, 1),
    )
    return Shortcut(body, in_channels, out_channels)
