"""One person a crop: cutting people out of images, and the contract's two ends for pipelines."""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.geometry import compose, invert, shrink, warp
from models.whole_images import pad_images

# The crop's side over the box's longer side. Top-down networks mostly have 1.25; a crop of 64
# pixels has none to spare.
PADDING = 1.15


def cut_people(
    images: Tensor | Sequence[Tensor], owner: Tensor, to_crop: Tensor, crop_size: int
) -> Tensor:
    """Return one crop a person ``[P, 3, S, S]``, black outside of the image.

    Where a crop has fewer pixels than what it shows, these are averaged and not skipped.

    Args:
        images: ``[B, 3, H, W]`` or a sequence of ``[3, H, W]`` of any sizes, floating point.
        owner: int64 ``[P]``, the image of each person.
        to_crop: float64 ``[P, 2, 3]``, from an image to a crop of it, upright.
        crop_size: S, in pixels.
    """
    to_image = invert(to_crop)
    crops = images[0].new_zeros(len(owner), 3, crop_size, crop_size)
    # Image pixels a crop pixel, rounded down; no image can be shrunk to less than one pixel.
    longest = max(max(image.shape[-2:]) for image in images)
    shrinking = to_image[:, 0, 0].clamp(1, longest).int()
    # Autocast would round places in an image to half precision.
    with torch.autocast(crops.device.type, enabled=False):
        for factor in shrinking.unique().tolist():
            persons = (shrinking == factor).nonzero().flatten()
            seen, source = owner[persons].unique(return_inverse=True)
            shrunk = [shrink(images[index], factor) for index in seen.tolist()]
            views, _ = pad_images([view for view, _ in shrunk], 1, 0.0)
            into_view = shrunk[0][1].to(to_image)
            crops[persons] = warp(views[source], compose(into_view, to_image[persons]), crop_size)
    return crops


def jitter_boxes(boxes: Tensor, deviation: float) -> Tensor:
    """Return the boxes with each side moved at random, as an inaccurate detector has them.

    The dice are torch's own and thrown on the CPU, so that a seed means the same on every device.

    Args:
        boxes: ``[N, 4]``, x1 y1 x2 y2.
        deviation: standard deviation of a side's normal noise, as a share of the box's width (for
            the left and right side) or height.
    """
    extent = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    moved = boxes + deviation * extent * torch.randn(boxes.shape).to(boxes)
    one, other = moved[:, :2], moved[:, 2:]
    return torch.cat([torch.minimum(one, other), torch.maximum(one, other)], dim=1)


def stack_crops(images: Tensor | list[Tensor], crop_size: int) -> Tensor:
    """Return the crops as one batch ``[B, 3, S, S]``.

    Raises:
        ValueError: a crop is not ``crop_size`` pixels square.
    """
    batch = images if isinstance(images, Tensor) else torch.stack(images)
    if batch.shape[-2:] != (crop_size, crop_size):
        raise ValueError(f"crops of {crop_size} px are needed, got {tuple(batch.shape[-2:])}")
    return batch


def crop_targets(keypoints: Tensor, crop_size: int) -> list[dict[str, Tensor]]:
    """Return one person a crop, as torchvision's targets.

    Args:
        keypoints: ``[P, K, 3]``, x y in pixels of the crop, visibility.
        crop_size: side of the crop, which is also the person's box, in pixels.
    """
    box = _whole_crop(keypoints, crop_size)
    label = torch.ones(1, dtype=torch.int64, device=keypoints.device)
    crowd = torch.zeros_like(label)
    return [
        {"boxes": box, "labels": label, "keypoints": person.unsqueeze(0), "iscrowd": crowd}
        for person in keypoints
    ]


def crop_detections(points: Tensor, scores: Tensor, crop_size: int) -> list[dict[str, Tensor]]:
    """Return one detected person a crop.

    Args:
        points: ``[B, K, 2]``, x y in pixels of the crop.
        scores: ``[B, K]``, of each joint, 0 to 1.
        crop_size: side of the crop, which is also the person's box, in pixels.
    """
    box = _whole_crop(points, crop_size)
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


def _whole_crop(like: Tensor, crop_size: int) -> Tensor:
    return like.new_tensor([[0.0, 0.0, crop_size - 1.0, crop_size - 1.0]])
