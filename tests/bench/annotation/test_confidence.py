"""How far candidates are off, and from which score on they are believed."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine_noses import People, places

from bench.annotation.candidates import Candidate
from bench.annotation.confidence import Judged, choose_threshold, judge
from bench.problem import Problem
from models.skeleton import CANONICAL, MPII16, POSETRACK15

NOSE = CANONICAL.joints.index("nose")
SCORES = st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), st.booleans()), max_size=30)


def at(image: int, person: int, off: float, score: float = 0.5) -> Candidate:
    x, y = places(2, image)[person, NOSE].tolist()
    return Candidate(image, person, "nose", x + off, y, score)


def judged(*rows: tuple[float, bool]) -> Judged:
    scores, right = (np.array(column) for column in zip(*rows, strict=True)) if rows else ([], [])
    error = np.where(np.array(right, dtype=bool), 0.1, 2.0)
    people = np.array([max(len(rows), 1)])
    return Judged(np.zeros(len(rows), np.int64), np.array(scores, dtype=float), error, people)


def test_errors_are_distances_in_head_sizes():
    # Heads of 6 pixels: 0.6 x the diagonal of 6 x 8.
    candidates = [at(0, 0, 1.5), at(0, 1, 3.0), at(1, 1, 4.5)]
    found = judge(candidates, People(2), People(2, CANONICAL), "nose", unknown_is_wrong=True)
    assert found.error.tolist() == pytest.approx([0.25, 0.5, 0.75], abs=1e-6)
    assert found.image.tolist() == [0, 0, 1]
    assert found.people.tolist() == [2, 2]


def test_a_joint_that_is_nowhere_is_wrong_by_the_truth_and_left_out_where_it_is_unmarked():
    class Outside(People):
        def target(self, index):
            target = super().target(index)
            target["keypoints"][0, self.skeleton.joints.index("nose")] = 0
            return target

    candidates = [at(0, 0, 0.0), at(0, 1, 0.0)]
    truth = judge(candidates, People(1), Outside(1, CANONICAL), "nose", unknown_is_wrong=True)
    assert truth.error.tolist() == [np.inf, pytest.approx(0, abs=1e-6)]
    assert truth.people.tolist() == [2]
    marked = Outside(1, POSETRACK15)
    trial = judge(candidates, marked, marked, "nose", unknown_is_wrong=False)
    assert (len(trial.error), trial.people.tolist()) == (1, [1])


def test_without_head_boxes_nothing_is_judged():
    class Headless(People):
        def target(self, index):
            target = super().target(index)
            del target["head_boxes"]
            return target

    with pytest.raises(Problem, match="person 0 of image 1 has no head box"):
        judge([], People(1, MPII16), Headless(1, CANONICAL), "nose", unknown_is_wrong=True)


def test_coverage_and_pckh_at_a_confidence():
    # Four people in two images; three were given a nose, two of these rightly.
    found = Judged(
        np.array([0, 0, 1]), np.array([0.9, 0.4, 0.6]), np.array([0.5, 0.1, np.inf]),
        np.array([2, 2]),
    )  # fmt: skip
    everything = found.statistics(0.0)
    assert (float(everything["coverage"]), float(everything["PCKh@0.5"])) == (3 / 4, 2 / 3)
    sure = found.statistics(0.5)
    assert (float(sure["coverage"]), float(sure["PCKh@0.5"])) == (2 / 4, 1 / 2)
    assert np.isnan(found.statistics(0.95)["PCKh@0.5"])


def test_a_resample_is_that_of_repeated_images():
    found = Judged(
        np.array([0, 0, 1]), np.array([0.9, 0.4, 0.6]), np.array([0.5, 0.9, 0.1]), np.array([2, 3])
    )
    drawn = found.statistics(0.0, np.array([[2, 0], [1, 1], [0, 3]]))
    assert drawn["coverage"].tolist() == [4 / 4, 3 / 5, 3 / 9]
    assert drawn["PCKh@0.5"].tolist() == [2 / 4, 2 / 3, 3 / 3]


@given(rows=SCORES, precision=st.sampled_from([0.5, 0.75, 0.9, 1.0]))
def test_the_threshold_is_the_lowest_from_which_on_enough_are_right(rows, precision):
    found = judged(*rows)

    def share(threshold):
        right = [correct for score, correct in rows if score >= threshold]
        return sum(right) / len(right)

    expected = [score for score, _ in rows if share(score) >= precision]
    assert choose_threshold(found, precision) == (min(expected) if expected else None)


def test_judgements_survive_json():
    found = Judged(np.array([0, 2]), np.array([0.25, 0.5]), np.array([0.125, np.inf]),
                   np.array([1, 0, 4]))  # fmt: skip
    again = Judged.from_json(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    for name in ("image", "score", "error", "people"):
        assert getattr(again, name).tolist() == getattr(found, name).tolist()
