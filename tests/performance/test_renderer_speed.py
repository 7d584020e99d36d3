"""Rendering scenes of the embedded data set, past its cache."""

import torch
from pytest_benchmark.fixture import BenchmarkFixture

from bench.data.synthetic.dataset import render_scenes

torch.set_num_threads(1)
SCENES, SIZE = 16, 128  # one batch of the data set, at the cpu preset's size


def test_render_scenes(benchmark: BenchmarkFixture) -> None:
    scenes = benchmark(render_scenes, torch.arange(SCENES), "val", SIZE, 0)
    assert scenes["images"].shape == (SCENES, 3, SIZE, SIZE)
