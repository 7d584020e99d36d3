import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.metrics.pckh import PckhCounts, count_pckh
from bench.problem import Problem
from models.skeleton import LSP14, MPII16, POSETRACK15

# MPII's order: pelvis and thorax are 6 and 7.
FOURTEEN = [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15]
MEAN, WEIGHTED = "PCKh@0.5 mean of joints", "PCKh@0.5 joint-weighted"


def people(seed: int, persons: int) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    truth = np.concatenate(
        [draw.integers(0, 50, (persons, 16, 2)), draw.integers(0, 3, (persons, 16, 1))], axis=-1
    ).astype(np.float64)
    # Whole pixels and whole diagonals: many errors lie right on the border.
    predicted = truth[..., :2] + draw.integers(-3, 4, (persons, 16, 2))
    predicted[draw.random((persons, 16)) < 0.1] = np.nan
    boxes = np.array([[0, 0, 3, 4], [7, 1, 13, 9], [4, 4, 10, 9]], dtype=np.float64)
    return {
        "truth": truth,
        "predicted": predicted,
        "head_boxes": boxes[draw.integers(0, 3, persons)],
        "image": draw.integers(0, 4, persons),
    }


def by_hand(case: dict[str, Any]) -> tuple[list[float], float, float]:
    """Return the share of each joint, their plain mean and the joint-weighted one."""
    right, judged = [0] * 16, [0] * 16
    for person, joints in enumerate(case["truth"].tolist()):
        box = case["head_boxes"][person].tolist()
        for k, (x, y, visibility) in enumerate(joints):
            if visibility == 0:
                continue
            judged[k] += 1
            guess = case["predicted"][person, k].tolist()
            if not math.isnan(guess[0]):
                right[k] += math.dist((x, y), guess) <= 0.5 * (0.6 * math.dist(box[:2], box[2:]))
    shares = [r / n if n else math.nan for r, n in zip(right, judged, strict=True)]
    there = [shares[k] for k in FOURTEEN if judged[k]]
    total = sum(judged[k] for k in FOURTEEN)
    weighted = sum(right[k] for k in FOURTEEN) / total if total else math.nan
    return shares, sum(there) / len(there) if there else math.nan, weighted


cases = st.builds(people, st.integers(0, 2**32), st.integers(1, 8))


@given(case=cases)
def test_shares_and_both_means_equal_a_count_by_hand(case: dict[str, Any]) -> None:
    counts = count_pckh(**case, skeleton=MPII16)
    shares, mean, weighted = by_hand(case)
    assert counts.per_joint().tolist() == pytest.approx(shares, nan_ok=True)
    statistics = counts.statistics()
    assert set(statistics) == {MEAN, WEIGHTED}
    assert float(statistics[MEAN]) == pytest.approx(mean, nan_ok=True)
    assert float(statistics[WEIGHTED]) == pytest.approx(weighted, nan_ok=True)


@given(case=cases, weights=st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_a_weight_equals_having_the_image_as_often(
    case: dict[str, Any], weights: list[int]
) -> None:
    often = np.repeat(np.arange(len(case["image"])), np.array(weights)[case["image"]])
    shares, mean, weighted = by_hand({name: values[often] for name, values in case.items()})
    counts = count_pckh(**case, skeleton=MPII16)
    statistics = counts.statistics(np.array([weights, weights]))
    assert statistics[MEAN].tolist() == pytest.approx([mean] * 2, nan_ok=True)
    assert statistics[WEIGHTED].tolist() == pytest.approx([weighted] * 2, nan_ok=True)
    assert counts.per_joint(np.array([weights]))[0].tolist() == pytest.approx(shares, nan_ok=True)


@settings(max_examples=40)
@given(case=cases, seed=st.integers(0, 99))
def test_once_each_in_any_order_is_the_plain_result_to_the_last_bit(
    case: dict[str, Any], seed: int
) -> None:
    plain = count_pckh(**case, skeleton=MPII16).statistics()
    order = np.random.default_rng(seed).permutation(len(case["image"]))
    shuffled = count_pckh(
        **{name: values[order] for name, values in case.items()}, skeleton=MPII16
    ).statistics(np.ones((3, 4), dtype=np.int64))
    for name, values in shuffled.items():
        assert np.array_equal(values, np.repeat(plain[name], 3), equal_nan=True), name


def test_the_two_means_differ_as_counted_by_hand() -> None:
    truth = np.zeros((2, 16, 3))
    truth[0, :, 2] = 1  # hidden joints count as well
    truth[1, 0, 2] = 2
    predicted = np.zeros((2, 16, 2))
    predicted[0, :, 0] = 15  # head box 30 x 40, diagonal 50, head size 30: the border
    predicted[0, 6:8, 0] = 99  # pelvis and thorax have no part
    predicted[1, 0, 0] = 15.001
    counts = count_pckh(truth, predicted, [[0, 0, 30, 40]] * 2, [0, 1], MPII16)
    # Joint 0 is right for one of two persons, the 13 others for all of one.
    statistics = counts.statistics()
    assert statistics[MEAN] == 13.5 / 14
    assert statistics[WEIGHTED] == 14 / 15
    assert counts.per_joint()[[0, 1, 6, 7]].tolist() == [0.5, 1, 0, 0]


@pytest.mark.parametrize(("skeleton", "joints"), [(MPII16, 14), (LSP14, 14), (POSETRACK15, 15)])
def test_means_are_over_all_joints_but_pelvis_and_thorax(skeleton: Any, joints: int) -> None:
    nobody = np.zeros((0, len(skeleton), 3))
    counts = count_pckh(nobody, nobody[..., :2], np.zeros((0, 4)), [], skeleton)
    names = [skeleton.joints[k] for k in counts.in_means]
    assert len(names) == joints and not {"pelvis", "thorax"} & set(names)
    assert all(np.isnan(value) for value in counts.statistics().values())


@given(case=cases)
def test_json_keeps_every_bit(case: dict[str, Any]) -> None:
    counts = count_pckh(**case, skeleton=MPII16)
    again = PckhCounts.from_json(json.loads(json.dumps(counts.to_json(), allow_nan=False)))
    assert again.in_means == counts.in_means
    assert again.counts.threshold == counts.counts.threshold == 0.5
    for name in ("image", "correct", "counted"):
        before, after = getattr(counts.counts, name), getattr(again.counts, name)
        assert before.dtype == after.dtype and (before == after).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"head_boxes": None}, r"person 0 \(in image 3\) has no head box"),
        ({"head_boxes": np.zeros((2, 4))}, r"person 0 \(in image 3\) has the head box \[0.0, 0.0"),
        ({"truth": np.ones((2, 15, 3))}, r"truth has shape \[2, 15, 3\] instead of \[2, 16, 3\]"),
        ({"predicted": np.ones((2, 16, 3))}, "prediction has shape"),
    ],
)
def test_what_cannot_be_judged_is_refused(change: dict[str, Any], said: str) -> None:
    case = {**people(0, 2), "truth": np.ones((2, 16, 3)), "image": np.array([3, 0])}
    with pytest.raises(Problem, match=said):
        count_pckh(**{**case, **change}, skeleton=MPII16)
