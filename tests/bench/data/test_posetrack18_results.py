"""Poses in the challenge's results layout, and PoseTrack's own frames judged from end to end."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from posetrack18_files import SLOTS, VIDEOS, keypoints, person, write_posetrack
from slow_posetrack import slow_statistics

from bench.data.contract import Target
from bench.data.posetrack18.dataset import open_split
from bench.data.posetrack18.results import UNSCORED, read_results
from bench.metrics.posetrack import match_posetrack
from bench.problem import Problem
from models.skeleton import POSETRACK15

BONN, MPII = VIDEOS


def write_results(folder: Path, *poses: dict[str, Any]) -> Path:
    """Write poses as the results of the second video, and none of the first."""
    folder.mkdir()
    for name, given in ((BONN, []), (MPII, list(poses))):
        content = {"images": [], "categories": [], "annotations": given}
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def test_joints_are_ranked_by_their_own_scores(tmp_path: Path) -> None:
    root, frame = write_posetrack(tmp_path), VIDEOS[MPII] + 1
    scores = [slot / 16 for slot in range(17)]
    folder = write_results(
        tmp_path / "poses",
        person(frame, 0, scores=scores),
        person(frame, 1, scores=scores, score=0.25),
    )
    one, other = read_results(folder, root, "val")
    joints = np.array(one["keypoints"]).reshape(15, 3)
    places = [SLOTS.index({"neck": "head_bottom"}.get(name, name)) for name in POSETRACK15.joints]
    found = [joint != "right_ankle" for joint in POSETRACK15.joints]
    assert joints[found, 2].tolist() == [
        scores[place] for place, there in zip(places, found, strict=True) if there
    ]
    assert joints[POSETRACK15.joints.index("right_ankle")].tolist() == [0, 0, 0]
    assert one["score"] == pytest.approx(np.mean([s for s in scores if s * 16 not in (3, 4, 16)]))
    assert (one["image_id"], other["score"]) == (frame, 0.25)


def test_poses_in_frames_that_nobody_labelled_are_left_out(tmp_path: Path) -> None:
    root, first = write_posetrack(tmp_path), VIDEOS[MPII]
    poses = [person(first + number, 0) for number in range(4)]
    results = read_results(write_results(tmp_path / "poses", *poses), root, "val")
    assert [one["image_id"] - first for one in results] == [1, 2]
    assert {one["score"] for one in results} == {UNSCORED}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image_id": VIDEOS[BONN]}, "entry 0 of 'annotations' belongs to no frame of its video"),
        ({"keypoints": keypoints()[:45]}, "must have 51 finite numbers as 'keypoints'"),
        ({"scores": [0.5] * 15}, "must have 17 finite numbers as 'scores'"),
        ({"score": "high"}, "has 'high' as 'score'"),
    ],
)
def test_a_pose_that_cannot_be_read_is_a_problem(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    root = write_posetrack(tmp_path)
    folder = write_results(tmp_path / "poses", person(VIDEOS[MPII] + 1, 0, **change))
    with pytest.raises(Problem, match=said):
        read_results(folder, root, "val")


def test_every_video_needs_its_results(tmp_path: Path) -> None:
    root = write_posetrack(tmp_path)
    folder = write_results(tmp_path / "poses")
    (folder / f"{BONN}.json").write_text("[]")
    with pytest.raises(Problem, match="is no result"):
        read_results(folder, root, "val")
    (folder / f"{BONN}.json").unlink()
    with pytest.raises(Problem, match="holds no 000001_bonn_val"):
        read_results(folder, root, "val")


@pytest.fixture
def fixture_root() -> Path:
    root = Path(os.environ.get("POSEARCH_DATA", "")) / "fixtures/posetrack18"
    if "POSEARCH_DATA" not in os.environ or not root.exists():
        pytest.skip("POSEARCH_DATA does not name a folder that holds fixtures/posetrack18")
    return root


def test_ground_truth_against_itself_is_100(fixture_root: Path) -> None:
    frames = open_split(fixture_root, "val")
    targets = [frames.target(index) for index in range(len(frames))]
    results = read_results(fixture_root / "annotations" / "val", fixture_root, "val")
    matches = match_posetrack(targets, results)
    for name, value in matches.statistics().items():
        assert 100 * value == 100, name
    # Of the 182 joints that the files count, one lies in an ignore region.
    assert matches.positives.sum() == len(matches.matched) == 181


def pose_in(box: list[float], target: Target) -> np.ndarray:
    """Return the pose of the person whose box overlaps most, stretched into a detected box."""
    x, y, width, height = box
    people = target["boxes"].double().numpy()
    across = np.minimum(people[:, 2], x + width) - np.maximum(people[:, 0], x)
    down = np.minimum(people[:, 3], y + height) - np.maximum(people[:, 1], y)
    nearest = int((across.clip(0) * down.clip(0)).argmax())
    corner, far = people[nearest].reshape(2, 2)
    shares = (target["keypoints"][nearest, :, :2].double().numpy() - corner) / (far - corner)
    return np.array([x, y]) + shares * [width, height]


def test_the_detections_beside_it_are_judged_as_slowly_read(fixture_root: Path) -> None:
    """They are boxes without joints; whose pose is stretched into them errs as the boxes do."""
    frames = open_split(fixture_root, "val")
    targets = [frames.target(index) for index in range(len(frames))]
    by_id = {target["image_id"]: target for target in targets}
    path = fixture_root / "annotations" / "test_posetrack18_human_detections.json"
    detections = [
        {
            "image_id": one["image_id"],
            # Scores fall from joint to joint.
            "keypoints": np.c_[
                pose_in(one["bbox"], by_id[one["image_id"]]), one["score"] * 0.99 ** np.arange(15)
            ]
            .ravel()
            .tolist(),
        }
        for one in json.loads(path.read_text())
    ]
    matches = match_posetrack(targets, detections)
    joints, statistics = slow_statistics((targets, detections))
    assert matches.per_joint().tolist() == pytest.approx(joints, abs=1e-12)
    found = {name: float(value) for name, value in matches.statistics().items()}
    assert found == pytest.approx(statistics, abs=1e-12)
    assert 0.1 < found["PoseTrack mAP"] < 0.9
    assert len(matches.matched) < 15 * len(detections), "some lie in ignore regions"
