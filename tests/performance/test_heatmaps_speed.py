"""Drawing target heatmaps, and decoding predicted ones."""

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from models.heatmaps import decode_peaks, draw_gaussians

torch.set_num_threads(1)
BATCH, JOINTS = 32, 17
SIZES = [16, 64]  # cells: of 64 and of 256 pixels at stride 4


def _points(size: int) -> torch.Tensor:
    return torch.rand(BATCH, JOINTS, 2, generator=torch.Generator().manual_seed(0)) * (size - 1)


@pytest.mark.parametrize("size", SIZES)
def test_encode_heatmaps(benchmark: BenchmarkFixture, size: int) -> None:
    maps = benchmark(draw_gaussians, _points(size), size, size, 1.0)
    assert maps.shape == (BATCH, JOINTS, size, size)


@pytest.mark.parametrize("size", SIZES)
def test_decode_heatmaps(benchmark: BenchmarkFixture, size: int) -> None:
    logits = -(_grid_distance(_points(size), size) ** 2) / 2
    probabilities = logits.flatten(2).softmax(dim=2).view(BATCH, JOINTS, size, size)
    points, _ = benchmark(decode_peaks, probabilities)
    # Within a tenth of a cell, away from the borders that cut the decoder's window off.
    inner = ((_points(size) > 2) & (_points(size) < size - 3)).all(dim=-1)
    assert (points - _points(size)).abs()[inner].max() < 0.1


def _grid_distance(points: torch.Tensor, size: int) -> torch.Tensor:
    cells = torch.arange(size, dtype=torch.float32)
    rows, columns = torch.meshgrid(cells, cells, indexing="ij")
    return torch.hypot(columns - points[..., 0, None, None], rows - points[..., 1, None, None])
