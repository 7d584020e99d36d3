"""Single-person pose network: a stem, a trunk of blocks at stride 4, and heatmap heads."""

from torch import Tensor, nn

from models.layers import conv_bn_relu
from models.registry import create_block

STRIDE = 4  # of the heatmaps, as in the stacked hourglass and MSPAF


class PoseNetwork(nn.Module):
    """Heatmap logits from one person's crop.

    Args:
        joints: heatmaps to predict.
        block: a registered block, of which the trunk is built.
        depth: blocks a stage.
        width: channels of the trunk.
        stages: trunks in a row; each later one also sees the heatmaps of the one before
            (Newell et al., ECCV 2016).
    """

    def __init__(self, joints: int, block: str, depth: int, width: int, stages: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            conv_bn_relu(3, width, 3, stride=2), conv_bn_relu(width, width, 3, stride=2)
        )
        self.trunks = nn.ModuleList(
            nn.Sequential(*(create_block(block, width, width) for _ in range(depth)))
            for _ in range(stages)
        )
        self.heads = nn.ModuleList(nn.Conv2d(width, joints, 1) for _ in range(stages))
        self.feedback = nn.ModuleList(nn.Conv2d(joints, width, 1) for _ in range(stages - 1))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map ``[B, 3, H, W]`` to the logits of every stage, each ``[B, joints, H/4, W/4]``."""
        features = self.stem(images)
        logits: list[Tensor] = []
        for stage, (trunk, head) in enumerate(zip(self.trunks, self.heads, strict=True)):
            if stage > 0:
                features = features + self.feedback[stage - 1](logits[-1])
            features = trunk(features)
            logits.append(head(features))
        return logits
