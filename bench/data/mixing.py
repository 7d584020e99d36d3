"""Several data sets as one: their people in the same joints, and their images in fixed shares.

A joint that one of them does not annotate is never absent from its images, only unknown there
(``known`` of a target): see ``bench.data.alignment``.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.data.alignment import known_joints, to_skeleton
from bench.data.batches import WHOLE, step_generator, window
from bench.data.contract import Target
from bench.data.fitted import FittedImages
from bench.data.image_batches import augmented_images
from bench.experiment import Experiment, TrainSpec
from models.skeleton import SKELETONS, Skeleton

# Multiples of it, modulo 1, fill the unit interval more evenly than those of any other number.
_GOLDEN: Final = (math.sqrt(5) - 1) / 2


def align(images: FittedImages, wanted: Skeleton) -> FittedImages:
    """Return the images with their people in other joints; what they lack is unknown there."""
    targets = [to_skeleton(target, images.skeleton, wanted) for target in images.targets]
    return replace(images, skeleton=wanted, targets=targets)


def taught_joints(experiment: Experiment) -> list[str]:
    """Return the joints of a mixture's model that any part of it annotates, or was given."""
    union = SKELETONS[experiment.skeleton]
    known = torch.zeros(len(union), dtype=torch.bool)
    for part in experiment.mixture:
        known |= known_joints(SKELETONS[part.data.skeleton], union)
        known |= torch.tensor([name in part.adds for name in union.joints])
    return [name for name, there in zip(union.joints, known.tolist(), strict=True) if there]


def mixed_batches(
    parts: Sequence[FittedImages],
    weights: Sequence[float],
    spec: TrainSpec,
    seed: int,
    start: int = 0,
    share: slice = WHOLE,
) -> Iterator[tuple[Tensor, list[Target]]]:
    """Yield ``(images, targets)`` for the steps from ``start`` on.

    Every part is passed over in fresh permutations, as ``image_batches`` does with one data set,
    and the batch of a step depends on the seed and the step alone.

    Args:
        parts: of one size, on one device and with the same joints; none is empty.
        weights: the share of images that come from each part, up to a common factor; above 0.
        spec: of the training.
        seed: of the training.
        start: the first step.
        share: which images of a batch are made; dice are thrown for all of them.

    Returns:
        images float32 ``[B, 3, S, S]``, 0 to 1, and the people of each.
    """
    together = _joined(parts)
    sizes = np.array([len(part) for part in parts])
    before = np.concatenate([[0], np.cumsum(sizes)])
    taken = np.bincount(
        owners(weights, 0, start * spec.batch_size, seed), minlength=len(parts)
    ).astype(np.int64)
    for step in range(start, spec.steps):
        owner = owners(weights, step * spec.batch_size, spec.batch_size, seed)
        chosen = torch.empty(spec.batch_size, dtype=torch.int64)
        for part, size in enumerate(sizes.tolist()):
            mine = torch.from_numpy(owner == part)
            count = int(mine.sum())
            chosen[mine] = window(size, int(taken[part]), count, seed) + int(before[part])
            taken[part] += count
        yield augmented_images(together, chosen, spec, step_generator(seed, step), share)


def owners(weights: Sequence[float], first: int, number: int, seed: int) -> NDArray[np.int64]:
    """Return ``[number]``, the part that each image comes from, from place ``first`` on.

    They follow a sequence of low discrepancy rather than dice, so that every stretch of a
    training, and not only the whole, has each part in its share; the seed shifts it.
    """
    shift = float(torch.rand(1, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))
    places = (np.arange(first + 1, first + number + 1) * _GOLDEN + shift) % 1.0
    ends = np.cumsum(np.array(weights, dtype=np.float64))
    # To the right: a part that ends at 0.25 does not have the place 0.25.
    return np.searchsorted(ends[:-1] / ends[-1], places, side="right").astype(np.int64)


def _joined(parts: Sequence[FittedImages]) -> FittedImages:
    return replace(
        parts[0],
        images=torch.cat([part.images for part in parts]),
        image_to_input=torch.cat([part.image_to_input for part in parts]),
        targets=[target for part in parts for target in part.targets],
        sizes=[size for part in parts for size in part.sizes],
    )
