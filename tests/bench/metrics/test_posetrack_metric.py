"""The referee is the definition itself, read slowly in slow_posetrack, and counts by hand."""

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_posetrack import Case, J, detection, random_case, slow_points, slow_statistics, target

from bench.data.contract import Target
from bench.metrics.posetrack import PosetrackMatches, match_posetrack
from bench.problem import Problem

cases = st.builds(
    random_case, st.integers(0, 2**32), st.integers(1, 7), st.sampled_from([1, 2, 5, 1000])
)


def assert_slow_agrees(
    joints: np.ndarray, statistics: dict[str, Any], expected: tuple[list[float], dict[str, float]]
) -> None:
    plain = {name: float(one) for name, one in statistics.items()}
    assert joints.tolist() == pytest.approx(expected[0], abs=1e-12, nan_ok=True)
    assert plain == pytest.approx(expected[1], abs=1e-12, nan_ok=True)


@settings(max_examples=100)
@given(case=cases)
def test_a_slow_reading_of_the_definition_agrees(case: Case) -> None:
    matches = match_posetrack(*case)
    assert matches.positives.sum(axis=0).tolist() == slow_points(case)[1]
    assert_slow_agrees(matches.per_joint(), matches.statistics(), slow_statistics(case))


@settings(max_examples=40)
@given(case=cases, data=st.data())
def test_a_weight_equals_having_the_image_as_often(case: Case, data: st.DataObject) -> None:
    targets, detections = case
    some = st.lists(st.integers(0, 3), min_size=len(targets), max_size=len(targets))
    weights = data.draw(some)
    copies: Case = ([], [])
    for one, weight in zip(targets, weights, strict=True):
        for number in range(weight):
            new_id = one["image_id"] + 1000 * number
            copies[0].append({**one, "image_id": new_id})
            copies[1].extend(
                {**found, "image_id": new_id}
                for found in detections
                if found["image_id"] == one["image_id"]
            )
    matches = match_posetrack(targets, detections)
    row = np.array([weights])
    weighted = {name: values[0] for name, values in matches.statistics(row).items()}
    assert_slow_agrees(matches.per_joint(row)[0], weighted, slow_statistics(copies))


@settings(max_examples=40)
@given(case=cases)
def test_every_image_once_is_the_plain_result_to_the_last_bit(case: Case) -> None:
    matches = match_posetrack(*case)
    ones = np.ones((3, len(case[0])), dtype=np.int64)
    assert np.array_equal(
        matches.per_joint(ones), np.tile(matches.per_joint(), (3, 1)), equal_nan=True
    )
    plain = matches.statistics()
    for name, values in matches.statistics(ones).items():
        assert np.array_equal(values, np.repeat(plain[name], 3), equal_nan=True), name


@settings(max_examples=40)
@given(case=cases, seed=st.integers(0, 99))
def test_the_order_of_images_changes_nothing(case: Case, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(case[0])).tolist()
    shuffled = [case[0][index] for index in order]
    # Stable, so that the poses of one image keep their order, which decides between equals.
    by_image = sorted(case[1], key=lambda one: one["image_id"])
    plain, other = match_posetrack(*case).statistics(), match_posetrack(shuffled, by_image)
    for name, value in other.statistics().items():
        assert np.array_equal(value, plain[name], equal_nan=True), name


def pose(y: float = 50.0) -> np.ndarray:
    """15 joints in a row, 10 pixels apart."""
    return np.c_[10.0 * np.arange(J), np.full(J, y), np.full(J, 2.0)]


def mean_ap(targets: list[Target], detections: list[dict[str, Any]]) -> float:
    return float(match_posetrack(targets, detections).statistics()["PoseTrack mAP"])


def only(*joints: int) -> np.ndarray:
    points = pose()
    points[[k for k in range(J) if k not in joints]] = 0
    return points


def test_the_truth_against_itself_is_one_and_nothing_is_zero() -> None:
    truth = [target(1, [pose(), pose(80)]), target(2, [])]
    exact = [detection(1, pose(), 0.2), detection(1, pose(80), 0.9)]
    assert all(value == 1 for value in match_posetrack(truth, exact).statistics().values())
    assert all(value == 0 for value in match_posetrack(truth, []).statistics().values())
    matches = match_posetrack(truth, exact)
    assert np.isnan(matches.statistics(np.array([[0, 1]]))["PoseTrack mAP"]).all()
    assert np.isnan(mean_ap([], []))


