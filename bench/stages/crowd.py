"""So many people in an image of any size, each in a place of its own: what timings are made of."""

import math
from typing import Final

import torch
from torch import Tensor

from models.skeleton import Skeleton

_SEED: Final = 0

# Somebody upright with arms down, height 1: x from the body's axis to the side, y from the top.
_FIGURE: Final = {
    "head_top": (0.0, 0.0),
    "eye": (0.025, 0.09),
    "ear": (0.055, 0.11),
    "nose": (0.0, 0.12),
    "neck": (0.0, 0.22),
    "thorax": (0.0, 0.27),
    "shoulder": (0.11, 0.26),
    "elbow": (0.14, 0.44),
    "wrist": (0.15, 0.6),
    "pelvis": (0.0, 0.56),
    "hip": (0.07, 0.56),
    "knee": (0.08, 0.78),
    "ankle": (0.08, 1.0),
}
_POSE_JITTER: Final = 0.012  # standard deviation of a joint: poses differ, limbs keep their order
# The figure's own 0.3 and 1, and five of these deviations on every side.
_BREADTH: Final = 0.42
_HEIGHT: Final = 1.12


def crowd(people: int, skeleton: Skeleton, height: float, width: float) -> dict[str, Tensor]:
    """Return torchvision's target of so many people on a grid that fills the image.

    Each stands in a place of its own, as large as that lets him be, more or less, and off its
    middle as far as it has room. Places that are left over are drawn by lot.

    Args:
        people: n; 0 or more.
        skeleton: whose K joints they have, all of them visible.
        height, width: of the image, in any unit.

    Returns:
        ``boxes`` ``[n, 4]`` (the joints' extent), ``keypoints`` ``[n, K, 3]`` and ``iscrowd``
        ``[n]``.
    """
    generator = torch.Generator().manual_seed(_SEED)
    columns = max(1, math.ceil(math.sqrt(people * (width / _BREADTH) / (height / _HEIGHT))))
    lines = max(1, math.ceil(people / columns))
    place = torch.randperm(columns * lines, generator=generator)[:people]
    corner = torch.stack([place % columns, place // columns], dim=1).unsqueeze(1)
    room = torch.tensor([width / columns, height / lines])
    needed = torch.tensor([_BREADTH, _HEIGHT])
    size = (room / needed).amin() * (1 - 0.15 * torch.rand(people, 1, 1, generator=generator))
    shift = (room - size * needed) * (torch.rand(people, 1, 2, generator=generator) - 0.5)
    figure = _figure(skeleton)
    jitter = _POSE_JITTER * torch.randn(people, *figure.shape, generator=generator)
    points = (corner + 0.5) * room + shift + size * (figure + jitter)
    return {
        "boxes": torch.cat([points.amin(dim=1), points.amax(dim=1)], dim=1),
        "keypoints": torch.cat([points, torch.full_like(points[..., :1], 2.0)], dim=-1),
        "iscrowd": torch.zeros(people, dtype=torch.int64),
    }


def _figure(skeleton: Skeleton) -> Tensor:
    """Return the joints ``[K, 2]`` of a figure of height 1 that faces us, its middle at (0, 0)."""
    places = []
    for joint in skeleton.joints:
        x, y = _FIGURE[joint.removeprefix("left_").removeprefix("right_")]
        places.append((-x if joint.startswith("right_") else x, y - 0.5))
    return torch.tensor(places)
