"""The dense stem of the released AIOI network: densely connected layers at stride 2 and 4."""

import torch
from torch import Tensor, nn

from models.layers import conv_bn_relu, scaled

STEM_CHANNELS = 128  #: at width 1
_GROWTH = 64
_LAYERS = (3, 4)  # densely connected, at stride 2 and at stride 4
#: Stride of the stem's last convolution, by the stride of the whole.
_LAST_STRIDE = {4: 1, 8: 2}


def dense_stem(width: float, stride: int) -> nn.Sequential:
    """Return the stem; 1,103,104 parameters at width 1.

    5x5 stride 2, three dense layers, 1x1, 3x3 stride 2, four dense layers, 1x1, 3x3: all to 128
    channels, each followed by batch norm and ReLU and without bias.

    Source: Liu et al., AAAI 2018, released network, whose last convolution has stride 2 (8 in
    all); that MSPAF has it at stride 1 (4 in all) is inferred from its multiply-adds.

    Args:
        width: factor on all channels.
        stride: 4 or 8 pixels of the image a cell.

    Returns:
        a module from ``[B, 3, H, W]`` to ``[B, 128 width, H/stride, W/stride]``, rounded up.

    Raises:
        ValueError: the stride is neither.
    """
    if stride not in _LAST_STRIDE:
        raise ValueError(f"the stride of a dense stem is one of {sorted(_LAST_STRIDE)}")
    channels, growth = scaled(STEM_CHANNELS, width), scaled(_GROWTH, width)
    early, late = (_dense_layers(number, channels, growth) for number in _LAYERS)
    return nn.Sequential(
        conv_bn_relu(3, channels, 5, stride=2),
        early,
        conv_bn_relu(channels + _LAYERS[0] * growth, channels, 1),
        conv_bn_relu(channels, channels, 3, stride=2),
        late,
        conv_bn_relu(channels + _LAYERS[1] * growth, channels, 1),
        conv_bn_relu(channels, channels, 3, stride=_LAST_STRIDE[stride]),
    )


class DenseLayer(nn.Module):
    """The input with ``growth`` new channels beside it: 1x1, then 3x3.

    Source: Huang et al., "Densely Connected Convolutional Networks", CVPR 2017, with batch norm
    and ReLU after the convolutions instead of before them.
    """

    def __init__(self, in_channels: int, hidden: int, growth: int) -> None:
        super().__init__()
        self.new = nn.Sequential(
            conv_bn_relu(in_channels, hidden, 1), conv_bn_relu(hidden, growth, 3)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[B, in_channels, H, W]`` to ``[B, in_channels + growth, H, W]``."""
        return torch.cat([x, self.new(x)], dim=1)


def _dense_layers(number: int, channels: int, growth: int) -> nn.Sequential:
    return nn.Sequential(
        *(DenseLayer(channels + layer * growth, channels, growth) for layer in range(number))
    )