@pytest.mark.parametrize(("error", "ap"), [(3.0, 1.0), (3.001, 0.0)])
def test_half_a_head_size_is_near_enough(error: float, ap: float) -> None:
    # The head box is 6 x 8, its diagonal 10, the head size 6, half of it 3.
    assert mean_ap([target(1, pose())], [detection(1, pose(50 + error), 1)]) == ap


@pytest.mark.parametrize(("scores", "ap"), [((0.9, 0.5), 1.0), ((0.5, 0.9), 0.5)])
def test_of_two_equal_poses_the_first_is_kept(scores: tuple[float, float], ap: float) -> None:
    # The other is 15 false positives; those that rank above the right joints halve precision.
    found = [detection(1, pose(), score) for score in scores]
    assert mean_ap([target(1, pose())], found) == ap


def test_a_pose_keeps_the_person_with_the_largest_share_not_count() -> None:
    # All of the first person's one joint, against half of the second's four: joints 1 and 2 are
    # right for the second, but false positives of the first, who has no such joints.
    truth = [target(1, [only(0), only(1, 2, 3, 4)])]
    matches = match_posetrack(truth, [detection(1, only(0, 1, 2), np.eye(J)[0:3].sum(axis=0))])
    assert matches.matched.tolist() == [True, False, False]
    assert matches.statistics()["PoseTrack mAP"] == 1 / 5  # joints 5 to 14 are nobody's


def test_a_pose_that_loses_its_person_does_not_turn_to_another() -> None:
    # The second pose is right for 9 joints of the first person and 6 of the second.
    mixed = np.concatenate([pose()[:9], pose(80)[9:]])
    truth = [target(1, [pose(), pose(80)])]
    found = [detection(1, pose(), 0.9), detection(1, mixed, 0.8)]
    assert mean_ap(truth, found) == 0.5


def test_area_under_the_falling_precision() -> None:
    # Joint 0: wrong at .9, right at .8 and .7; 3 to be found. Precision 1/2 at recall 1/3, 2/3 at
    # recall 2/3: with falling precision 2/3 x 2/3. The other joints are all right.
    truth = [target(one, pose()) for one in range(3)]
    found = []
    for one, score in enumerate((0.9, 0.8, 0.7)):
        points = pose()
        points[0, 1] += 40 if one == 0 else 0
        found.append(detection(one, points, score))
    statistics = match_posetrack(truth, found).statistics()
    assert statistics["PoseTrack mAP"] == pytest.approx((14 + 4 / 9) / 15, abs=1e-15)
    assert statistics["PoseTrack AP ankle"] == pytest.approx((1 + 4 / 9) / 2, abs=1e-15)
    assert statistics["PoseTrack AP head"] == 1


@pytest.mark.parametrize("wrong", [0, 1])
def test_points_of_one_score_enter_together(wrong: int) -> None:
    # Joint 0 is right in one image and wrong in the other, at one score: precision 1/2, recall 1/2.
    found = []
    for one in range(2):
        points = pose()
        points[0, 1] += 40 if one == wrong else 0
        found.append(detection(one, points, 0.5))
    truth = [target(one, pose()) for one in range(2)]
    assert match_posetrack(truth, found).per_joint().tolist() == [0.25] + [1] * 14


@pytest.mark.parametrize(
    ("region", "joint_0", "joint_1"),
    [
        ([-5, 40, 5, 60], math.nan, 0.0),  # joint 0 of both sides is in it, and the wrong joint 1
        ([-5, 40, 0, 60], 1.0, 0.0),  # its border is outside
        ([-5, 40, 11, 60], math.nan, math.nan),  # both people's joints 0 and 1 are in it
    ],
)
def test_points_in_ignore_regions_leave_both_sides(
    region: list[float], joint_0: float, joint_1: float
) -> None:
    points = pose()
    points[1, 0] = 0  # predicted where joint 0 is
    matches = match_posetrack([target(1, pose(), ignore=region)], [detection(1, points, 1)])
    expected = [joint_0, joint_1] + [1.0] * 13
    assert matches.per_joint().tolist() == pytest.approx(expected, nan_ok=True)


