"""The operators that stand in for torchvision's native ones, beside what torchvision has in Python.

To beat: for 1,000 boxes and 256 channels the native CPU ``roi_align`` took 513 ms on two cores.
"""

import importlib
from collections.abc import Callable

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from models.torchvision_ops import load_torchvision, nms, roi_align

torch.set_num_threads(1)
ROIS, CHANNELS, BINS = 1000, 256, 7
FEWER = 200  # of torchvision's Python version a thousand would take gigabytes
SCALE = 1 / 4  # of an FPN's finest level, here of 480 x 640 pixels
HEIGHT, WIDTH = 480, 640


def _boxes(number: int) -> torch.Tensor:
    """Boxes of the sizes that an FPN's finest level gets: up to 112 pixels."""
    draws = torch.Generator().manual_seed(0)
    size = 16 + 96 * torch.rand(number, 2, generator=draws)
    corner = torch.rand(number, 2, generator=draws) * (torch.tensor([WIDTH, HEIGHT]) - size)
    return torch.cat([corner, corner + size], dim=1)


def _python_roi_align() -> Callable[..., torch.Tensor]:
    """torchvision's own, not compiled."""
    load_torchvision()
    return importlib.import_module("torchvision.ops.roi_align")._roi_align.__wrapped__


@pytest.mark.parametrize(
    ("name", "number"), [("ours", ROIS), ("ours", FEWER), ("torchvision's python", FEWER)]
)
def test_roi_align(benchmark: BenchmarkFixture, name: str, number: int) -> None:
    function = roi_align if name == "ours" else _python_roi_align()
    maps = torch.rand(1, CHANNELS, HEIGHT // 4, WIDTH // 4)
    rois = torch.cat([torch.zeros(number, 1), _boxes(number)], dim=1)
    arguments = (maps, rois, SCALE, BINS, BINS, 2, False)
    pooled = benchmark.pedantic(function, arguments, rounds=3, warmup_rounds=1)
    assert pooled.shape == (number, CHANNELS, BINS, BINS)


def test_roi_align_with_its_gradient(benchmark: BenchmarkFixture) -> None:
    maps = torch.rand(1, CHANNELS, HEIGHT // 4, WIDTH // 4, requires_grad=True)
    rois = torch.cat([torch.zeros(ROIS, 1), _boxes(ROIS)], dim=1)

    def step() -> None:
        maps.grad = None
        roi_align(maps, rois, SCALE, BINS, BINS, 2, False).sum().backward()

    benchmark.pedantic(step, rounds=3, warmup_rounds=1)
    assert maps.grad is not None


@pytest.mark.parametrize("number", [100, 2000])
def test_nms(benchmark: BenchmarkFixture, number: int) -> None:
    scores = torch.rand(number, generator=torch.Generator().manual_seed(1))
    kept = benchmark(nms, _boxes(number), scores, 0.7)
    assert 0 < len(kept) <= number
