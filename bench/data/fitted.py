"""Whole images, each fitted into one and the same square, with all their people."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Self

import torch
from torch import Tensor

from bench.data.cache import cached_tensors
from bench.data.contract import PoseDataset, Target
from bench.data.datasets import open_split
from bench.experiment import DataSpec
from models.geometry import compose, invert, shrink, transform_points, warp
from models.skeleton import Skeleton

GREY: Final = 128  # what lies beside an image: the middle of its values
_LAYOUT = "1"  # part of the cache's name: raise it when what is stored changes

#: Called with the stage ("render" or "images"), images done and images in all.
Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class FittedImages:
    """Every image of a split, I images; an image's own shape is kept, and grey fills the square.

    Attributes:
        skeleton: of the keypoints.
        input_size: S, the side of the square in pixels.
        images: uint8 ``[I, 3, S, S]``, the image at the top left.
        image_to_input: float64 ``[I, 2, 3]``.
        targets: of each image, in pixels of the square.
        sizes: height and width of each original image in pixels.
    """

    skeleton: Skeleton
    input_size: int
    images: Tensor
    image_to_input: Tensor
    targets: list[Target]
    sizes: list[tuple[int, int]]

    def __len__(self) -> int:
        return len(self.images)

    def to(self, device: torch.device) -> Self:
        """Return the images with pixels and people on ``device``."""
        moved: list[Target] = [
            {  # type: ignore[misc]  # mypy knows a typed dictionary's keys where written out only
                name: value.to(device) if isinstance(value, Tensor) else value
                for name, value in target.items()
            }
            for target in self.targets
        ]
        return replace(self, images=self.images.to(device), targets=moved)


def open_fitted(
    spec: DataSpec, split: str, root: Path | None, input_size: int, report: Report | None = None
) -> FittedImages:
    """Return the images of a split, fitted once and kept in the cache.

    Args:
        spec: the data set.
        split: "train" or "val".
        root: folder of a data set on disk, None for an embedded one.
        input_size: side of the square in pixels.
        report: called while rendering and fitting.

    Raises:
        Problem: an image or the annotations cannot be read.
    """
    rendering = None if report is None else partial(report, "render")
    dataset = open_split(spec, split, root, rendering)
    decides = f"{dataset.digest} {split} {len(dataset)} {input_size} {_LAYOUT}"
    digest = hashlib.sha256(decides.encode()).hexdigest()[:16]
    tensors = cached_tensors(
        f"images-{spec.name}-{split}-{digest}", lambda: _fit_all(dataset, input_size, report)
    )
    return _gathered(dataset, input_size, tensors["images"])


def fit_images(dataset: PoseDataset, input_size: int) -> FittedImages:
    """Return all images of ``dataset``, fitted to squares of ``input_size`` pixels; not cached."""
    return _gathered(dataset, input_size, _fit_all(dataset, input_size, None)["images"])


def _fit_all(dataset: PoseDataset, input_size: int, report: Report | None) -> dict[str, Tensor]:
    images = torch.empty(len(dataset), 3, input_size, input_size, dtype=torch.uint8)
    for index in range(len(dataset)):
        images[index] = _fit(dataset.image(index), input_size)
        if report is not None:
            report("images", index + 1, len(dataset))
    return {"images": images}


def _fit(image: Tensor, input_size: int) -> Tensor:
    to_input = _to_input((int(image.shape[-2]), int(image.shape[-1])), input_size)
    source, into_source = shrink(image.float() - GREY, max(1, int(1 / to_input[0, 0])))
    to_source = compose(into_source, invert(to_input)).float()
    # What the warp leaves outside is 0, and that is grey here.
    fitted = warp(source.unsqueeze(0), to_source.unsqueeze(0), input_size)[0] + GREY
    return fitted.round().clamp(0, 255).to(torch.uint8)


def _to_input(size: tuple[int, int], input_size: int) -> Tensor:
    scale = input_size / max(size)
    shift = (scale - 1) / 2  # the corners of both coincide, not the centres of their first pixels
    return torch.tensor([[scale, 0, shift], [0, scale, shift]], dtype=torch.float64)


def _gathered(dataset: PoseDataset, input_size: int, images: Tensor) -> FittedImages:
    sizes = [dataset.size(index) for index in range(len(dataset))]
    affines = [_to_input(size, input_size) for size in sizes]
    targets = [_moved(dataset.target(index), affine) for index, affine in enumerate(affines)]
    return FittedImages(dataset.skeleton, input_size, images, torch.stack(affines), targets, sizes)


def _moved(target: Target, affine: Tensor) -> Target:
    """Return the parts of a target that a pipeline for whole images is given, moved."""
    keypoints = target["keypoints"]
    points = transform_points(affine, keypoints[..., :2].double()).float()
    annotated = keypoints[..., 2:] > 0
    moved: Target = {
        "boxes": _moved_boxes(target["boxes"], affine),
        "labels": target["labels"],
        "keypoints": torch.cat([points * annotated, keypoints[..., 2:]], dim=-1),
        "area": (target["area"] * affine[0, 0] ** 2).float(),
        "iscrowd": target["iscrowd"],
        "image_id": target["image_id"],
        "annotation_ids": target["annotation_ids"],
    }
    if "known" in target:
        moved["known"] = target["known"]
    if "ignore" in target:
        moved["ignore"] = _moved_boxes(target["ignore"], affine)
    if "ignore_polygons" in target:
        corners = target["ignore_polygons"].double()
        moved["ignore_polygons"] = transform_points(affine, corners).float()
    return moved


def _moved_boxes(boxes: Tensor, affine: Tensor) -> Tensor:
    corners = transform_points(affine, boxes.double().view(-1, 2, 2))
    return corners.flatten(1).float()
