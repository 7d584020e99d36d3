"""Training batches of whole images: drawn and augmented on the device, fixed by (seed, step)."""

from collections.abc import Iterator

import torch
from torch import Tensor

from bench.data.batches import WHOLE, drawn, drawn_change, step_generator
from bench.data.contract import Target
from bench.data.fitted import GREY, FittedImages
from bench.experiment import TrainSpec
from models.constants import constant, sent
from models.geometry import invert, linear_zoom, transform_points, warp


def image_batches(
    images: FittedImages, spec: TrainSpec, seed: int, start: int = 0, share: slice = WHOLE
) -> Iterator[tuple[Tensor, list[Target]]]:
    """Yield ``(images, targets)`` for the steps from ``start`` on.

    Every pass over the data is a fresh permutation, and the batch of a step depends on the seed
    and the step alone. Dice are thrown for all of it, whichever ``share`` is made.

    Returns:
        images float32 ``[B, 3, S, S]``, 0 to 1, and the people of each.
    """
    for step in range(start, spec.steps):
        chosen = drawn(len(images), spec.batch_size, seed, step)
        yield augmented_images(images, chosen, spec, step_generator(seed, step), share)


def augmented_images(
    images: FittedImages,
    chosen: Tensor,
    spec: TrainSpec,
    generator: torch.Generator,
    share: slice = WHOLE,
) -> tuple[Tensor, list[Target]]:
    """Return the images ``chosen`` ``[B]``, each turned, zoomed, shifted and mirrored at random.

    Only a ``share`` of them is made, with the dice that it has among all. On a GPU all of it is
    queued, and nothing waited for: ``chosen`` are on the host.
    """
    size, device = images.input_size, images.images.device
    change, mirrored = drawn_change(size, len(chosen), spec, generator, device)
    chosen, change, mirrored = chosen[share], change[share], mirrored[share]
    pixels = images.images[sent(chosen, device)].float() - GREY
    views = (warp(pixels, invert(change), size) + GREY) / 255
    return views, _moved(
        [images.targets[index] for index in chosen.tolist()], change, mirrored, images
    )


def _moved(
    targets: list[Target], change: Tensor, mirrored: Tensor, images: FittedImages
) -> list[Target]:
    counts = [len(target["boxes"]) for target in targets]
    owner = sent(torch.arange(len(targets)).repeat_interleave(torch.tensor(counts)), change.device)
    # All people of the batch at once: one by one they would be some hundred small calls.
    keypoints = torch.cat([target["keypoints"] for target in targets])
    points = transform_points(change[owner], keypoints[..., :2])
    moved = torch.cat([points, keypoints[..., 2:]], dim=-1)
    swap = constant(images.skeleton.flip_permutation, change.device)
    moved = torch.where(mirrored[owner, None, None], moved[:, swap], moved)
    boxes = _hulls(torch.cat([target["boxes"] for target in targets]), change[owner])
    area = torch.cat([target["area"] for target in targets])
    area = (area * linear_zoom(change)[owner] ** 2).to(area)
    people = zip(moved.split(counts), boxes.split(counts), area.split(counts), strict=True)
    return [
        _target(target, *parts, affine)
        for target, parts, affine in zip(targets, people, change, strict=True)
    ]


def _target(
    target: Target, keypoints: Tensor, boxes: Tensor, area: Tensor, change: Tensor
) -> Target:
    new: Target = {**target, "keypoints": keypoints, "boxes": boxes, "area": area}
    if "ignore" in target:
        ignore = target["ignore"]
        new["ignore"] = _hulls(ignore, change.expand(len(ignore), -1, -1))
    if "ignore_polygons" in target:
        new["ignore_polygons"] = transform_points(change, target["ignore_polygons"])
    return new


def _hulls(boxes: Tensor, change: Tensor) -> Tensor:
    """Return the upright boxes ``[N, 4]`` about boxes that were moved by ``change`` [N, 2, 3]."""
    x1, y1, x2, y2 = boxes.unbind(dim=1)
    corners = torch.stack([x1, y1, x2, y1, x1, y2, x2, y2], dim=1).view(-1, 4, 2)
    corners = transform_points(change, corners)
    return torch.cat([corners.amin(dim=1), corners.amax(dim=1)], dim=1)
