"""AP of a joint and of a third of the people, as the referee has it of those alone."""

from typing import Any

import numpy as np
import pytest
import torch
from planted_errors import LAYOUT, ONE, SIDE, K, anatomy, distance, result, target

from bench.data.contract import Target
from bench.metrics.coco_truth import coco_ground_truth
from bench.metrics.oks import match_oks
from models.skeleton import COCO17, Skeleton


def lonely(seed: int) -> tuple[list[Target], list[dict[str, Any]]]:
    """One person an image and one detection of them, better or worse."""
    draw = np.random.default_rng(seed)
    targets, found = [], []
    for image_id in range(1, 25):
        one = target(image_id, image_id, ONE)
        one["area"] *= float(draw.uniform(0.8, 1.2))
        one["keypoints"][..., 2] = torch.from_numpy(draw.choice([0, 1, 2], K, p=[0.2, 0.2, 0.6]))
        targets.append(one)
        close = distance(draw.uniform(0.4, 1, K))[:, None] * [0.6, 0.8]
        found.append(result(image_id, LAYOUT + close, draw.random()))
    return targets, found


@pytest.mark.parametrize("joint", range(K))
def test_ap_of_a_joint_is_that_of_a_body_of_one_joint(joint):
    targets, found = lonely(joint)
    body = Skeleton("one", COCO17.joints[joint : joint + 1], (), COCO17.sigmas[joint : joint + 1])
    cut = [one | {"keypoints": one["keypoints"][:, joint : joint + 1]} for one in targets]
    only = [one | {"keypoints": one["keypoints"][3 * joint : 3 * joint + 3]} for one in found]
    sizes = [(SIDE, SIDE)] * len(targets)
    expected = match_oks(coco_ground_truth(cut, sizes, body), only, body).statistics()
    measured = anatomy(targets, found).joint(joint).statistics()
    assert 0 < float(expected["AP"]) < 1
    assert float(measured["AP"]) == pytest.approx(float(expected["AP"]))


@pytest.mark.parametrize("trait", ["size", "occlusion"])
def test_ap_of_a_group_is_pycocotools_with_the_others_ignored(trait):
    targets, found = lonely(3)
    measured = anatomy(targets, found)
    parts = measured.groups(trait)
    assert len(parts) == 3
    assert [one.people for one in parts] == pytest.approx([8, 8, 8], abs=2)
    assert parts[0].high < parts[1].low <= parts[1].high < parts[2].low
    values = measured.people.traits[trait]
    for part in parts:
        truth = coco_ground_truth(targets, [(SIDE, SIDE)] * len(targets), COCO17)
        for value, one in zip(values, truth["annotations"], strict=True):
            if not part.low <= value <= part.high:
                one["num_keypoints"] = 0  # COCO's mark of a person who is not asked for
        expected = match_oks(truth, found, COCO17)
        assert part.oks.statistics()["AP"] == expected.statistics()["AP"]


def test_traits_are_those_that_the_data_knows():
    seen = target(1, 1, np.concatenate([ONE, ONE + 10]))
    assert set(anatomy([seen], []).people.traits) == {"size"}, "everything is seen, nothing known"
    hidden = seen | {"keypoints": seen["keypoints"].clone()}
    hidden["keypoints"][0, :, 2] = torch.tensor([1.0, 0.0] + [2.0] * (K - 2))
    traits = anatomy([hidden], []).people.traits
    assert traits["occlusion"] == pytest.approx([1 / (K - 1), 0])
    assert traits["size"] == pytest.approx([100, 100])
    shares = torch.full((2, K), 0.25)
    known = anatomy([seen | {"occlusion": shares, "crowding": torch.tensor([0.5, 0])}], []).people
    assert known.traits["occlusion"] == pytest.approx([0.25, 0.25])
    assert known.traits["crowding"] == pytest.approx([0.5, 0])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([5.0] * 4, [(5, 5, 4)]),
        ([0, 0, 0, 0, 1, 2, 3, 4], [(0, 0, 4), (1, 2, 2), (3, 4, 2)]),
        ([0, 0, 0, 7, 7], [(0, 0, 3), (7, 7, 2)]),
        ([0, 0, 0, 1, 7, 7], [(0, 0, 3), (1, 1, 1), (7, 7, 2)]),
        ([1, 2, 3, 4, 5, 6], [(1, 2, 2), (3, 4, 2), (5, 6, 2)]),
    ],
)
def test_people_are_put_into_thirds_and_equals_stay_together(values, expected):
    crowding = torch.tensor([float(one) for one in values])
    joints = np.repeat(ONE, len(values), axis=0)
    measured = anatomy([target(1, 1, joints, crowding=crowding)], [])
    parts = measured.groups("crowding")
    assert [(one.low, one.high, one.people) for one in parts] == expected
