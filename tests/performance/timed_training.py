"""A whole training step of the ``gpu`` preset, timed on any device."""

import random
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, Final

import torch

from ablations.presets import PRESETS
from bench.data.crops import PersonCrops, context_margin
from bench.experiment import TrainSpec
from bench.train import train
from models import create_pipeline
from models.skeleton import COCO17

PRESET: Final = PRESETS["gpu"]
CROP: Final = PRESET.synthetic.crop_size

Batch = tuple[torch.Tensor, list[Any]]


def spec_of(device: str, steps: int, batch_size: int) -> TrainSpec:
    """Return a training of the preset's kind."""
    precision = "bf16" if device == "cuda" else "fp32"
    return TrainSpec(steps, batch_size, 1e-3, 0.01, 0.1, 30.0, 1.25, 0.1, True, device, precision)


def compared(one: Callable[[], float], other: Callable[[], float], rounds: int) -> float:
    """Return the median ratio of what ``one`` returns to what ``other`` does, called in turn."""
    ratios = []
    for _ in range(rounds):
        found = {call: call() for call in random.sample([one, other], 2)}
        ratios.append(found[one] / found[other])
    return median(ratios)


def noise_crops(device: torch.device, number: int) -> PersonCrops:
    """Return people of noise; what they show does not change how long they take."""
    draws = torch.Generator().manual_seed(0)
    side = CROP + 2 * context_margin(CROP)
    joints = CROP * torch.rand(number, len(COCO17), 2, generator=draws)
    ids = torch.arange(number)
    return PersonCrops(
        skeleton=COCO17,
        crop_size=CROP,
        images=torch.randint(0, 256, (number, 3, side, side), dtype=torch.uint8, generator=draws),
        keypoints=torch.cat([joints, torch.full_like(joints[..., :1], 2.0)], dim=-1),
        crop_to_image=torch.eye(2, 3, dtype=torch.float64).repeat(number, 1, 1),
        extent=torch.full((number,), float(CROP)),
        area=torch.full((number,), float(CROP**2)),
        image_index=ids,
        image_id=ids,
        annotation_id=ids,
    ).to(device)


def training_speed(batches: Iterator[Batch], spec: TrainSpec) -> float:
    """Return the images a second of a training of ``batches``, the first quarter not counted."""
    torch.manual_seed(0)
    arguments = {"block": "aioi", "crop_size": CROP, **vars(PRESET.model)}
    model = create_pipeline("single_person", COCO17, **arguments).to(spec.device)
    began: list[float] = []

    def stamped() -> Iterator[Batch]:
        for step, batch in enumerate(batches):
            if step == spec.steps // 4:
                _wait(spec.device)
                began.append(time.perf_counter())
            yield batch

    train(model, stamped(), spec, lambda step, loss, rate: None)
    _wait(spec.device)
    counted = spec.steps - spec.steps // 4
    return counted * spec.batch_size / (time.perf_counter() - began[0])


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
