"""Training batches from crops: drawn and augmented on the device, fixed by (seed, step)."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import torch
from torch import Tensor

from bench.data.contract import Target
from bench.data.crops import PersonCrops, context_margin
from bench.experiment import TrainSpec
from models.constants import constant, sent
from models.geometry import compose, invert, linear_zoom, similarity, transform_points, warp

#: All of a batch, of which several processes that train together each make a share.
WHOLE: Final = slice(None)

_STEP_SEEDS = 1_000_003  # a prime above any number of steps keeps (seed, step) pairs apart


def training_batches(
    crops: PersonCrops, spec: TrainSpec, seed: int, start: int = 0, share: slice = WHOLE
) -> Iterator[tuple[Tensor, list[Target]]]:
    """Yield ``(images, targets)`` for the steps from ``start`` on.

    Every pass over the data is a fresh permutation, and the batch of a step depends on the seed
    and the step alone, so an interrupted training goes on with the batches it would have had. Dice
    are thrown for all of it, whichever ``share`` is made.

    Returns:
        images float32 ``[B, 3, S, S]``, 0 to 1, and one target a crop.
    """
    for step in range(start, spec.steps):
        persons = drawn(len(crops), spec.batch_size, seed, step)
        yield augmented(crops, persons, spec, step_generator(seed, step), share)


def drawn(count: int, batch_size: int, seed: int, step: int) -> Tensor:
    """Return the ``[B]`` indices of a step: a window on passes that are permuted one by one."""
    return window(count, step * batch_size, batch_size, seed)


def window(count: int, first: int, number: int, seed: int) -> Tensor:
    """Return ``[number]`` indices below ``count``, from place ``first`` of all passes in a row."""
    passes = range(first // count, (first + number - 1) // count + 1)
    begins = [first - one * count for one in passes]
    parts = [
        _order(count, seed, one)[max(begin, 0) : begin + number]
        for one, begin in zip(passes, begins, strict=True)
    ]
    return torch.cat([*parts, torch.empty(0, dtype=torch.int64)])


# A step draws from one or two passes of each data set; of 250,000 people one takes 11 ms.
@lru_cache(maxsize=8)
def _order(count: int, seed: int, number: int) -> Tensor:
    """Return the permutation of a pass; nobody may write into it."""
    return torch.randperm(count, generator=step_generator(seed, number))


def step_generator(seed: int, step: int) -> torch.Generator:
    """Return the dice of a step."""
    return torch.Generator().manual_seed(seed * _STEP_SEEDS + step)


def drawn_change(
    size: int, count: int, spec: TrainSpec, generator: torch.Generator, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return ``count`` random affines of a ``size`` pixels square, and which of them mirror it.

    The dice are thrown on the CPU, so that a seed means the same on every device.
    """
    dice = sent(torch.rand(count, 5, generator=generator), device) * 2 - 1
    mirrored = (dice[:, 0] > 0) & spec.flip
    change = similarity(
        size,
        angle=dice[:, 1] * math.radians(spec.rotation),
        scale=torch.exp(dice[:, 2] * math.log(spec.scale)),
        shift=dice[:, 3:] * spec.shift * size,
        mirrored=mirrored,
    )
    return change, mirrored


def augmented(
    crops: PersonCrops,
    persons: Tensor,
    spec: TrainSpec,
    generator: torch.Generator,
    share: slice = WHOLE,
) -> tuple[Tensor, list[Target]]:
    """Return the crops of ``persons`` ``[B]``, each turned, zoomed, shifted, mirrored at random.

    Only a ``share`` of them is made, with the dice that it has among all. On a GPU all of it is
    queued, and nothing waited for: ``persons`` are on the host.
    """
    size, device = crops.crop_size, crops.images.device
    change, mirrored = drawn_change(size, len(persons), spec, generator, device)
    persons, change, mirrored = persons[share], change[share], mirrored[share]
    identity = crops.image_id[persons].tolist()
    persons = sent(persons, device)
    margin = context_margin(size)
    into_context = constant([[1, 0, margin], [0, 1, margin]], device, change.dtype)
    to_source = compose(into_context, invert(change))
    images = warp(crops.images[persons].float() / 255, to_source, size)
    keypoints = crops.keypoints[persons]
    points = transform_points(change, keypoints[..., :2])
    moved = torch.cat([points, keypoints[..., 2:]], dim=-1)
    swap = constant(crops.skeleton.flip_permutation, device)
    moved = torch.where(mirrored[:, None, None], moved[:, swap], moved)
    zoom = (linear_zoom(change) / linear_zoom(crops.crop_to_image[persons])).float()
    area = crops.area[persons] * zoom**2
    return images, _targets(moved, area, size, identity, crops.annotation_id[persons])


def _targets(
    keypoints: Tensor, area: Tensor, size: int, image_ids: list[int], annotation_ids: Tensor
) -> list[Target]:
    box = constant([[0.0, 0.0, size - 1.0, size - 1.0]], keypoints.device, keypoints.dtype)
    label = torch.ones(1, dtype=torch.int64, device=keypoints.device)
    crowd = torch.zeros_like(label)
    # Split at once: a slice a person and tensor would keep the host busy for 2 ms a step.
    people = zip(keypoints.split(1), area.split(1), annotation_ids.split(1), image_ids, strict=True)
    return [
        {
            "boxes": box,
            "labels": label,
            "keypoints": person,
            "area": covered,
            "iscrowd": crowd,
            "image_id": image_id,
            "annotation_ids": annotation_id,
        }
        for person, covered, annotation_id, image_id in people
    ]
