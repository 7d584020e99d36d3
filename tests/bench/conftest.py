from collections.abc import Callable

import pytest

from bench.experiment import DataSpec, Experiment, ModelSpec, Protocol, TrainSpec


@pytest.fixture
def make_experiment() -> Callable[..., Experiment]:
    """A small experiment whose variant, seed and plugin a test may choose."""

    def make(variant: str = "ioi", seed: int = 0, plugin: str = "") -> Experiment:
        return Experiment(
            variant=variant,
            model=ModelSpec("single_person", {"block": variant, "depth": 1}, plugin),
            data=DataSpec("synthetic", "coco17", 8, 4, 64, 32, 0, "1"),
            train=TrainSpec(3, 2, 1e-3, 0.01, 0.1, 30.0, 1.25, 0.1, True, "cpu", "fp32"),
            protocol=Protocol("val", "ground-truth", 32, (1.0,), False, "mean", "1"),
            seed=seed,
        )

    return make
