"""Who is given which joint."""

import itertools
import math

import numpy as np
import pytest
import torch
from machine_noses import NOSE, People, places, poses

from bench.annotation.candidates import annotated_people, find_candidates
from models.skeleton import CANONICAL, POSETRACK15


def found(dataset, results, joints=("nose",)):
    return find_candidates(dataset, results, CANONICAL, joints)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_everybody_is_given_the_joint_of_the_pose_that_fits(order):
    candidates = found(People(1), poses(0, order=order))
    assert [(one.image, one.person, one.joint) for one in candidates] == [
        (0, 0, "nose"), (0, 1, "nose"),
    ]  # fmt: skip
    for one in candidates:
        assert (one.x, one.y) == pytest.approx(tuple(places(2, 0)[one.person, NOSE].tolist()))


def test_the_score_is_the_models_times_the_fit_of_the_rest():
    results = poses(0, score=0.8)
    assert [one.score for one in found(People(1), results)] == pytest.approx([0.8, 0.8])
    wrist = CANONICAL.joints.index("left_wrist")
    shifted = list(results[1]["keypoints"])
    shifted[3 * wrist] += 10
    results[1]["keypoints"] = shifted
    # Of 16 joints one is 10 pixels off: COCO's falloff of wrists is 0.062, the area is 256.
    similarity = math.exp(-(10**2) / (2 * 256 * (2 * 0.062) ** 2))
    _, second = found(People(1), results)
    assert second.score == pytest.approx(0.8 * (15 + similarity) / 16)


def test_what_the_pose_lacks_counts_against_it_and_what_the_person_lacks_does_not():
    results = poses(0)
    ankle = CANONICAL.joints.index("left_ankle")
    for one in results:
        one["keypoints"] = list(one["keypoints"])
        one["keypoints"][3 * ankle : 3 * ankle + 3] = [0, 0, 0]
    first, second = found(People(1), results)
    assert first.score == pytest.approx(14 / 15), "whose knee is not marked"
    assert second.score == pytest.approx(15 / 16)


def test_a_pose_without_the_joint_or_near_nobody_gives_none():
    results = poses(0)
    results[0]["keypoints"] = list(results[0]["keypoints"])
    results[0]["keypoints"][3 * NOSE : 3 * NOSE + 3] = [0, 0, 0]
    results[1]["keypoints"] = [one + 2000.0 for one in results[1]["keypoints"]]
    assert found(People(1), results) == []
    assert found(People(2), poses(1))[0].image == 1, "nobody was found in the first image"


def test_no_joint_that_is_asked_for_helps_to_fit():
    """Where the set marks noses too, a model is tried out as if it did not."""
    near, far = (found(People(1, POSETRACK15), poses(0, off=off)) for off in (0.0, 30.0))
    assert [one.score for one in near] == pytest.approx([one.score for one in far])


def test_poses_are_given_away_once_so_that_the_sum_of_fits_is_highest():
    random = np.random.default_rng(4)
    dataset = People(1)
    truth = places(2, 0)
    results = []
    for _ in range(3):
        mixed = truth[random.integers(0, 2)] + torch.tensor(random.normal(0, 4, (21, 2)))
        joints = torch.cat([mixed.float(), torch.ones(21, 1)], dim=-1)
        results.append({"image_id": 1, "keypoints": joints.flatten().tolist(), "score": 1.0})
    single = [
        [
            next((c.score for c in found(dataset, [pose]) if c.person == person), 0.0)
            for pose in results
        ]
        for person in (0, 1)
    ]
    # With one pose there is one candidate, for whom it fits better; the other fit is lower.
    best = max(single[0][a] + single[1][b] for a, b in itertools.permutations(range(3), 2))
    assert sum(one.score for one in found(dataset, results)) >= best - 1e-9
    assert len({(one.x, one.y) for one in found(dataset, results)}) == 2


def test_crowds_and_people_without_joints_are_nobody_to_annotate():
    target = People(1).target(0)
    assert annotated_people(target).tolist() == [True, True]
    target["iscrowd"] = torch.tensor([1, 0])
    target["keypoints"][1] = 0
    assert annotated_people(target).tolist() == [False, False]
