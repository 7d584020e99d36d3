"""The shape that PAF and MSPAF share: a trunk, then stages of two branches that refine."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

#: Builds a branch from the stage (0 the first), the channels it sees and the channels it predicts.
BranchFactory = Callable[[int, int, int], nn.Module]


class FieldMaps(NamedTuple):
    """What one stage predicts, for K joints and L limbs.

    Attributes:
        heatmaps: ``[B, K + 1, H, W]``, the last is the background.
        fields: ``[B, 2L, H, W]``, x and y of limb l at channels 2l and 2l + 1.
    """

    heatmaps: Tensor
    fields: Tensor


class StagedFields(nn.Module):
    """Heatmaps and part affinity fields, predicted again by every stage.

    Each stage after the first sees the trunk's features and the maps of the one before
    (Cao et al., CVPR 2017).

    Args:
        trunk: from ``[B, 3, H, W]`` to the features.
        features: channels of the trunk's output.
        branch: builds one branch of one stage.
        joints: K.
        limbs: L.
        stages: how often the maps are predicted, 1 or more.
    """

    def __init__(
        self,
        trunk: nn.Module,
        features: int,
        branch: BranchFactory,
        *,
        joints: int,
        limbs: int,
        stages: int,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        maps = joints + 1 + 2 * limbs
        seen = [features] + [features + maps] * (stages - 1)
        self.heatmaps = nn.ModuleList(
            branch(stage, channels, joints + 1) for stage, channels in enumerate(seen)
        )
        self.fields = nn.ModuleList(
            branch(stage, channels, 2 * limbs) for stage, channels in enumerate(seen)
        )

    def forward(self, images: Tensor) -> list[FieldMaps]:
        """Map ``[B, 3, H, W]`` to the maps of every stage."""
        features = self.trunk(images)
        x = features
        predicted: list[FieldMaps] = []
        for heatmaps, fields in zip(self.heatmaps, self.fields, strict=True):
            maps = FieldMaps(heatmaps(x), fields(x))
            predicted.append(maps)
            x = torch.cat([features, maps.fields, maps.heatmaps], dim=1)
        return predicted
