"""What whole pipelines cost: by views, by scales and by people."""

from typing import Any

import pytest
import torch
from stage_clock import DETECTOR_HOURGLASS, MASK_RCNN, PERSON, SIZE
from torch import Tensor, nn

from bench.cost import apart, count_cost, macs_by_people, share_of_a_person
from models import create_pipeline
from models.networks.staged_fields import FieldMaps
from models.pipelines.paf import FieldPipeline
from models.skeleton import COCO17, LSP14

GIGA = 1e9


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
