"""The compositions that all blocks share."""

from torch import Tensor, nn


def conv_bn(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
) -> nn.Sequential:
    """Return convolution and batch norm; "same" padding, no bias (the norm's shift replaces it)."""
    return nn.Sequential(
        nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=False
        ),
        nn.BatchNorm2d(out_channels),
    )


def conv_bn_relu(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
) -> nn.Module:
    """Return convolution, batch norm and ReLU; "same" padding, no bias."""
    return nn.Sequential(
        *conv_bn(in_channels, out_channels, kernel_size, stride), nn.ReLU(inplace=True)
    )


class Shortcut(nn.Module):
    """``ReLU(shortcut(x) + body(x))``: identity, or 1x1 and batch norm where widths differ."""

    def __init__(self, body: nn.Module, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.body = body
        same = in_channels == out_channels
        self.shortcut = nn.Identity() if same else conv_bn(in_channels, out_channels, 1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[B, in_channels, H, W]`` to ``[B, out_channels, H, W]``."""
        return self.relu(self.shortcut(x) + self.body(x))


def branch_width(out_channels: int) -> int:
    """Return the width inside a block, half of its output (w = 64 of c = 128 in [A])."""
    return max(1, out_channels // 2)


def conv_relu(in_channels: int, out_channels: int, kernel_size: int) -> nn.Sequential:
    """Return biased convolution and ReLU, for networks without batch norm; "same" padding.

    The weights start as He et al., "Delving Deep into Rectifiers", ICCV 2015, so that depth neither
    fades nor swells the signal.
    """
    convolution = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    nn.init.zeros_(convolution.get_parameter("bias"))
    return nn.Sequential(convolution, nn.ReLU(inplace=True))


def scaled(channels: int, width: float) -> int:
    """Return ``channels`` times the width factor, at least one."""
    return max(1, round(channels * width))
