"""Resampling matches of COCO's size against one evaluation of them by pycocotools."""

import contextlib
import io
import time
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from pytest_benchmark.fixture import BenchmarkFixture

from bench.metrics.intervals import bootstrap_weights, paired_difference
from bench.metrics.oks import OksMatches, match_oks
from models.skeleton import COCO17

IMAGES, DETECTIONS, PEOPLE = 5_000, 50_000, 11_000  # val2017's images and people
RESAMPLES = 1_000
JOINTS = len(COCO17)
Fields = dict[str, Any]


def _people(draws: np.random.Generator) -> list[Fields]:
    places = draws.uniform(0, 640, (PEOPLE, JOINTS, 2))
    return [
        {
            "id": number,
            "image_id": int(draws.integers(IMAGES)) + 1,
            "category_id": 1,
            "bbox": [10.0, 10.0, 200.0, 300.0],
            "area": float(draws.uniform(1_000, 60_000)),
            "iscrowd": 0,
            "num_keypoints": JOINTS,
            "keypoints": np.c_[place, np.full(JOINTS, 2)].ravel().tolist(),
        }
        for number, place in enumerate(places, start=1)
    ]


def _detections(people: list[Fields], draws: np.random.Generator) -> list[Fields]:
    """Half are of people, each of whom is found twice or more, half of nobody."""
    found = []
    for number in range(DETECTIONS):
        if number % 2:
            place, image = draws.uniform(0, 640, (JOINTS, 2)), int(draws.integers(IMAGES)) + 1
        else:
            person = people[number // 2 % PEOPLE]
            place = np.reshape(person["keypoints"], (JOINTS, 3))[:, :2]
            place = place + draws.choice([2, 6, 15, 40]) * draws.normal(size=(JOINTS, 2))
            image = person["image_id"]
        found.append(
            {
                "image_id": image,
                "category_id": 1,
                "keypoints": np.c_[place, np.ones(JOINTS)].ravel().tolist(),
                "score": float(draws.beta(2, 4) if number % 2 else draws.beta(4, 2)),
            }
        )
    return found


@pytest.fixture(scope="module")
def evaluation() -> tuple[Fields, list[Fields]]:
    """People and detections of COCO's val2017 in number."""
    draws = np.random.default_rng(0)
    people = _people(draws)
    truth = {
        "images": [{"id": one + 1, "height": 640, "width": 640} for one in range(IMAGES)],
        "annotations": people,
        "categories": [{"id": 1, "name": "person"}],
    }
    return truth, _detections(people, draws)


def _evaluated(truth: Fields, detections: list[Fields]) -> float:
    """Return the processor seconds of ``COCOeval`` alone, as its own demo runs it."""
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(detections), "keypoints")
        start = time.process_time()
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return time.process_time() - start


def _compared(one: OksMatches, other: OksMatches) -> tuple[float, float]:
    """Return the interval of a difference in AP, from its resamples on."""
    weights = bootstrap_weights(IMAGES, RESAMPLES, seed=0)
    return paired_difference(one.statistics(weights)["AP"], other.statistics(weights)["AP"])


def test_a_thousand_paired_resamples_cost_less_than_one_evaluation(
    benchmark: BenchmarkFixture, evaluation: tuple[Fields, list[Fields]]
) -> None:
    """Both models of the pair are resampled; processor time, which no other load lengthens."""
    matches = match_oks(*evaluation, COCO17)
    ratios = []

    def both() -> None:
        once = _evaluated(*evaluation)
        start = time.process_time()
        assert _compared(matches, matches) == (0, 0)
        ratios.append((time.process_time() - start) / once)

    benchmark.pedantic(both, rounds=2)
    benchmark.extra_info["ratio"] = min(ratios)
    assert min(ratios) < 1
