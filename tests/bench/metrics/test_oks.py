"""The referee is pycocotools itself, run here the way its own demo runs it."""

import contextlib
import copy
import io
import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from bench.data.contract import Target
from bench.metrics.coco_truth import coco_ground_truth
from bench.metrics.oks import OksMatches, match_oks
from bench.problem import Problem
from models.skeleton import LSP14, Skeleton

TOY = Skeleton("toy", ("nose", "left_hip", "right_hip"), ((1, 2),), (0.026, 0.107, 0.107))
STATISTICS = {"AP": 0, "AP50": 1, "AP75": 2, "AR": 5}  # places in COCOeval.stats


def referee(
    truth: dict[str, Any], detections: list[dict[str, Any]], skeleton: Skeleton
) -> dict[str, float]:
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = copy.deepcopy(truth)
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(copy.deepcopy(detections)), "keypoints")
        evaluation.params.kpt_oks_sigmas = np.array(skeleton.sigmas)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {name: evaluation.stats[place] for name, place in STATISTICS.items()}


def random_case(
    seed: int, images: int, *, score_levels: int, most: int = 4
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """People of every sort COCO knows, and detections of every quality.

    Few ``score_levels`` make many ties; 0 makes all scores distinct.
    """
    draw = np.random.default_rng(seed)
    people: list[dict[str, Any]] = []
    detections: list[dict[str, Any]] = []
    image_ids = draw.permutation(images) * 3 + 7  # neither dense nor in order
    for image_id in image_ids.tolist():
        for _ in range(draw.integers(0, most)):  # 0: an image without people
            joints = np.c_[draw.uniform(0, 90, (3, 2)), draw.integers(0, 3, 3)]
            joints[joints[:, 2] == 0] = 0
            people.append(
                {
                    "id": len(people) + 1,
                    "image_id": image_id,
                    "category_id": 1,
                    "bbox": [10.0, 10.0, 60.0, 70.0],
                    "area": float(draw.uniform(200, 9000)),
                    "iscrowd": int(draw.random() < 0.15),
                    "num_keypoints": int((joints[:, 2] > 0).sum()),
                    "keypoints": joints.ravel().tolist(),
                }
            )
            for _ in range(draw.integers(0, 3)):  # 0: missed, 2: found twice
                guess = joints.copy()
                guess[:, :2] += draw.normal(0, draw.choice([0.3, 2, 8, 40]), (3, 2))
                detections.append(_detection(draw, image_id, guess, score_levels))
        for _ in range(draw.integers(0, 3)):  # nobody there
            guess = np.c_[draw.uniform(0, 90, (3, 2)), np.ones(3)]
            detections.append(_detection(draw, image_id, guess, score_levels))
    truth = {
        "images": [{"id": one, "height": 90, "width": 90} for one in image_ids.tolist()],
        "annotations": people,
        "categories": [{"id": 1, "name": "person"}],
    }
    return truth, detections


def _detection(
    draw: np.random.Generator, image_id: int, joints: np.ndarray, score_levels: int
) -> dict[str, Any]:
    score = draw.integers(score_levels) / score_levels if score_levels else draw.random()
    return {
        "image_id": image_id,
        "category_id": 1,
        "keypoints": joints.ravel().tolist(),
        "score": float(score),
    }


def assert_same(ours: dict[str, Any], theirs: dict[str, float]) -> None:
    for name, value in theirs.items():
        # -1 is pycocotools' mark for "no person to be found".
        assert float(ours[name]) == value or (np.isnan(ours[name]) and value == -1), name


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    images=st.integers(1, 25),
    score_levels=st.sampled_from([0, 1, 2, 5, 20]),
)
def test_every_image_once_equals_cocoeval_to_the_last_bit(
    seed: int, images: int, score_levels: int
) -> None:
    truth, detections = random_case(seed, images, score_levels=score_levels)
    matches = match_oks(truth, detections, TOY)
    ones = np.ones((2, images), dtype=np.int64)
    if detections:  # pycocotools cannot load an empty list of results
        expected = referee(truth, detections, TOY)
        assert_same(matches.statistics(), expected)
        for row in range(2):
            resampled = {name: one[row] for name, one in matches.statistics(ones).items()}
            assert_same(resampled, expected)
    else:
        assert all(value == 0 or np.isnan(value) for value in matches.statistics().values())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), images=st.integers(1, 15), data=st.data())
