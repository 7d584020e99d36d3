import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.metrics.pck import PckCounts, count_pck


def people(seed: int, persons: int, joints: int) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    truth = np.concatenate(
        [draw.uniform(0, 50, (persons, joints, 2)), draw.integers(0, 3, (persons, joints, 1))],
        axis=-1,
    )
    predicted = truth[..., :2] + draw.normal(0, 6, (persons, joints, 2))
    predicted[draw.random((persons, joints)) < 0.1] = np.nan
    return {
        "truth": truth,
        "predicted": predicted,
        "extent": draw.uniform(10, 60, persons),
        "image": draw.integers(0, 5, persons),
    }


def brute_force(case: dict[str, Any], threshold: float, joint: int | None = None) -> float:
    """Count joint by joint, in plain Python."""
    right = judged = 0
    for person, points in enumerate(case["truth"].tolist()):
        for k, (x, y, visibility) in enumerate(points):
            if visibility == 0 or joint not in (None, k):
                continue
            judged += 1
            guess = case["predicted"][person, k].tolist()
            if not math.isnan(guess[0]):
                distance = math.dist((x, y), guess)
                right += distance <= threshold * case["extent"][person]
    return right / judged if judged else math.nan


cases = st.builds(people, st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 5))


@given(case=cases, threshold=st.sampled_from([0.05, 0.1, 0.2, 0.5]))
def test_share_equals_a_count_by_hand(case: dict[str, Any], threshold: float) -> None:
    counts = count_pck(**case, threshold=threshold)
    (ours,) = counts.statistics().values()
    assert float(ours) == pytest.approx(brute_force(case, threshold), nan_ok=True)
    by_hand = [brute_force(case, threshold, joint) for joint in range(case["truth"].shape[1])]
    assert counts.per_joint().tolist() == pytest.approx(by_hand, nan_ok=True)


@given(case=cases, weights=st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_a_weight_equals_having_the_image_as_often(
    case: dict[str, Any], weights: list[int]
) -> None:
    often = np.repeat(np.arange(len(case["image"])), np.array(weights)[case["image"]])
    repeated = {name: values[often] for name, values in case.items()}
    counts = count_pck(**case)
    (weighted,) = counts.statistics(np.array([weights])).values()
    assert weighted.tolist() == pytest.approx([brute_force(repeated, 0.2)], nan_ok=True)
    expected = [brute_force(repeated, 0.2, joint) for joint in range(case["truth"].shape[1])]
    assert counts.per_joint(np.array([weights]))[0].tolist() == pytest.approx(expected, nan_ok=True)


def test_the_border_is_inside_and_a_hidden_joint_counts() -> None:
    truth = np.array([[[0.0, 0.0, 1], [0.0, 0.0, 2], [0.0, 0.0, 0]]])
    predicted = np.array([[[3.0, 4.0], [3.0, 4.001], [0.0, 0.0]]])  # 5 px is 0.2 x 25 px
    counts = count_pck(truth, predicted, [25.0], [0])
    assert counts.correct.tolist() == [[True, False, False]]
    assert counts.statistics() == {"PCK@0.2": 0.5}


@given(case=cases)
def test_json_keeps_every_bit(case: dict[str, Any]) -> None:
    counts = count_pck(**case)
    again = PckCounts.from_json(json.loads(json.dumps(counts.to_json(), allow_nan=False)))
    assert again.threshold == counts.threshold
    for name in ("image", "correct", "counted"):
        before, after = getattr(counts, name), getattr(again, name)
        assert before.dtype == after.dtype and before.shape == after.shape
        assert (before == after).all()
