"""What a training pays for its data: fed by the harness, beside batches that are there already."""

import random
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from ablations.presets import PRESETS
from bench.data.batches import training_batches
from bench.data.crops import PersonCrops, context_margin
from bench.experiment import TrainSpec
from bench.train import train
from models import create_pipeline
from models.skeleton import COCO17

LEAST = 0.97  # of the images a second that batches which are there already allow
PEOPLE, STEPS, ROUNDS = 4096, 40, 9  # rounds: of both, in turn
PRESET = PRESETS["gpu"]
CROP = PRESET.synthetic.crop_size

Batch = tuple[torch.Tensor, list[Any]]


def _crops(device: torch.device, number: int) -> PersonCrops:
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


def _speed(batches: Iterator[Batch], spec: TrainSpec) -> float:
    """Return the images that a training of ``batches`` takes a second, after a few to warm up."""
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


def share(device: str, people: int, steps: int, batch_size: int, rounds: int) -> float:
    """Return which share of the speed with batches that are there is left when they are made."""
    precision = "bf16" if device == "cuda" else "fp32"
    spec = TrainSpec(steps, batch_size, 1e-3, 0.01, 0.1, 30.0, 1.25, 0.1, True, device, precision)
    crops = _crops(torch.device(device), people)
    ready = next(training_batches(crops, spec, 0))
    speeds: dict[str, list[float]] = {"made": [], "ready": []}
    for _ in range(rounds):
        for name in random.sample(list(speeds), 2):
            made = training_batches(crops, spec, 0)
            speeds[name].append(_speed(made if name == "made" else iter([ready] * steps), spec))
    return median(speeds["made"]) / median(speeds["ready"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_data_never_starve_a_gpu(benchmark: BenchmarkFixture) -> None:
    found: list[float] = []

    def both() -> None:
        found.append(share("cuda", PEOPLE, STEPS, PRESET.synthetic_train.batch_size, ROUNDS))

    benchmark.pedantic(both, rounds=1)
    benchmark.extra_info["share of the speed with batches that are there already"] = found[0]
    assert found[0] >= LEAST
