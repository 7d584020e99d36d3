"""The truth about rendered people, as the annotators of a data set would have written it down."""

import torch
from torch import Tensor

from bench.data.contract import Target
from bench.data.synthetic.habits import Habits
from models.skeleton import Skeleton


def as_annotated(target: Target, habits: Habits, skeleton: Skeleton, image_size: int) -> Target:
    """Return ``target`` with what annotators of these habits mark; ids and order stay.

    No annotator knows which share of a joint is hidden, so ``occlusion`` is left out.

    Args:
        target: the truth, in the joints of ``skeleton``, with head boxes.
        habits: of the annotators.
        skeleton: the joints that they mark.
        image_size: side of the image in pixels.
    """
    marked = target["keypoints"][..., 2] > 0
    marked &= (target["area"] >= (habits.least_side * image_size) ** 2).unsqueeze(1)
    only_seen = torch.tensor([name in habits.only_seen for name in skeleton.joints])
    marked &= ~only_seen | (target["keypoints"][..., 2] > 1)
    keypoints = torch.where(marked.unsqueeze(-1), target["keypoints"], 0)
    annotated: Target = {**target, "keypoints": keypoints}
    del annotated["occlusion"]
    if habits.square_boxes:
        annotated["area"] = _joint_area(keypoints, target["head_boxes"])
        annotated["boxes"] = _squares(target["boxes"])
    if not habits.head_boxes:
        del annotated["head_boxes"]
    return annotated


def _joint_area(keypoints: Tensor, head_boxes: Tensor) -> Tensor:
    """Return [N] the area of the extent of joints [N, K, 3] and head boxes [N, 4]."""
    there = keypoints[..., 2:] > 0
    least = keypoints[..., :2].masked_fill(~there, torch.inf).amin(1)
    most = keypoints[..., :2].masked_fill(~there, -torch.inf).amax(1)
    sides = torch.maximum(most, head_boxes[:, 2:]) - torch.minimum(least, head_boxes[:, :2])
    return sides.prod(1)


def _squares(boxes: Tensor) -> Tensor:
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).amax(1, keepdim=True) / 2
    return torch.cat([middle - half, middle + half], 1)
