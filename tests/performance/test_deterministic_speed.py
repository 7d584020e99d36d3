"""What ``--deterministic`` costs: algorithms that repeat themselves to the last bit, or others."""

import os

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from timed_training import PRESET, compared, noise_crops, spec_of, training_speed

from bench.data.batches import training_batches

PEOPLE, STEPS, ROUNDS = 4096, 40, 9


def share(device: str, people: int, steps: int, batch_size: int, rounds: int) -> float:
    """Return which share of the speed is left."""
    spec = spec_of(device, steps, batch_size)
    crops = noise_crops(torch.device(device), people)

    def speed(*, deterministic: bool) -> float:
        torch.use_deterministic_algorithms(deterministic)
        try:
            return training_speed(training_batches(crops, spec, 0), spec)
        finally:
            torch.use_deterministic_algorithms(False)

    return compared(lambda: speed(deterministic=True), lambda: speed(deterministic=False), rounds)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_what_the_same_bits_cost(benchmark: BenchmarkFixture) -> None:
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # as a worker sets it
    batch_size = PRESET.synthetic_train.batch_size
    found = benchmark.pedantic(share, args=("cuda", PEOPLE, STEPS, batch_size, ROUNDS), rounds=1)
    # There is no limit to hold; what has no algorithm of the kind raises.
    benchmark.extra_info["share of the speed that is left"] = found
