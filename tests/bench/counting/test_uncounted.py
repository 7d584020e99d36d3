"""The audit over the registries: what no counter counts has been explained, or this fails."""

from collections.abc import Iterator

import pytest
import torch
from small_pipelines import SIZE, build
from torch import Tensor, nn

from bench.cost import Cost, count_cost
from bench.counting.uncounted import by_reason, reason_of
from models import create_block, list_blocks, list_pipelines, register_block, registry

PEOPLE = 2


class _Pipeline(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network


def block_cost(name: str) -> Cost:
    return count_cost(_Pipeline(create_block(name, 16, 16)), torch.rand(1, 16, 8, 8))


def unexplained(cost: Cost) -> list[str]:
    return [one for one in cost.uncounted if reason_of(one) is None]


@pytest.mark.parametrize("name", list_blocks())
def test_every_block_is_counted_alike_and_all_else_explained(name: str) -> None:
    cost = block_cost(name)
    assert cost.gmac > 0
    assert cost.disagreement == 0
    assert not unexplained(cost)


@pytest.mark.parametrize("name", list_pipelines())
def test_every_pipeline_is_counted_alike_and_all_else_explained(name: str) -> None:
    cost = count_cost(build(name), torch.rand(1, 3, SIZE, SIZE), PEOPLE)
    # In detector_hourglass, the products that bring joints back to the image are in no layer.
    assert cost.disagreement < 1e-3
    assert not unexplained(cost)


@pytest.fixture
def spectral() -> Iterator[str]:
    """A registered block with an operation that nobody has explained."""

    class Spectral(nn.Module):
        def forward(self, features: Tensor) -> Tensor:
            return torch.fft.fft2(features).real + torch.sigmoid(features)

    @register_block
    def spectral_of_a_test(in_channels: int, out_channels: int) -> nn.Module:
        return Spectral()

    yield "spectral_of_a_test"
    del registry._blocks._factories["spectral_of_a_test"]


def test_an_operation_that_nobody_explained_is_found(spectral: str) -> None:
    cost = block_cost(spectral)
    assert "aten::fft_fft2 x1" in unexplained(cost)
    assert "aten::sigmoid x1" not in unexplained(cost)
    told = by_reason(cost.uncounted)
    assert "fft_fft2" in told[None]
    [activations] = [names for why, names in told.items() if why and "activation" in why]
    assert activations == ["sigmoid"]


def test_names_of_several_models_are_told_once() -> None:
    told = by_reason(("aten::add x1", "aten::mul x2", "aten::add x7"))
    assert list(told.values()) == [["add", "mul"]]
