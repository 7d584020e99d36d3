"""A detector finds whom it is told to find, by its own last steps, and is itself again after."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from stage_clock import DETECTOR_HOURGLASS, MASK_RCNN, SIZE
from torch import Tensor, nn

from bench.stages.crowd import crowd
from bench.stages.known_people import detector_heads, known_people
from models import create_pipeline
from models.skeleton import COCO17

PIPELINES = {"mask_rcnn": MASK_RCNN, "detector_hourglass": DETECTOR_HOURGLASS}


def build(name: str, **changed: Any) -> nn.Module:
    torch.manual_seed(0)
    return create_pipeline(name, COCO17, **(PIPELINES[name] | changed)).eval()


def boxes_of(people: int) -> Tensor:
    return crowd(people, COCO17, 1.0, 1.0)["boxes"]


@torch.no_grad()
def found(model: nn.Module, boxes: Tensor, images: Tensor) -> list[dict[str, Tensor]]:
    with known_people(detector_heads(model), boxes):
        detections: list[dict[str, Tensor]] = model(images)
    return detections


@pytest.fixture(params=PIPELINES, scope="module")
def pipeline(request: pytest.FixtureRequest) -> nn.Module:
    return build(request.param)


@pytest.mark.parametrize("people", [0, 1, 7, 50])  # the detector's own limit is 2
def test_so_many_come_out_of_each_image(pipeline: nn.Module, people: int) -> None:
    boxes = boxes_of(people)
    for one in found(pipeline, boxes, torch.rand(2, 3, SIZE, SIZE)):
        assert one["keypoints"].shape == (people, 17, 3)
        # Ours are pixels whose centres are at whole numbers. All scores are 1: any order is right.
        there, given = (sorted(rows.tolist()) for rows in (one["boxes"], boxes * SIZE - 0.5))
        assert torch.allclose(torch.tensor(there), torch.tensor(given), atol=1e-3, rtol=0)


@pytest.mark.parametrize("score", [0.0, 0.9])
def test_whatever_the_detectors_thresholds(score: float) -> None:
    model = build("mask_rcnn", box_score_thresh=score, box_nms_thresh=0.3)
    [one] = found(model, boxes_of(3), torch.rand(1, 3, SIZE, SIZE))
    assert one["scores"].tolist() == [1, 1, 1]


def test_the_detector_does_its_own_work(pipeline: nn.Module) -> None:
    [heads] = detector_heads(pipeline)
    classified: list[int] = []
    hook = heads.get_submodule("box_predictor").register_forward_hook(
        lambda _, inputs, output: classified.append(len(output[0]))
    )
    image = torch.rand(1, 3, SIZE, SIZE)
    with torch.no_grad():
        pipeline(image)
    found(pipeline, boxes_of(5), image)
    hook.remove()
    assert classified[0] == classified[1] > 5


def test_more_people_than_proposals() -> None:
    model = build("mask_rcnn", rpn_post_nms_top_n_test=3)
    [one] = found(model, boxes_of(8), torch.rand(1, 3, SIZE, SIZE))
    assert len(one["scores"]) == 8


def fails() -> None:
    raise RuntimeError


@pytest.mark.parametrize("ends", [lambda: None, fails], ids=["well", "badly"])
def test_afterwards_nothing_has_changed(pipeline: nn.Module, ends: Callable[[], None]) -> None:
    image = torch.rand(1, 3, SIZE, SIZE)
    [heads] = detector_heads(pipeline)
    before = dict(vars(heads))
    try:
        with known_people([heads], boxes_of(5)):
            assert vars(heads) != before
            ends()
    except RuntimeError:
        pass
    assert vars(heads) == before
    with torch.no_grad():
        assert len(pipeline(image)[0]["scores"]) <= 2


def test_other_models_have_no_such_part() -> None:
    assert detector_heads(nn.Conv2d(3, 4, 1)) == []
