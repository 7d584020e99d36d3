"""IOI with attention: a gate weighs the three branches at every pixel and channel."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.blocks.ioi import CHAIN_LENGTHS, inception_chain
from models.layers import Shortcut, branch_width, conv_bn, conv_bn_relu
from models.registry import register_block


@register_block
def aioi(in_channels: int, out_channels: int) -> nn.Module:
    """Return IOI with the released gate: 3c channels in, 3w wide.

    Source: Liu et al., AAAI 2018, released network; 3,018,752 convolution weights at 128, of
    which 2,027,520 are the gate's.
    """
    width = branch_width(out_channels)
    gate = Gate(
        entry=nn.ReLU(),
        in_channels=3 * out_channels,
        width=3 * width,
        head=conv_bn(3 * width, 3 * width, 1),
    )
    return Shortcut(GatedBranches(in_channels, out_channels, gate), in_channels, out_channels)


@register_block
def aioi_light(in_channels: int, out_channels: int) -> nn.Module:
    """Return IOI with a gate w wide behind a 1x1 reduction.

    This project's own variant, not the paper's; 1,175,552 convolution weights and 1,183,104
    parameters at 128.
    """
    width = branch_width(out_channels)
    gate = Gate(
        entry=conv_bn_relu(3 * out_channels, width, 1),
        in_channels=width,
        width=width,
        head=nn.Conv2d(width, 3 * width, 1),
    )
    return Shortcut(GatedBranches(in_channels, out_channels, gate), in_channels, out_channels)


class Gate(nn.Module):
    """A sigmoid for every pixel and channel, from a fine and a coarse look at the branches.

    Args:
        entry: what is done to the concatenated branches first.
        in_channels: channels after ``entry``.
        width: channels of the gate's 3x3 convolutions.
        head: the last 1x1, to all gates at once.
    """

    def __init__(self, entry: nn.Module, in_channels: int, width: int, head: nn.Module) -> None:
        super().__init__()
        self.entry = entry
        self.coarse = nn.Sequential(
            conv_bn_relu(in_channels, width, 3, stride=2), conv_bn(width, width, 3)
        )
        self.fine = conv_bn(in_channels, width, 3)
        self.head = nn.Sequential(nn.ReLU(inplace=True), conv_bn_relu(width, width, 3), head)

    def forward(self, branches: Tensor) -> Tensor:
        """Map the concatenated branches to gates in (0, 1), ``[B, 3w, H, W]``."""
        x = self.entry(branches)
        fine = self.fine(x)
        coarse = F.interpolate(
            self.coarse(x), size=fine.shape[-2:], mode="bilinear", align_corners=False
        )
        return torch.sigmoid(self.head(coarse + fine))


class GatedBranches(nn.Module):
    """Three chains, each reduced to w channels and weighed by its gate; summed and fused."""

    def __init__(self, in_channels: int, out_channels: int, gate: Gate) -> None:
        super().__init__()
        width = branch_width(out_channels)
        self.chains = nn.ModuleList(
            inception_chain(length, in_channels, out_channels) for length in CHAIN_LENGTHS
        )
        self.gate = gate
        self.reduce = nn.ModuleList(nn.Conv2d(out_channels, width, 1) for _ in CHAIN_LENGTHS)
        self.fuse = nn.Sequential(
            nn.BatchNorm2d(width), nn.ReLU(inplace=True), conv_bn(width, out_channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[B, in_channels, H, W]`` to ``[B, out_channels, H, W]``."""
        branches = [chain(x) for chain in self.chains]
        gates = self.gate(torch.cat(branches, dim=1)).chunk(len(branches), dim=1)
        weighed = [
            gate * reduce(branch)
            for gate, reduce, branch in zip(gates, self.reduce, branches, strict=True)
        ]
        return self.fuse(weighed[0] + weighed[1] + weighed[2])
