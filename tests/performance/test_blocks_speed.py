"""Each registered block, forward and with its backward pass."""

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from models import create_block, list_blocks

torch.set_num_threads(1)  # steadier than all cores, and the same on every machine
BATCH, CHANNELS, SIZE = 8, 32, 16  # the cpu preset's width, at the stride of its crops


def _features() -> torch.Tensor:
    features = torch.randn(BATCH, CHANNELS, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    return features.contiguous(memory_format=torch.channels_last)


def _block(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return create_block(name, CHANNELS, CHANNELS).to(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", list_blocks())
def test_forward(benchmark: BenchmarkFixture, name: str) -> None:
    block, features = _block(name).eval(), _features()
    with torch.no_grad():
        assert benchmark(block, features).shape == features.shape


@pytest.mark.parametrize("name", list_blocks())
def test_forward_and_backward(benchmark: BenchmarkFixture, name: str) -> None:
    block, features = _block(name).train(), _features().requires_grad_()

    def step() -> None:
        block.zero_grad()
        block(features).sum().backward()

    benchmark(step)
    assert all(weight.grad is not None for weight in block.parameters())
