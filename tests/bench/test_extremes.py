"""Which pictures are kept as a model's best, median and worst."""

from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from bench.extremes import BEST, EXTREMES, MEDIAN, WORST, Scene, extremes, save_extremes, scene_oks
from models.skeleton import COCO17


def person(x: float, y: float) -> np.ndarray:
    """Return joints around a place, all visible."""
    spread = np.random.default_rng(3).uniform(-20, 20, (17, 2))
    return np.concatenate([spread + np.array([x, y]), np.full((17, 1), 2.0)], axis=1)


def scene(truth: list[np.ndarray], predicted: list[np.ndarray], scores: list[float]) -> Scene:
    return Scene(
        np.array(truth).reshape(-1, 17, 3),
        np.full(len(truth), 900.0),
        np.array(predicted).reshape(-1, 17, 3),
        np.array(scores),
    )


def test_one_person_has_the_oks_of_pycocotools() -> None:
    truth = person(50, 50)
    truth[:4] = 0  # not annotated
    found = truth + np.random.default_rng(0).normal(0, 2, truth.shape)
    annotation = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "iscrowd": 0,
        "num_keypoints": 13,
        "bbox": [30, 30, 40, 40],
        "area": 900.0,
        "keypoints": truth.ravel().tolist(),
    }
    coco, results = COCO(), COCO()
    for one, extra in ((coco, {}), (results, {"score": 1.0})):
        one.dataset = {"images": [{"id": 1}], "categories": [{"id": 1}], "annotations": []}
        joints = truth if one is coco else found
        keypoints = {"keypoints": joints.ravel().tolist()}
        one.dataset["annotations"] = [annotation | extra | keypoints]
        one.createIndex()
    evaluation = COCOeval(coco, results, "keypoints")
    evaluation.evaluate()
    expected = float(evaluation.ious[1, 1][0, 0])
    assert scene_oks(scene([truth], [found], [1.0]), COCO17) == pytest.approx(expected, abs=1e-12)


def test_who_was_not_found_counts_nothing_and_extra_people_do_not_count() -> None:
    here, there = person(50, 50), person(200, 50)
    assert scene_oks(scene([here, there], [here], [1.0]), COCO17) == pytest.approx(0.5)
    far = person(900, 900)
    assert scene_oks(scene([here], [here, far], [1.0, 0.5]), COCO17) == pytest.approx(1.0)
    assert scene_oks(scene([here], [], []), COCO17) == 0.0


def test_the_higher_score_chooses_first() -> None:
    here, off = person(50, 50), person(52, 50)
    exact_first = scene_oks(scene([here], [here, off], [0.9, 0.1]), COCO17)
    exact_last = scene_oks(scene([here], [here, off], [0.1, 0.9]), COCO17)
    assert exact_first == pytest.approx(1.0)
    assert exact_last < 0.99


def test_nobody_annotated_is_not_a_number() -> None:
    assert np.isnan(scene_oks(scene([np.zeros((17, 3))], [person(5, 5)], [1.0]), COCO17))


def test_best_median_and_worst_by_hand() -> None:
    scores = [0.5, 0.9, float("nan"), 0.1, 0.7, 0.3, 0.8]
    assert extremes(scores) == [
        (1, BEST),
        (6, BEST),
        (4, MEDIAN),
        (0, MEDIAN),
        (5, WORST),
        (3, WORST),
    ]


@pytest.mark.parametrize("count", range(8))
def test_few_pictures_are_never_shown_twice(count: int) -> None:
    places = [place for place, _ in extremes([0.1 * one for one in range(count)])]
    assert len(places) == len(set(places)) == min(count, 6 if count >= 6 else 3)


def test_the_file_holds_the_chosen_scenes(tmp_path: Path) -> None:
    scenes = [
        scene([person(50, 50)], [person(50 + off, 50)] * people, [1.0] * people)
        for off, people in ((0, 2), (3, 1), (60, 0))
    ]
    pictures = np.random.default_rng(0).integers(0, 255, (3, 3, 8, 8), dtype=np.uint8)
    save_extremes(tmp_path, scenes, lambda places: pictures[places], COCO17)
    with np.load(tmp_path / EXTREMES, allow_pickle=False) as file:
        assert file["rank"].tolist() == [BEST, MEDIAN, WORST]
        assert file["oks"][0] == 1.0 and file["oks"][2] == 0.0
        assert (file["images"] == pictures).all()
        assert file["predicted_image"].tolist() == [0, 0, 1]
        assert file["truth_image"].tolist() == [0, 1, 2]
        assert file["scores"].tolist() == [1.0, 1.0, 1.0]