# A U whose arms hold joints 0 and 2, and a bow tie that crosses itself between joints 3 and 4.
U = [[-5, 40], [5, 40], [5, 60], [15, 60], [15, 40], [25, 40], [25, 70], [-5, 70]]
TIE = [[25, 40], [45, 60], [45, 40], [25, 60], *[[25, 60]] * 4]
SQUARE = [[-5, 40], [35, 40], [35, 90], [-5, 90]]


@pytest.mark.parametrize(
    ("polygons", "left"),
    [
        ([U], [1, *range(3, J)]),  # joints 0 and 2 lie in its arms, 1 between them
        ([TIE], [0, 1, 2, *range(5, J)]),
        ([U, TIE], [1, *range(5, J)]),
        ([SQUARE], list(range(4, J))),
        ([SQUARE * 2], list(range(J))),  # what an outline runs around twice is outside
        ([[[-5, 50], [35, 50], [35, 90], [-5, 90]]], list(range(J))),  # 0 to 3 lie on its edge
        ([[[-5, 40], [35, 60], [35, 60]]], list(range(J))),  # a line holds nothing
    ],
)
def test_points_within_a_polygon_leave_both_sides(polygons: Any, left: list[int]) -> None:
    matches = match_posetrack([target(1, pose(), polygons=polygons)], [detection(1, pose(), 1)])
    assert np.flatnonzero(matches.positives[0]).tolist() == left
    assert matches.joint.tolist() == left


def test_points_in_an_image_without_people_are_false_positives() -> None:
    truth = [target(1, pose()), target(2, [])]
    assert mean_ap(truth, [detection(1, pose(), 0.5), detection(2, pose(), 0.9)]) == 0.5
    assert mean_ap(truth, [detection(1, pose(), 0.9), detection(2, pose(), 0.5)]) == 1


def test_500_poses_of_one_person_are_one_right_and_499_wrong() -> None:
    matches = match_posetrack([target(1, pose())], [detection(1, pose(), 0.5)] * 500)
    assert matches.matched.sum() == J and len(matches.matched) == 500 * J
    assert matches.statistics()["PoseTrack mAP"] == pytest.approx(1 / 500)


def test_more_resamples_than_fit_one_chunk_agree_with_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = random_case(3, 12, 1000)
    matches = match_posetrack(*case)
    weights = np.random.default_rng(0).integers(0, 3, (7, 12))
    alone = [float(matches.statistics(row[None])["PoseTrack mAP"][0]) for row in weights]
    monkeypatch.setattr("bench.metrics.posetrack._CHUNK", 2 * len(case[1]))
    assert matches.statistics(weights)["PoseTrack mAP"].tolist() == alone
    assert len(set(alone)) > 1


@settings(max_examples=20)
@given(case=cases)
def test_json_keeps_every_bit(case: Case) -> None:
    matches = match_posetrack(*case)
    again = PosetrackMatches.from_json(json.loads(json.dumps(matches.to_json(), allow_nan=False)))
    for name in ("image", "joint", "score", "matched", "positives"):
        before, after = getattr(matches, name), getattr(again, name)
        assert before.dtype == after.dtype and before.shape == after.shape
        assert (before == after).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image_id": 9}, "detection 0 of image 9: the ground truth has no such image"),
        ({"keypoints": [1.0] * 51}, "has 51 keypoint numbers instead of 3 for each of the 15"),
        ({"keypoints": [math.nan] * 45}, "not finite"),
    ],
)
def test_detections_that_cannot_be_judged_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem, match=said):
        match_posetrack([target(1, pose())], [{**detection(1, pose()), **change}])


def test_truth_that_cannot_be_judged_is_refused() -> None:
    headless = target(4, pose())
    del headless["head_boxes"]
    with pytest.raises(Problem, match="annotation 1 of image 4 has no head box"):
        match_posetrack([headless], [])
    with pytest.raises(Problem, match=r"annotation 2 of image 4 has the head box \[5.0, 5.0"):
        match_posetrack([target(4, [pose(), pose()], [[0, 0, 6, 8], [5, 5, 5, 5]])], [])
    with pytest.raises(Problem, match="image 4 has people of 17 joints"):
        match_posetrack([{**target(4, pose()), "keypoints": torch.ones(1, 17, 3)}], [])
    with pytest.raises(Problem, match="image id 4 is used twice"):
        match_posetrack([target(4, pose()), target(4, [])], [])
    headless["keypoints"][..., 2] = 0  # nobody to be judged: no head size is asked for
    assert match_posetrack([headless], []).positives.sum() == 0
