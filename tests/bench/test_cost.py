"""Counts are checked against the closed form: weights x places they are applied at."""

import logging
import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.cost import Cost, apart, count_cost
from models import create_block, create_pipeline
from models.skeleton import COCO17

GIGA = 1e9


def in_pipeline(network: nn.Module, channels: int = 8, size: int = 16) -> Cost:
    return count_cost(_Pipeline(network), torch.rand(1, channels, size, size))


class _Pipeline(nn.Module):
    """Torchvision's contract, with a decoder whose products are none of the network's."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> list[dict[str, Tensor]]:
        maps = self.network(images).flatten(1)
        return [{"scores": one, "boxes": one[:, None] @ one[None]} for one in maps]


@pytest.mark.parametrize(
    ("layer", "macs", "numbers_out"),
    [
        (nn.Conv2d(8, 4, 3, padding=1), 8 * 4 * 9 * 16 * 16, 4 * 16 * 16),
        (nn.Conv2d(8, 4, 3, padding="same"), 8 * 4 * 9 * 16 * 16, 4 * 16 * 16),
        (nn.Conv2d(8, 4, 3, stride=2), 8 * 4 * 9 * 7 * 7, 4 * 7 * 7),
        (nn.Conv2d(8, 8, 3, padding=1, groups=8), 8 * 9 * 16 * 16, 8 * 16 * 16),
        (nn.ConvTranspose2d(8, 4, 4, stride=2), 8 * 4 * 16 * 16 * 16, 4 * 34 * 34),
        (nn.Sequential(nn.Flatten(), nn.Linear(8 * 256, 5)), 8 * 256 * 5, 5),
        (nn.Linear(16, 3), 8 * 16 * 16 * 3, 8 * 16 * 3),
    ],
)
def test_one_layer(layer: nn.Module, macs: int, numbers_out: int) -> None:
    cost = in_pipeline(layer)
    assert cost.gmac == cost.gmac_torch == cost.gmac_closed_form == macs / GIGA
    assert cost.gflop == 2 * macs / GIGA
    assert cost.activations_m == numbers_out / 1e6
    assert cost.params == sum(one.numel() for one in layer.parameters())
    assert cost.disagreement == 0


def test_what_is_no_multiply_add_is_listed_and_not_counted() -> None:
    layers = [nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.Sigmoid()]
    network = nn.Sequential(*layers, nn.MaxPool2d(2), nn.Upsample(scale_factor=2, mode="bilinear"))
    cost = in_pipeline(nn.Sequential(network, nn.Sigmoid()))
    assert cost.gmac == cost.gmac_torch == 8 * 8 * 9 * 16 * 16 / GIGA
    assert cost.uncounted == (
        "aten::batch_norm x1",
        "aten::max_pool2d x1",
        "aten::sigmoid x2",
        "aten::upsample_bilinear2d x1",
    )


class _Products(nn.Module):
    """Products that fvcore's own handles fail on or miscount."""

    def forward(self, images: Tensor) -> Tensor:
        rows = images[0]  # [8, 16, 16]
        vector = rows @ rows[0, 0]  # 8 x 16 rows of 16
        spread = rows[0] @ rows  # 8 times 16 x 16 x 16
        added = torch.baddbmm(rows, rows, rows)  # as many again
        return vector.sum() + spread + added


def test_matrix_products_of_every_shape() -> None:
    cost = in_pipeline(_Products())
    assert cost.gmac == (8 * 16 * 16 + 2 * 8 * 16**3) / GIGA
    # torch may see the small one as another operation.
    assert apart(cost.gmac, cost.gmac_torch) < 0.05
    assert cost.gmac_closed_form == 0  # there is no layer
    assert cost.disagreement == 1


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, images: Tensor) -> Tensor:
        tokens = images.flatten(2).mT  # [1, 256, 8]
        mixed = self.attention(tokens, tokens, tokens, need_weights=False)[0]
        return F.scaled_dot_product_attention(mixed, tokens, tokens)


def test_fused_attention_is_counted_by_both() -> None:
    projections = 4 * 8 * 8 * 256  # query, key, value and output
    attention = 2 * 8 * 256 * 256  # q k and the weighted sum; heads share the 8 channels
    cost = in_pipeline(_Attention())
    assert cost.gmac == (projections + 2 * attention) / GIGA
    assert cost.gmac_torch == cost.gmac
    assert cost.disagreement > 0  # the closed form knows layers alone, and what differs is told


@pytest.mark.parametrize(
    ("block", "weights"),
    [("residual", 53_248), ("inception_residual", 159_744), ("ioi", 1_007_616)],
)
def test_blocks_apply_the_published_weights_at_every_place(block: str, weights: int) -> None:
    cost = in_pipeline(create_block(block, 128, 128), channels=128, size=8)
    assert cost.gmac == cost.gmac_torch == cost.gmac_closed_form == weights * 8 * 8 / GIGA


def test_a_batch_costs_its_images_and_says_so() -> None:
    layer = nn.Conv2d(3, 4, 1)
    one, four = (count_cost(layer, torch.rand(batch, 3, 6, 6)) for batch in (1, 4))
    assert (one.input, four.input) == ("1x3x6x6", "4x3x6x6")
    assert four.gmac == 4 * one.gmac


def test_counting_says_nothing_and_changes_nothing(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    model = create_pipeline(
        "single_person", COCO17, block="aioi_light", depth=1, width=16, stages=1, crop_size=32
    )
    model.train()
    frozen = next(module for module in model.modules() if isinstance(module, nn.BatchNorm2d))
    frozen.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with warnings.catch_warnings(), caplog.at_level(logging.DEBUG):
        warnings.simplefilter("error")
        cost = count_cost(model, torch.rand(1, 3, 32, 32))
    assert not caplog.records
    assert capsys.readouterr() == ("", "")
    assert cost.gmac > 0
    assert model.training and not frozen.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_disagreement_is_a_share_of_the_larger_count() -> None:
    fields: dict[str, Any] = {"params": 0, "activations_m": 0.0, "input": "", "uncounted": ("a",)}
    cost = Cost(gmac=3.0, gflop=8.0, gmac_torch=4.0, **fields)
    assert cost.disagreement == 0.25
    third = Cost(gmac=3.0, gflop=8.0, gmac_torch=4.0, gmac_closed_form=2.0, **fields)
    assert third.disagreement == 0.5
    assert cost.to_json()["uncounted"] == ["a"]
