"""Counts are checked against the closed form: weights x places they are applied at."""

import logging
import warnings
from typing import Any

import pytest
import torch
from stage_clock import DETECTOR_HOURGLASS, MASK_RCNN, PERSON, SIZE
from torch import Tensor, nn
from torch.nn import functional as F

from bench.cost import Cost, apart, count_cost, macs_by_people, share_of_a_person
from models import create_block, create_pipeline
from models.networks.staged_fields import FieldMaps
from models.pipelines.paf import FieldPipeline
from models.skeleton import COCO17, LSP14

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


class _Views(nn.Module):
    """A pipeline whose prediction sees an image three times."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Conv2d(3, 4, 1)

    def predict(self, images: Tensor) -> Tensor:
        return sum((self.network(images) for _ in range(3)), torch.zeros(()))

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images) @ torch.ones(6, 6)  # decoding


def test_a_network_is_counted_as_often_as_a_prediction_runs_it() -> None:
    images, once = torch.rand(1, 3, 6, 6), 3 * 4 * 6 * 6 / GIGA
    model = _Views()
    assert count_cost(model, images).gmac == pytest.approx(3 * once)
    model.predict = None  # type: ignore[assignment, method-assign]
    assert count_cost(model, images).gmac == pytest.approx(once)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("paf6", {"trunk_depth": 13}),
        ("mspaf3", {"block": "residual", "depth": 1, "trunk_depth": 1}),
    ],
)
def test_a_mirror_image_doubles_the_cost(name: str, size: dict[str, Any]) -> None:
    images = torch.rand(1, 3, 64, 64)
    one, both = (
        count_cost(create_pipeline(name, COCO17, width=1 / 32, stages=2, flip=flip, **size), images)
        for flip in (False, True)
    )
    assert one.params == both.params
    assert both.gmac == pytest.approx(2 * one.gmac)
    assert both.gmac_torch == pytest.approx(2 * one.gmac_torch)
    assert both.activations_m == pytest.approx(2 * one.activations_m)
    assert one.disagreement == both.disagreement == 0


class _OneConvolution(nn.Module):
    """From an image to all maps at stride 4."""

    def __init__(self, joints: int, limbs: int) -> None:
        super().__init__()
        self.heatmaps = nn.Conv2d(3, joints + 1, 4, stride=4)
        self.fields = nn.Conv2d(3, 2 * limbs, 4, stride=4)

    def forward(self, images: Tensor) -> list[FieldMaps]:
        return [FieldMaps(self.heatmaps(images), self.fields(images))]


@pytest.mark.parametrize("flip", [False, True])
def test_every_scale_costs_its_cells(flip: bool) -> None:
    scales = (0.5, 1, 1.5, 2)
    joints, limbs = len(LSP14), len(LSP14.limbs)
    network = _OneConvolution(joints, limbs)
    model = FieldPipeline(network, LSP14, 4, scales=scales, flip=flip)
    cost = count_cost(model, torch.rand(1, 3, 48, 80))
    weights = 3 * 4 * 4 * (joints + 1 + 2 * limbs)
    cells = 6 * 10 + 12 * 20 + 18 * 30 + 24 * 40
    assert cost.gmac == pytest.approx((1 + flip) * weights * cells / GIGA)
    assert cost.gmac_torch == pytest.approx(cost.gmac)
    assert cost.input == "1x3x48x80"
    assert cost.uncounted == ()


@pytest.fixture(scope="module")
def top_down() -> dict[str, nn.Module]:
    """Both top-down pipelines on the same tiny detector."""
    pipelines = {"mask_rcnn": MASK_RCNN, "detector_hourglass": DETECTOR_HOURGLASS}
    return {name: create_pipeline(name, COCO17, **given) for name, given in pipelines.items()}


def test_top_down_costs_are_of_so_many_people_and_say_so(top_down: Any) -> None:
    image = torch.rand(1, 3, SIZE, SIZE)
    detector = []
    for model in top_down.values():
        by_people = macs_by_people(model, image, (0, 3))
        cost = count_cost(model, image, people=3)
        assert cost.people == cost.to_json()["people"] == 3
        assert apart(cost.gmac, cost.gmac_torch) < 1e-9
        # Outside layers: the products that bring joints back to the image.
        assert cost.disagreement < 1e-3
        assert cost.gmac_torch == by_people[3] > by_people[0]
        detector.append(by_people[0])
    # Without people, both are the same detector.
    assert detector[0] == detector[1] > 0


def test_a_person_costs_a_pass_of_the_head(top_down: Any) -> None:
    """A convolution from the pyramid's 16 channels to 16, and a 4 x 4 deconvolution to 17 joints,
    both on 14 x 14 bins (He et al., figure 4)."""
    gmac = macs_by_people(top_down["mask_rcnn"], torch.rand(1, 3, SIZE, SIZE), (0, 1, 5))
    head = (3 * 3 * 16 * 16 + 4 * 4 * 16 * 17) * 14 * 14
    assert share_of_a_person(gmac) == pytest.approx(head / GIGA)
    assert gmac[1] - gmac[0] == pytest.approx(head / GIGA)


def test_a_person_costs_a_pass_of_the_single_person_network(top_down: Any) -> None:
    crop = PERSON["crop_size"]
    arguments = {name: value for name, value in PERSON.items() if name != "name"}
    alone = count_cost(
        create_pipeline("hourglass", COCO17, **arguments), torch.rand(1, 3, crop, crop)
    )
    assert alone.people is None
    gmac = macs_by_people(top_down["detector_hourglass"], torch.rand(1, 3, SIZE, SIZE), (0, 1, 70))
    # On top come the products that bring joints back to the image: some hundreds a joint.
    for share in (gmac[1] - gmac[0], share_of_a_person(gmac)):
        assert alone.gmac < share < alone.gmac + 17 * 300 / GIGA


def test_what_a_detector_does_beside_products_is_named(top_down: Any) -> None:
    for model in top_down.values():
        named = " ".join(count_cost(model, torch.rand(1, 3, SIZE, SIZE), people=1).uncounted)
        assert "torchvision::roi_align x" in named
        assert "batched_nms_coordinate_trick x2" in named  # of the proposals, and of the boxes


def test_counting_a_detector_leaves_it_as_it_was() -> None:
    torch.manual_seed(0)
    model = create_pipeline("mask_rcnn", COCO17, **MASK_RCNN).eval()
    image = torch.rand(1, 3, SIZE, SIZE)
    with torch.no_grad():
        [before] = model(image)
        count_cost(model, image, people=4)
        [after] = model(image)
    assert torch.equal(before["boxes"], after["boxes"])


def test_bottom_up_costs_depend_on_nobody() -> None:
    model = _Views()
    gmac = macs_by_people(model, torch.rand(1, 3, 6, 6), (1, 50))
    cost = count_cost(model, torch.rand(1, 3, 6, 6), people=7)
    assert gmac[1] == gmac[50] == cost.gmac_torch > 0
    assert cost.people is None
    assert share_of_a_person(gmac) == 0


def test_the_share_of_a_person_is_a_slope() -> None:
    assert share_of_a_person({20: 50.0, 1: 12.0, 5: 1e9}) == 2.0
    assert share_of_a_person({5: 3.0}) == 0.0


def test_zero_skill_costs_nothing() -> None:
    cost = count_cost(create_pipeline("mean_pose", COCO17, crop_size=64), torch.rand(1, 3, 64, 64))
    assert (cost.params, cost.gmac, cost.gflop, cost.activations_m) == (0, 0, 0, 0)
    assert cost.disagreement == 0


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
