"""PAF and its multiscale successor MSPAF, layer for layer."""

from itertools import pairwise

from torch import nn

from models.layers import conv_bn_relu, conv_relu, scaled
from models.networks.dense_stem import STEM_CHANNELS, dense_stem
from models.networks.staged_fields import StagedFields
from models.networks.vgg_trunk import TRUNK_CHANNELS, vgg_trunk
from models.registry import create_block

_FIRST_HEAD = 512  # channels of the first stage's 1x1
# Standard deviation of the maps' weights at the start, as the released network has it.
_HEAD_DEVIATION = 0.01


def paf_network(
    joints: int, limbs: int, *, width: float, stages: int, stride: int, trunk_depth: int
) -> StagedFields:
    """Return PAF's network; 52,311,446 parameters with 18 joints, 19 limbs and six stages.

    Every convolution is biased and followed by a ReLU, the last of a branch alone is not; there is
    no batch norm. First stage: three 3x3, 1x1 to 512; the others: five 7x7, a 1x1.

    Source: Cao et al., CVPR 2017, and its released network. Inferred: He's initialisation of the
    hidden layers, without which twelve layers let no signal through when no pretrained weights of
    VGG are at hand; strides, widths and trunks other than 8, 1 and VGG-19.

    Args:
        joints: K; one heatmap more is the background.
        limbs: L, two fields each.
        width: factor on all hidden channels.
        stages: 1 or more.
        stride: 4 or 8 pixels a cell.
        trunk_depth: 13, 16 or 19, the VGG network whose layers are the trunk.
    """
    channels = scaled(TRUNK_CHANNELS, width)

    def branch(stage: int, seen: int, predicted: int) -> nn.Module:
        kernels = [3, 3, 3, 1] if stage == 0 else [7, 7, 7, 7, 7, 1]
        widths = [seen] + [channels] * len(kernels)
        if stage == 0:
            widths[-1] = scaled(_FIRST_HEAD, width)
        hidden = [conv_relu(a, b, k) for (a, b), k in zip(pairwise(widths), kernels, strict=True)]
        return nn.Sequential(*hidden, _head(widths[-1], predicted))

    trunk = vgg_trunk(width, trunk_depth, stride)
    return StagedFields(trunk, channels, branch, joints=joints, limbs=limbs, stages=stages)


def mspaf_network(
    joints: int,
    limbs: int,
    *,
    blocks: list[str],
    width: float,
    stages: int,
    stride: int,
    trunk_depth: int,
) -> StagedFields:
    """Return MSPAF's network: dense stem, inception-residual trunk, branches of any block.

    A branch is ``blocks``, of which the first takes what the stage sees to 128 channels, then
    1x1 to 128 with batch norm and ReLU, and a biased 1x1 to the maps.

    Source: Jin et al., 2017, names the parts (dense stem, inception-residual blocks, three
    stages); the layer table was never published and is inferred, fitted to the deck's 9.66 M
    parameters and 0.03 T.

    Args:
        joints: K; one heatmap more is the background.
        limbs: L, two fields each.
        blocks: registered blocks of every branch, in order; one or more.
        width: factor on all hidden channels.
        stages: 1 or more.
        stride: 4 or 8 pixels a cell.
        trunk_depth: inception-residual blocks after the stem.
    """
    channels = scaled(STEM_CHANNELS, width)

    def branch(stage: int, seen: int, predicted: int) -> nn.Module:
        widths = [seen] + [channels] * len(blocks)
        body = [
            create_block(name, a, b) for name, (a, b) in zip(blocks, pairwise(widths), strict=True)
        ]
        return nn.Sequential(*body, conv_bn_relu(channels, channels, 1), _head(channels, predicted))

    trunk = nn.Sequential(
        dense_stem(width, stride),
        *(create_block("inception_residual", channels, channels) for _ in range(trunk_depth)),
    )
    return StagedFields(trunk, channels, branch, joints=joints, limbs=limbs, stages=stages)


def _head(channels: int, maps: int) -> nn.Conv2d:
    head = nn.Conv2d(channels, maps, 1)
    nn.init.normal_(head.weight, std=_HEAD_DEVIATION)
    nn.init.zeros_(head.get_parameter("bias"))
    return head
