"""Stacked hourglass: bottom-up, top-down networks in a row, each with heatmaps of its own."""

import torch.nn.functional as F
from torch import Tensor, nn

WIDTH = 256  # features, in the paper
DEPTH = 4  # of an hourglass: how often it halves the resolution, in the paper


class StackedHourglass(nn.Module):
    """Heatmap logits from one person's crop, at stride 4.

    Source: Newell et al., "Stacked Hourglass Networks", ECCV 2016. With 16 joints 1, 2, 4 and 8
    stacks have 3,426,448, 6,570,400, 12,858,304 and 25,434,112 parameters.

    Args:
        joints: heatmaps to predict.
        stacks: hourglasses in a row, 1 or more; each later one also sees the features and the
            heatmaps of the one before.
        width: features, a multiple of 4.
        depth: how often an hourglass halves the resolution.
    """

    def __init__(self, joints: int, stacks: int, width: int = WIDTH, depth: int = DEPTH) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width // 4, 7, stride=2, padding=3),
            nn.BatchNorm2d(width // 4),
            nn.ReLU(inplace=True),
            PreActivation(width // 4, width // 2),
            nn.MaxPool2d(2),
            PreActivation(width // 2, width // 2),
            PreActivation(width // 2, width),
        )
        self.hourglasses = nn.ModuleList(
            nn.Sequential(
                Hourglass(width, depth),
                PreActivation(width, width),
                nn.Conv2d(width, width, 1),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            )
            for _ in range(stacks)
        )
        self.heads = nn.ModuleList(nn.Conv2d(width, joints, 1) for _ in range(stacks))
        self.feature_feedback = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(stacks - 1))
        self.heatmap_feedback = nn.ModuleList(
            nn.Conv2d(joints, width, 1) for _ in range(stacks - 1)
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map ``[B, 3, H, W]`` to the logits of every stack, each ``[B, joints, H/4, W/4]``.

        H and W are multiples of ``4 * 2 ** depth``.
        """
        x = self.stem(images)
        logits: list[Tensor] = []
        for stack, (hourglass, head) in enumerate(zip(self.hourglasses, self.heads, strict=True)):
            features = hourglass(x)
            logits.append(head(features))
            if stack < len(self.feature_feedback):
                x = x + self.feature_feedback[stack](features)
                x = x + self.heatmap_feedback[stack](logits[-1])
        return logits


class Hourglass(nn.Module):
    """Down to a lower resolution, through what is below, and up again beside a skip branch."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        below = Hourglass(width, depth - 1) if depth > 1 else PreActivation(width, width)
        self.skip = PreActivation(width, width)
        self.lower = nn.Sequential(
            nn.MaxPool2d(2), PreActivation(width, width), below, PreActivation(width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[B, width, H, W]`` to the same shape; H and W are multiples of 2 ** depth."""
        return self.skip(x) + F.interpolate(self.lower(x), scale_factor=2.0, mode="nearest")


class PreActivation(nn.Module):
    """Bottleneck residual whose norms and ReLUs stand before its convolutions.

    BN, ReLU, 1x1 to half of the output's channels; BN, ReLU, 3x3; BN, ReLU, 1x1; added to the
    input, which a 1x1 brings to the output's channels where they differ. Convolutions have biases.

    Source: He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        half = out_channels // 2
        # The first ReLU works on the batch norm's own output, so in place it spares the input.
        self.body = nn.Sequential(
            *_activated(in_channels, half, 1), *_activated(half, half, 3),
            *_activated(half, out_channels, 1),
        )  # fmt: skip
        same = in_channels == out_channels
        self.shortcut = nn.Identity() if same else nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[B, in_channels, H, W]`` to ``[B, out_channels, H, W]``."""
        return self.shortcut(x) + self.body(x)


def _activated(in_channels: int, out_channels: int, kernel_size: int) -> list[nn.Module]:
    return [
        nn.BatchNorm2d(in_channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2),
    ]
