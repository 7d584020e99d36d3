"""Boxes that a pipeline is given in place of those it finds: the truth, exact or with errors."""

import hashlib
import math
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from bench.data.contract import Target
from bench.problem import Problem
from models.crops import jitter_boxes

#: Values of ``Protocol.boxes`` for whole images; between them stands the truth with errors.
FOUND: Final = "none"
TRUTH: Final = "ground-truth"
_WITHIN: Final = f"{TRUTH} ±"


def truth_within(deviation: float) -> str:
    """Return how ``Protocol.boxes`` names the truth with errors; 0 is the truth itself.

    Args:
        deviation: standard deviation of each side's error, as a share of the box's size.
    """
    return f"{_WITHIN}{deviation:g}" if deviation else TRUTH


def box_error(boxes: str) -> float | None:
    """Return the deviation that ``Protocol.boxes`` names; None where people are to be found.

    Raises:
        Problem: ``boxes`` names nothing that a pipeline for whole images can be given.
    """
    if boxes == FOUND:
        return None
    try:
        deviation = 0.0 if boxes == TRUTH else float(boxes.removeprefix(_WITHIN))
    except ValueError:
        deviation = math.nan
    # One name for one thing: 0.05 is not also written 5e-2, which would be another experiment.
    if not 0 <= deviation < math.inf or truth_within(deviation) != boxes:
        raise Problem(
            f"whole images cannot be measured on '{boxes}' boxes; choose '{FOUND}', '{TRUTH}' or "
            f"'{truth_within(0.05)}'"
        )
    return deviation


def given_boxes(targets: Sequence[Target], deviation: float) -> list[Tensor]:
    """Return the boxes ``[n, 4]`` of each image's people, all but crowds, with errors.

    An error depends on image and person alone, so it is the same for every model; and those of one
    person at several deviations are one and the same draw, longer or shorter.

    Args:
        targets: of each image.
        deviation: standard deviation of the normal noise that moves each side, as a share of the
            box's width or height, as in ``models.crops.jitter_boxes``; 0 leaves the truth.
    """
    # The noise of training, so that a deviation means the same here; its dice are torch's own.
    with torch.random.fork_rng(devices=[]):
        return [_people(target, deviation) for target in targets]


def _people(target: Target, deviation: float) -> Tensor:
    kept = target["iscrowd"] == 0
    boxes = target["boxes"][kept]
    if not deviation or not len(boxes):
        return boxes
    moved = []
    for box, person in zip(boxes, target["annotation_ids"][kept].tolist(), strict=True):
        torch.default_generator.manual_seed(_seed(target["image_id"], person))
        moved.append(jitter_boxes(box.unsqueeze(0), deviation))
    return torch.cat(moved)


def _seed(image: int, person: int) -> int:
    # Neighbouring ids would be neighbouring seeds; hashed, they have nothing in common.
    digest = hashlib.sha256(f"{image} {person}".encode()).digest()
    return int.from_bytes(digest[:8], "big")