def test_a_weight_of_two_equals_having_the_image_twice(
    seed: int, images: int, data: st.DataObject
) -> None:
    truth, detections = random_case(seed, images, score_levels=0)
    weights = data.draw(st.lists(st.integers(0, 3), min_size=images, max_size=images))
    copies_truth: dict[str, Any] = {**truth, "images": [], "annotations": []}
    copies_detections = []
    for image, weight in zip(truth["images"], weights, strict=True):
        for copy_number in range(weight):
            new_id = image["id"] + 1000 * copy_number
            copies_truth["images"].append({**image, "id": new_id})
            for one in truth["annotations"]:
                if one["image_id"] == image["id"]:
                    number = len(copies_truth["annotations"]) + 1
                    copies_truth["annotations"].append({**one, "image_id": new_id, "id": number})
            copies_detections += [
                {**one, "image_id": new_id} for one in detections if one["image_id"] == image["id"]
            ]
    matches = match_oks(truth, detections, TOY)
    weighted = {n: one[0] for n, one in matches.statistics(np.array([weights])).items()}
    if copies_detections:
        assert_same(weighted, referee(copies_truth, copies_detections, TOY))
    else:
        assert all(value == 0 or np.isnan(value) for value in weighted.values())


def test_more_resamples_than_fit_one_chunk_agree_with_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    truth, detections = random_case(3, 12, score_levels=0)
    matches = match_oks(truth, detections, TOY)
    weights = np.random.default_rng(0).integers(0, 3, (7, 12))
    alone = [float(matches.statistics(row[None])["AP"][0]) for row in weights]
    monkeypatch.setattr("bench.metrics.oks._CHUNK", 3 * len(detections))
    assert matches.statistics(weights)["AP"].tolist() == alone
    assert len(set(alone)) > 1


def test_more_than_twenty_detections_an_image_are_cut_as_coco_cuts() -> None:
    truth, _ = random_case(5, 2, score_levels=0)
    draw = np.random.default_rng(1)
    detections = []
    for one in truth["annotations"]:
        for _ in range(15):
            joints = np.array(one["keypoints"]).reshape(3, 3)
            joints[:, :2] += draw.normal(0, 3, (3, 2))
            detections.append(_detection(draw, one["image_id"], joints, 0))
    assert len(detections) > 20 * len(truth["images"])
    matches = match_oks(truth, detections, TOY)
    assert len(matches.score) == 20 * len({one["image_id"] for one in truth["annotations"]})
    assert_same(matches.statistics(), referee(truth, detections, TOY))


def test_exact_joints_score_one_and_their_absence_zero() -> None:
    truth, _ = random_case(2, 10, score_levels=0)
    exact = [
        {k: one[k] for k in ("image_id", "category_id", "keypoints")} | {"score": 1.0}
        for one in truth["annotations"]
        if one["num_keypoints"] and not one["iscrowd"]
    ]
    assert len(exact) > 3
    assert all(value == 1 for value in match_oks(truth, exact, TOY).statistics().values())
    assert all(value == 0 for value in match_oks(truth, [], TOY).statistics().values())


def test_no_person_to_be_found_is_nan_not_zero() -> None:
    truth, detections = random_case(2, 10, score_levels=0)
    matches = match_oks(truth, detections, TOY)
    nobody = (matches.positives == 0).astype(np.int64)[None]
    assert nobody.sum() > 0
    assert all(np.isnan(one[0]) for one in matches.statistics(nobody).values())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), images=st.integers(1, 10))
