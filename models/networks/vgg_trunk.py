"""The trunk of PAF: the first ten convolutions of VGG-19 and two that narrow them."""

from itertools import pairwise

from torch import nn

from models.layers import conv_relu, scaled

#: Convolutions a resolution, up to conv4_2, by the depth that names the VGG network.
_LAYERS = {13: (2, 2, 2, 2), 16: (2, 2, 3, 2), 19: (2, 2, 4, 2)}
_CHANNELS = (64, 128, 256, 512)
_NARROWING = (256, 128)
#: Poolings of 2 x 2 by stride; the released network has all three.
_POOLS = {4: 2, 8: 3}

TRUNK_CHANNELS = _NARROWING[-1]  #: at width 1


def vgg_trunk(width: float, depth: int, stride: int) -> nn.Sequential:
    """Return VGG up to conv4_2, then 3x3 to 256 and to 128 channels; biased, without batch norm.

    Source: Cao et al., CVPR 2017, released network: depth 19, stride 8. Stride 4 (inferred) leaves
    the last pooling out; the weights stay the same.

    Args:
        width: factor on all channels.
        depth: 13, 16 or 19, the VGG whose layers are taken.
        stride: 4 or 8 pixels of the image a cell.

    Returns:
        a module from ``[B, 3, H, W]`` to ``[B, 128 width, H/stride, W/stride]``; H and W are
        multiples of the stride.

    Raises:
        ValueError: the depth or the stride is none of these.
    """
    if depth not in _LAYERS:
        raise ValueError(f"the depth of a VGG trunk is one of {sorted(_LAYERS)}, not {depth}")
    if stride not in _POOLS:
        raise ValueError(f"the stride of a VGG trunk is one of {sorted(_POOLS)}, not {stride}")
    layers: list[nn.Module] = []
    before = 3
    for level, (channels, number) in enumerate(zip(_CHANNELS, _LAYERS[depth], strict=True)):
        if level > 0:
            # A pooling that is left out keeps its place, and with it the names of all weights.
            layers.append(nn.MaxPool2d(2) if level <= _POOLS[stride] else nn.Identity())
        widths = [before] + [scaled(channels, width)] * number
        layers += [conv_relu(a, b, 3) for a, b in pairwise(widths)]
        before = widths[-1]
    widths = [before, *(scaled(channels, width) for channels in _NARROWING)]
    layers += [conv_relu(a, b, 3) for a, b in pairwise(widths)]
    return nn.Sequential(*layers)
