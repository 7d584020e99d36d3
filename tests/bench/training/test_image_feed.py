"""Whole images measured on boxes that are found, and on boxes that are given."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from whole_images import Coordinates

from bench.data.fitted import fit_images
from bench.evaluate_images import predict_images, to_coco_boxes
from bench.given_boxes import given_boxes
from bench.problem import Problem
from bench.training import image_feed

SIZE = 64
DATASET = Coordinates([(48, 64), (200, 100), (30, 40), (64, 64), (50, 50)])


class Standing(nn.Module):
    """Finds a person in each box, every joint at its middle; by itself it finds one too many."""

    def __init__(self, obeys=True):
        super().__init__()
        self.obeys = obeys
        self.calls = []

    def forward(self, images, targets=None):
        own = torch.tensor([[1.0, 1.0, 9.0, 9.0]])
        if targets is None or not self.obeys:
            targets = [{"boxes": own} for _ in images]
        self.calls.append((len(images), targets))
        return [self.people(target["boxes"]) for target in targets]

    def people(self, boxes):
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        points = middle.unsqueeze(1).expand(-1, 17, -1)
        return {
            "boxes": boxes,
            "scores": torch.ones(len(boxes)),
            "keypoints": torch.cat([points, torch.ones_like(points[..., :1])], dim=-1),
            "keypoints_scores": torch.ones(len(boxes), 17),
        }


class Sharp(nn.Module):
    """A detector that knows the truth, and is asked for images in their order."""

    def __init__(self, images):
        super().__init__()
        self.boxes = [target["boxes"] for target in images.targets]

    def forward(self, images):
        return [
            {"boxes": boxes, "scores": torch.full((len(boxes),), 0.5)}
            for boxes in self.boxes[: len(images)]
        ]


@pytest.fixture(scope="module")
def images():
    return fit_images(DATASET, SIZE)


@pytest.fixture
def measured(images, tmp_path, monkeypatch, make_experiment):
    """Evaluate a pipeline on given or found boxes; return accuracy and evidence."""
    monkeypatch.setattr(image_feed, "open_fitted", lambda *_: images)
    monkeypatch.setattr(image_feed, "open_split", lambda *_: DATASET)

    def evaluate(model, boxes):
        one = make_experiment()
        one = replace(one, protocol=replace(one.protocol, boxes=boxes, input_size=SIZE))
        return image_feed.evaluate(model, one, None, tmp_path, lambda done, of: None)

    return evaluate


def test_boxes_and_nothing_else_reach_the_pipeline_in_batches(images, monkeypatch):
    monkeypatch.setattr("bench.evaluate_images._BATCH", 2)
    model, boxes = Standing(), given_boxes(images.targets, 0.1)
    found = predict_images(
        model, images, precision="fp32", report=lambda done, of: None, boxes=boxes
    )
    assert [count for count, _ in model.calls] == [2, 2, 1]
    seen = [target for _, targets in model.calls for target in targets]
    assert all(list(target) == ["boxes"] for target in seen)
    for target, one, expected in zip(seen, found, boxes, strict=True):
        assert torch.equal(target["boxes"], expected)
        assert torch.equal(one["boxes"], expected)


def test_a_pipeline_that_takes_no_boxes_is_one_problem(measured):
    with pytest.raises(Problem, match="Standing finds people itself and does not take the boxes"):
        measured(Standing(obeys=False), "ground-truth")


def test_boxes_that_nobody_knows_are_refused_before_anything_runs(measured):
    model = Standing()
    with pytest.raises(Problem, match="cannot be measured on 'detected' boxes"):
        measured(model, "detected")
    assert model.calls == []


def test_the_protocol_decides_what_is_given(measured, images):
    for boxes, deviation in (("ground-truth", 0.0), ("ground-truth ±0.05", 0.05)):
        model = Standing()
        measured(model, boxes)
        expected = torch.cat(given_boxes(images.targets, deviation))
        seen = torch.cat([target["boxes"] for _, targets in model.calls for target in targets])
        assert torch.equal(seen, expected)
    model = Standing()
    accuracy, evidence = measured(model, "none")
    assert sum(len(target["boxes"]) for _, targets in model.calls for target in targets) == 5
    assert set(evidence) == {"oks", "errors"}
    assert "box AP" not in accuracy


def test_a_detector_is_judged_by_its_own_boxes(measured, images, monkeypatch):
    monkeypatch.setattr(image_feed, "detector_heads", lambda model: [model])
    model = Standing()
    model.detector = Sharp(images)
    accuracy, evidence = measured(model, "none")
    assert (accuracy["box AP"], accuracy["box recall"]) == (1.0, 1.0)
    assert len(evidence["boxes"]["errors"]) == 8
    # The scales of the images, undone, cost a rounding.
    assert torch.tensor(evidence["boxes"]["errors"]).abs().max() <= 1e-4
    assert accuracy["AP"] < 0.5  # of the people, who stand elsewhere
    given, _ = measured(model, "ground-truth")
    assert "box AP" not in given


def test_a_pipeline_that_is_its_own_detector_is_judged_by_what_it_found(measured, monkeypatch):
    monkeypatch.setattr(image_feed, "detector_heads", lambda model: [model])
    accuracy, evidence = measured(Standing(), "none")
    assert accuracy["box AP"] == 0.0
    assert evidence["boxes"]["overlap"]["score"] == [1.0] * 5


def test_boxes_go_back_to_the_images_they_came_from(images):
    found = [
        {"boxes": target["boxes"], "scores": torch.ones(len(target["boxes"]))}
        for target in images.targets
    ]
    results = to_coco_boxes(found, images)
    expected = torch.cat([DATASET.target(index)["boxes"] for index in range(len(DATASET))])
    boxes = torch.tensor([one["bbox"] for one in results])
    sides = torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], dim=1)
    torch.testing.assert_close(sides, expected, atol=1e-3, rtol=1e-5)
    assert {one["image_id"] for one in results} == {10, 11, 12, 13}
