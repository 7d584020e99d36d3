"""What a training pays for its data: fed by the harness, beside batches that are there already."""

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from timed_training import PRESET, compared, noise_crops, spec_of, training_speed

from bench.data.batches import training_batches

LEAST = 0.97  # of the images a second that batches which are there already allow
PEOPLE, STEPS, ROUNDS = 4096, 40, 9


def share(device: str, people: int, steps: int, batch_size: int, rounds: int) -> float:
    """Return which share of the speed with batches that are there is left when they are made."""
    spec = spec_of(device, steps, batch_size)
    crops = noise_crops(torch.device(device), people)
    ready = next(training_batches(crops, spec, 0))
    return compared(
        lambda: training_speed(training_batches(crops, spec, 0), spec),
        lambda: training_speed(iter([ready] * steps), spec),
        rounds,
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_data_never_starve_a_gpu(benchmark: BenchmarkFixture) -> None:
    batch_size = PRESET.synthetic_train.batch_size
    found = benchmark.pedantic(share, args=("cuda", PEOPLE, STEPS, batch_size, ROUNDS), rounds=1)
    benchmark.extra_info["share of the speed with batches that are there already"] = found
    assert found >= LEAST