def test_json_keeps_every_bit(seed: int, images: int) -> None:
    matches = match_oks(*random_case(seed, images, score_levels=0), TOY)
    again = OksMatches.from_json(json.loads(json.dumps(matches.to_json(), allow_nan=False)))
    for name in ("image", "score", "matched", "ignored", "positives"):
        before, after = getattr(matches, name), getattr(again, name)
        assert before.dtype == after.dtype and before.shape == after.shape
        assert (before == after).all()


def test_the_input_is_left_as_it_was() -> None:
    truth, detections = random_case(2, 5, score_levels=0)
    before = copy.deepcopy((truth, detections))
    match_oks(truth, detections, TOY)
    assert (truth, detections) == before


def target(image_id: int, annotation_ids: list[int], **changes: Any) -> Target:
    people = len(annotation_ids)
    values: Target = {
        "boxes": torch.tensor([[1.0, 2.0, 31.0, 52.0]]).repeat(people, 1),
        "labels": torch.ones(people, dtype=torch.int64),
        "keypoints": torch.rand(people, 14, 3) * 30 + 1,
        "area": torch.full((people,), 900.0),
        "iscrowd": torch.zeros(people, dtype=torch.int64),
        "image_id": image_id,
        "annotation_ids": torch.tensor(annotation_ids, dtype=torch.int64),
    }
    values["keypoints"][..., 2] = 2
    values.update(changes)  # type: ignore[typeddict-item]
    return values


def test_coco_ground_truth_is_read_by_pycocotools() -> None:
    hidden = torch.full((2, 14, 3), torch.nan)
    hidden[..., 2] = 0
    hidden[0, 3] = torch.tensor([5.0, 6.0, 1.0])
    targets = [
        target(8, [11, 12], keypoints=hidden, iscrowd=torch.tensor([1, 0])),
        target(3, []),
        target(5, [40]),
    ]
    truth = json.loads(json.dumps(coco_ground_truth(targets, [(60, 40)] * 3, LSP14)))
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
    assert [one["id"] for one in truth["images"]] == [8, 3, 5]
    assert coco.imgs[8] == {"id": 8, "height": 60, "width": 40}
    crowd, unannotated, usual = coco.loadAnns([11, 12, 40])
    assert crowd["iscrowd"] == 1 and crowd["num_keypoints"] == 1
    assert crowd["keypoints"] == [0] * 9 + [5, 6, 1] + [0] * 30
    assert unannotated["num_keypoints"] == 0 and unannotated["keypoints"] == [0] * 42
    assert usual["num_keypoints"] == 14 and usual["bbox"] == [1, 2, 30, 50]
    assert usual["area"] == 900
    (category,) = truth["categories"]
    assert category["keypoints"] == list(LSP14.joints)
    assert min(min(limb) for limb in category["skeleton"]) == 1  # COCO counts joints from 1


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ([target(1, [1]), target(1, [2])], "image id 1 is used twice"),
        ([target(1, [4]), target(2, [4])], "annotation id 4 of image 2"),
        ([target(1, [0])], "annotation id 0 of image 1"),
        ([target(6, [2], keypoints=torch.ones(1, 13, 3))], "annotation 2 of image 6 has 13"),
    ],
)
def test_ground_truth_that_coco_would_misread_is_refused(targets: list[Target], said: str) -> None:
    with pytest.raises(Problem, match=said):
        coco_ground_truth(targets, [(60, 40)] * len(targets), LSP14)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image_id": 999}, "detection 0 of image 999"),
        ({"keypoints": [1.0, 2.0]}, "has 2 keypoint numbers"),
        ({"keypoints": [float("nan")] * 9}, "not finite"),
        ({"score": float("inf")}, "not finite"),
    ],
)
def test_detections_that_cannot_be_judged_are_refused(change: dict[str, Any], said: str) -> None:
    truth, detections = random_case(2, 5, score_levels=0)
    detections[0].update(change)
    with pytest.raises(Problem, match=said):
        match_oks(truth, detections, TOY)
