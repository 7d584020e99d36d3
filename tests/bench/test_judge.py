"""Which metrics judge which data, and that both feeds leave their evidence in a record's form."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from bench.data.contract import Target
from bench.data.crops import cut_crops
from bench.data.fitted import fit_images
from bench.experiment import DataSpec, Experiment, ModelSpec, Protocol, TrainSpec
from bench.judge import judge
from bench.metrics.oks import OksMatches
from bench.metrics.posetrack import PosetrackMatches
from bench.training import crop_feed, image_feed
from models.crops import crop_detections
from models.skeleton import COCO17, POSETRACK15, Skeleton

SIZE = 64
GROUPS = ("head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
POSETRACK = {"PoseTrack mAP", *(f"PoseTrack AP {group}" for group in GROUPS)}


class People:
    """Three images of two people on a grid, without anybody's last joint; grey pixels."""

    name = "people"
    digest = "people"

    def __init__(self, skeleton: Skeleton, heads: bool, known: int | None = None) -> None:
        self.skeleton, self.heads, self.known = skeleton, heads, known

    def __len__(self) -> int:
        return 3

    def size(self, index: int) -> tuple[int, int]:
        return SIZE, SIZE

    def image(self, index: int) -> torch.Tensor:
        return torch.full((3, SIZE, SIZE), 100, dtype=torch.uint8)

    def target(self, index: int) -> Target:
        joints = len(self.skeleton)
        keypoints = torch.zeros(2, joints, 3)
        keypoints[..., 0] = torch.arange(joints) * 3.0 + 5
        keypoints[..., 1] = torch.tensor([[10.0 + index], [50.0]])
        keypoints[..., 2] = 2
        keypoints[:, joints if self.known is None else self.known :] = 0
        boxes = torch.tensor([[4.0, 5, 50, 20], [4, 40, 50, 60]])
        target: Target = {
            "boxes": boxes,
            "labels": torch.ones(2, dtype=torch.int64),
            "keypoints": keypoints,
            "area": torch.full((2,), 400.0),
            "iscrowd": torch.zeros(2, dtype=torch.int64),
            "image_id": index + 1,
            "annotation_ids": torch.tensor([1, 2]) + 2 * index,
        }
        if self.heads:
            target["head_boxes"] = torch.tensor([[5.0, 5, 11, 13]]).repeat(2, 1)
        return target

    def __getitem__(self, index: int) -> tuple[torch.Tensor, Target]:
        return self.image(index), self.target(index)


def truth(dataset: People) -> list[dict[str, Any]]:
    return [
        {
            "image_id": index + 1,
            "category_id": 1,
            "keypoints": person.flatten().tolist(),
            "score": 0.5,
        }
        for index in range(len(dataset))
        for person in dataset.target(index)["keypoints"]
    ]


@pytest.mark.parametrize(
    ("skeleton", "heads", "posetrack"),
    [(POSETRACK15, True, True), (POSETRACK15, False, False), (COCO17, True, False)],
)
def test_posetrack_s_metric_judges_its_joints_with_head_boxes(
    skeleton: Skeleton, heads: bool, posetrack: bool
) -> None:
    dataset = People(skeleton, heads)
    accuracy, evidence = judge(dataset, truth(dataset))
    assert accuracy.keys() == {"AP", "AP50", "AP75", "AR"} | (POSETRACK if posetrack else set())
    assert evidence.keys() == {"oks", "errors"} | ({"posetrack"} if posetrack else set())
    assert all(value == pytest.approx(1) for value in accuracy.values())


def test_joints_that_nobody_has_leave_no_number(tmp_path: Path) -> None:
    dataset = People(POSETRACK15, True, known=6)  # legs alone
    accuracy, evidence = judge(dataset, truth(dataset))
    legs = {"PoseTrack mAP", *(f"PoseTrack AP {one}" for one in ("hip", "knee", "ankle"))}
    assert {name for name in accuracy if "PoseTrack" in name} == legs
    json.dumps([accuracy, evidence], allow_nan=False)


class Nearly(nn.Module):
    """Predicts the first person, 2 pixels off, or nobody's place, whatever it sees."""

    def __init__(self, people: torch.Tensor, crops: bool) -> None:
        super().__init__()
        self.people, self.crops = people, crops

    def forward(self, images: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        count = len(images)
        points = self.people[:1, :, :2].expand(count, -1, -1) + 2
        scores = torch.linspace(0.9999, 0.99999, points.shape[1]).expand(count, -1)
        if self.crops:
            return crop_detections(points, scores, SIZE)
        return [
            {"keypoints": one[None], "keypoints_scores": score[None], "scores": torch.ones(1)}
            for one, score in zip(points, scores, strict=True)
        ]


def an_experiment(crop_size: int) -> Experiment:
    trained = DataSpec("other", "posetrack15", 1, 1, SIZE, crop_size, 0, "1")
    return Experiment(
        "nearly",
        ModelSpec("nearly"),
        trained,
        TrainSpec(1, 1, 1e-3, 0, 0, 0, 1, 0, False, "cpu", "fp32"),
        Protocol("val", "none", SIZE, (1.0,), False, "mean", "1"),
        0,
        tested=DataSpec("people", "posetrack15", 1, 3, SIZE, crop_size, 0, "1"),
    )


@pytest.mark.parametrize("crops", [True, False], ids=["crops", "images"])
def test_both_feeds_judge_the_tested_data_and_keep_the_evidence(
    crops: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = People(POSETRACK15, True)
    experiment = an_experiment(SIZE if crops else 0)
    feed = crop_feed if crops else image_feed

    def opened(spec: DataSpec, split: str, *_: object) -> People:
        assert (spec.name, split) == ("people", "val")
        return dataset

    monkeypatch.setattr(feed, "open_split", opened)
    if crops:
        monkeypatch.setattr(feed, "open_crops", lambda *given: cut_crops(opened(*given), SIZE))
        people = cut_crops(dataset, SIZE).keypoints
    else:
        monkeypatch.setattr(
            feed, "open_fitted", lambda *given: fit_images(opened(*given[:2]), given[3])
        )
        people = dataset.target(0)["keypoints"]
    accuracy, evidence = feed.evaluate(
        Nearly(people, crops), experiment, None, tmp_path, lambda done, of: None
    )
    again = json.loads(json.dumps(evidence, allow_nan=False))
    statistics = PosetrackMatches.from_json(again["posetrack"]).statistics()
    assert {name: accuracy[name] for name in POSETRACK} == statistics
    assert accuracy["AP"] == OksMatches.from_json(again["oks"]).statistics()["AP"]
    # Half of the people are found in whole images; each is looked for in a crop of its own.
    assert accuracy["PoseTrack mAP"] == pytest.approx(1.0 if crops else 0.5)
    assert ("pck" in evidence) == crops
    detections = json.loads((tmp_path / "detections.json").read_text())
    scores = np.array([one["keypoints"][2::3] for one in detections])
    assert len(set(scores[0].tolist())) == 15, "scores near 1 stay apart"
    # A seeded draw of images weighs both metrics alike.
    weights = np.array([[3, 0, 0], [1, 1, 1]])
    drawn = PosetrackMatches.from_json(again["posetrack"]).statistics(weights)
    assert drawn["PoseTrack mAP"][1] == pytest.approx(accuracy["PoseTrack mAP"])
