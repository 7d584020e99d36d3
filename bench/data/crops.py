"""One person a crop, cut around ground-truth boxes; the affine there and back is exact."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from bench.data.cache import cached_tensors
from bench.data.contract import PoseDataset, Target
from bench.data.datasets import open_split
from bench.experiment import DataSpec
from bench.problem import Problem
from models.crops import PADDING
from models.geometry import compose, invert, shrink, square_crop, transform_points, warp
from models.skeleton import SKELETONS, Skeleton

# What is kept around the crop, so that turning and shifting it in training finds pixels there.
CONTEXT = 1.5
_LAYOUT = "1"  # part of the cache's name: raise it when what is stored changes

#: Called with the stage ("render" or "crops"), images done and images in all.
Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class PersonCrops:
    """Every annotated person of a split, P persons.

    Attributes:
        skeleton: of the keypoints.
        crop_size: side of a crop in pixels.
        images: uint8 ``[P, 3, S, S]``: the crop and the context around it.
        keypoints: float32 ``[P, K, 3]``, pixels of the crop, visibility.
        crop_to_image: float64 ``[P, 2, 3]``.
        extent: float32 ``[P]``: the longer side of the ground-truth box, pixels of the image.
        area: float32 ``[P]``, square pixels of the image.
        image_index: int64 ``[P]``: which image of the split.
        image_id: int64 ``[P]``: its id in the annotation file.
        annotation_id: int64 ``[P]``.
    """

    skeleton: Skeleton
    crop_size: int
    images: Tensor
    keypoints: Tensor
    crop_to_image: Tensor
    extent: Tensor
    area: Tensor
    image_index: Tensor
    image_id: Tensor
    annotation_id: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, person: int) -> tuple[Tensor, Target]:
        """Return ``(crop, target)`` as the contract has it; the only person is the crop's own."""
        side = self.crop_size - 1.0
        target: Target = {
            "boxes": torch.tensor([[0.0, 0.0, side, side]]),
            "labels": torch.ones(1, dtype=torch.int64),
            "keypoints": self.keypoints[person].unsqueeze(0),
            "area": self.area[person].unsqueeze(0),
            "iscrowd": torch.zeros(1, dtype=torch.int64),
            "image_id": int(self.image_id[person]),
            "annotation_ids": self.annotation_id[person].unsqueeze(0),
            "crop_to_image": self.crop_to_image[person],
        }
        return self.centre(slice(person, person + 1))[0], target

    def centre(self, persons: slice) -> Tensor:
        """Return the crops without their context, uint8 ``[B, 3, crop_size, crop_size]``."""
        margin = context_margin(self.crop_size)
        inner = slice(margin, margin + self.crop_size)
        return self.images[persons, :, inner, inner]

    def to(self, device: torch.device) -> Self:
        """Return the crops on ``device``, but for the image's ids, which nothing is computed of."""
        tensors = {name: value.to(device) for name, value in _tensors(self).items()}
        tensors["image_id"] = self.image_id
        return type(self)(self.skeleton, self.crop_size, **tensors)


def context_margin(crop_size: int) -> int:
    """Return the pixels of context on each side of a crop."""
    return round(crop_size * (CONTEXT - 1) / 2)


def open_crops(
    spec: DataSpec, split: str, root: Path | None, report: Report | None = None
) -> PersonCrops:
    """Return the crops of a split, cut once and kept in the cache.

    Args:
        spec: the data set and the crop's size.
        split: "train" or "val".
        root: folder of a data set on disk, None for an embedded one.
        report: called while rendering and cutting.

    Raises:
        Problem: the split holds no annotated person, or an image cannot be read.
    """
    rendering = None if report is None else partial(report, "render")
    dataset = open_split(spec, split, root, rendering)
    decides = f"{dataset.digest} {split} {len(dataset)} {spec.crop_size} {PADDING} {CONTEXT}"
    digest = hashlib.sha256(f"{decides} {_LAYOUT}".encode()).hexdigest()[:16]
    tensors = cached_tensors(
        f"crops-{spec.name}-{split}-{digest}", lambda: _cut(dataset, spec.crop_size, report)
    )
    return PersonCrops(SKELETONS[spec.skeleton], spec.crop_size, **tensors)


def cut_crops(dataset: PoseDataset, crop_size: int, report: Report | None = None) -> PersonCrops:
    """Return the crops of every annotated person of ``dataset``, not cached.

    Raises:
        Problem: nobody in it is annotated with joints.
    """
    return PersonCrops(dataset.skeleton, crop_size, **_cut(dataset, crop_size, report))


def _tensors(crops: PersonCrops) -> dict[str, Tensor]:
    return {name: value for name, value in vars(crops).items() if isinstance(value, Tensor)}


def _cut(dataset: PoseDataset, crop_size: int, report: Report | None) -> dict[str, Tensor]:
    parts: list[dict[str, Tensor]] = []
    for index in range(len(dataset)):
        target = dataset.target(index)
        annotated = (target["keypoints"][..., 2] > 0).any(dim=1) & (target["iscrowd"] == 0)
        if annotated.any():
            image = dataset.image(index)
            parts.append(_cut_image(image, target, annotated, index, crop_size))
        if report is not None:
            report("crops", index + 1, len(dataset))
    if not parts:
        raise Problem(
            f"no person of '{dataset.name}' is annotated with joints; "
            "choose a split with keypoint annotations"
        )
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _cut_image(
    image: Tensor, target: Target, annotated: Tensor, index: int, crop_size: int
) -> dict[str, Tensor]:
    boxes = target["boxes"][annotated].double()
    to_crop = square_crop(boxes, crop_size, PADDING)
    to_image = invert(to_crop)
    margin = context_margin(crop_size)
    into_context = torch.tensor([[1.0, 0, -margin], [0, 1, -margin]], dtype=torch.float64)
    size = crop_size + 2 * margin
    views = torch.empty(len(boxes), 3, size, size)
    into_context_of = compose(to_image, into_context)
    # Image pixels a crop pixel, rounded down; people of one image mostly share it.
    shrinking = into_context_of[:, 0, 0].int().clamp_min(1)
    for factor in shrinking.unique().tolist():
        chosen = shrinking == factor
        source, into_source = shrink(image.float(), factor)
        to_source = compose(into_source, into_context_of[chosen]).float()
        views[chosen] = warp(source.expand(len(to_source), -1, -1, -1), to_source, size)
    keypoints = target["keypoints"][annotated]
    points = transform_points(to_crop, keypoints[..., :2].double()).float()
    # A joint that is not annotated has no place; zero is the field's habit.
    points = points * (keypoints[..., 2:] > 0)
    count = len(boxes)
    return {
        "images": views.round().clamp(0, 255).to(torch.uint8),
        "keypoints": torch.cat([points, keypoints[..., 2:]], dim=-1),
        "crop_to_image": to_image,
        "extent": (boxes[:, 2:] - boxes[:, :2]).amax(dim=1).float(),
        "area": target["area"][annotated],
        "image_index": torch.full((count,), index),
        "image_id": torch.full((count,), target["image_id"]),
        "annotation_id": target["annotation_ids"][annotated],
    }
