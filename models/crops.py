"""The contract's two ends for pipelines that see one person a crop."""

import torch
from torch import Tensor


def stack_crops(images: Tensor | list[Tensor], crop_size: int) -> Tensor:
    """Return the crops as one batch ``[B, 3, S, S]``.

    Raises:
        ValueError: a crop is not ``crop_size`` pixels square.
    """
    batch = images if isinstance(images, Tensor) else torch.stack(images)
    if batch.shape[-2:] != (crop_size, crop_size):
        raise ValueError(f"crops of {crop_size} px are needed, got {tuple(batch.shape[-2:])}")
    return batch


def crop_detections(points: Tensor, scores: Tensor, crop_size: int) -> list[dict[str, Tensor]]:
    """Return one detected person a crop.

    Args:
        points: ``[B, K, 2]``, x y in pixels of the crop.
        scores: ``[B, K]``, of each joint, 0 to 1.
        crop_size: side of the crop, which is also the person's box, in pixels.
    """
    box = points.new_tensor([[0.0, 0.0, crop_size - 1.0, crop_size - 1.0]])
    label = torch.ones(1, dtype=torch.int64, device=points.device)
    seen = torch.ones_like(scores).unsqueeze(-1)
    keypoints = torch.cat([points, seen], dim=-1)
    return [
        {
            "boxes": box,
            "labels": label,
            "scores": score.mean(dim=0, keepdim=True),
            "keypoints": person.unsqueeze(0),
            "keypoints_scores": score.unsqueeze(0),
        }
        for person, score in zip(keypoints, scores, strict=True)
    ]
