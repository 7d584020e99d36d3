"""What the harness costs: its training loop beside a bare one over the same model and tensors."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from statistics import median
from typing import Any

import torch
from pytest_benchmark.fixture import BenchmarkFixture

from bench.experiment import TrainSpec
from bench.memory_format import lay_channels_last
from bench.train import train
from models import create_pipeline
from models.skeleton import COCO17

torch.set_num_threads(1)
LEAST = 0.97  # of the bare loop's images a second
# Rounds: of both loops, in turn. Another load lasts longer than a round, so that each is a ratio;
# these are 5 % apart, so the median of sixty is known to two thirds of a percent.
BATCH, CROP, STEPS, ROUNDS = 16, 64, 12, 60
SPEC = TrainSpec(STEPS, BATCH, 1e-3, 1e-2, 0.1, 0.0, 1.0, 0.0, False, "cpu", "fp32")
# The harness clips gradients, so the bare loop has to: that is optimisation and no overhead.
GRADIENT_NORM = 5.0
Batches = Iterable[tuple[torch.Tensor, list[Any]]]
Loop = Callable[[torch.nn.Module, Batches], None]


def _model() -> torch.nn.Module:
    torch.manual_seed(0)
    return create_pipeline(
        "single_person", COCO17, block="residual", depth=4, width=48, stages=1, crop_size=CROP
    )


def _batches() -> list[tuple[torch.Tensor, list[Any]]]:
    draws = torch.Generator().manual_seed(0)
    images = torch.rand(BATCH, 3, CROP, CROP, generator=draws)
    joints = 8 + (CROP - 17) * torch.rand(BATCH, 1, len(COCO17), 2, generator=draws)
    people = torch.cat([joints, torch.full_like(joints[..., :1], 2.0)], dim=-1)
    targets = [
        {
            "boxes": torch.tensor([[0.0, 0.0, CROP, CROP]]),
            "labels": torch.ones(1, dtype=torch.int64),
            "keypoints": one,
            "iscrowd": torch.zeros(1, dtype=torch.int64),
        }
        for one in people
    ]
    return [(images.contiguous(memory_format=torch.channels_last), targets)] * STEPS


def _bare(model: torch.nn.Module, batches: Batches) -> None:
    """The loop that somebody would write who wants nothing but trained weights."""
    model.train()
    lay_channels_last(model)
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=SPEC.learning_rate)
    for images, targets in batches:
        loss = sum(model(images, targets).values(), torch.zeros(()))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, GRADIENT_NORM)
        optimizer.step()


def _harness(model: torch.nn.Module, batches: Batches) -> None:
    train(model, batches, SPEC, lambda step, loss, rate: None)


def _stamped(stamps: list[float]) -> Iterator[tuple[torch.Tensor, list[Any]]]:
    """Yield the batches and note the processor's time, which no other load lengthens, at each."""
    for batch in _batches():
        stamps.append(time.process_time())
        yield batch


def _steps(loop: Loop) -> list[float]:
    """Return the seconds from batch to batch; what is set up once is in none of them."""
    stamps: list[float] = []
    loop(_model(), _stamped(stamps))
    return [after - before for before, after in pairwise(stamps)][1:]  # the first is a warm-up


def test_the_harness_trains_as_fast_as_a_bare_loop(benchmark: BenchmarkFixture) -> None:
    shares: list[float] = []

    def both() -> None:
        taken = {loop: median(_steps(loop)) for loop in random.sample([_bare, _harness], 2)}
        shares.append(taken[_bare] / taken[_harness])

    benchmark.pedantic(both, rounds=ROUNDS)
    speed = median(shares)
    benchmark.extra_info["share of the bare loop's images a second"] = speed
    assert speed >= LEAST
