"""Zero skill: every crop gets the mean pose of the training crops."""

import torch
from torch import Tensor, nn

from models.crops import crop_detections, stack_crops
from models.registry import register_pipeline
from models.skeleton import Skeleton


@register_pipeline
def mean_pose(skeleton: Skeleton, *, crop_size: int) -> nn.Module:
    """Return the baseline that looks at no pixel."""
    return MeanPose(len(skeleton), crop_size)


class MeanPose(nn.Module):
    """The running mean of each joint's place; it has no parameters and learns by counting."""

    def __init__(self, joints: int, crop_size: int) -> None:
        super().__init__()
        self.crop_size = crop_size
        self.total: Tensor
        self.count: Tensor
        self.register_buffer("total", torch.zeros(joints, 2, dtype=torch.float64))
        self.register_buffer("count", torch.zeros(joints, dtype=torch.float64))

    def forward(
        self, images: Tensor | list[Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """Count the targets in training (the loss is the squared distance in crops squared).

        In evaluation, return the mean pose for each crop of ``[B, 3, S, S]``.

        Raises:
            ValueError: training without targets, or a crop of another size.
        """
        batch = stack_crops(images, self.crop_size)
        if not self.training:
            points = self._mean().float().expand(len(batch), -1, -1)
            # A joint's score is its share of annotated people, so it is the same for everyone.
            scores = (self.count / self.count.max().clamp_min(1)).float().expand(len(batch), -1)
            return crop_detections(points, scores, self.crop_size)
        if targets is None:
            raise ValueError("targets are needed in training")
        keypoints = torch.stack([target["keypoints"][0] for target in targets]).double()
        annotated = keypoints[..., 2] > 0
        self.total += (keypoints[..., :2] * annotated.unsqueeze(-1)).sum(dim=0)
        self.count += annotated.sum(dim=0)
        distance = ((keypoints[..., :2] - self._mean()) / self.crop_size).square().sum(dim=-1)
        return {"distance": (distance * annotated).sum() / annotated.sum().clamp_min(1)}

    def _mean(self) -> Tensor:
        centre = (self.crop_size - 1) / 2  # where a joint was never annotated
        seen = self.count.unsqueeze(-1)
        return torch.where(seen > 0, self.total / seen.clamp_min(1), centre)
