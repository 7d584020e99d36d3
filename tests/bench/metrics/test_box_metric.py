"""Box accuracy, set beside pycocotools' own summary and a count by hand."""

import contextlib
import io

import numpy as np
import pytest
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from bench.metrics.boxes import BoxMatches, match_boxes
from bench.metrics.coco_truth import coco_ground_truth
from models.skeleton import COCO17


def truth_of(images, crowds=()):
    """Return a COCO file of boxes by image; ``crowds`` are (image, place) of crowds."""
    targets, number = [], 0
    for index, boxes in enumerate(images):
        ids = torch.arange(number + 1, number + 1 + len(boxes))
        number += len(boxes)
        sides = torch.tensor(boxes, dtype=torch.float64).view(-1, 4)
        targets.append(
            {
                "image_id": 10 + index,
                "annotation_ids": ids,
                "boxes": sides,
                "keypoints": torch.zeros(len(boxes), 17, 3),
                "area": (sides[:, 2:] - sides[:, :2]).prod(dim=1),
                "iscrowd": torch.tensor([int((index, at) in crowds) for at in range(len(boxes))]),
            }
        )
    return coco_ground_truth(targets, [(200, 200)] * len(images), COCO17)


def found(image, box, score):
    left, top, right, bottom = box
    size = [left, top, right - left, bottom - top]
    return {"image_id": 10 + image, "category_id": 1, "bbox": size, "score": score}


def random_case(seed):
    """Return people, a few of them crowds, and boxes near them and elsewhere."""
    dice = np.random.default_rng(seed)

    def box():
        corner, size = dice.uniform(0, 120, 2), dice.uniform(10, 60, 2)
        return [*corner, *(corner + size)]

    images = [[box() for _ in range(dice.integers(0, 4))] for _ in range(12)]
    crowds = {(i, 0) for i, boxes in enumerate(images) if boxes and dice.random() < 0.15}
    boxes = [
        found(i, np.array(one) + dice.normal(0, 4, 4), round(dice.random(), 1))
        for i, people in enumerate(images)
        for one in people
        if dice.random() < 0.8
    ]
    boxes += [found(int(dice.integers(12)), box(), dice.random()) for _ in range(10)]
    return truth_of(images, crowds), boxes


def pycocotools_stats(truth, boxes):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes([dict(one) for one in boxes]), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats


@pytest.mark.parametrize("seed", range(8))
def test_ap_is_that_of_pycocotools_to_the_last_digit(seed):
    truth, boxes = random_case(seed)
    statistics = match_boxes(truth, boxes).statistics()
    expected = pycocotools_stats(truth, boxes)
    assert 0 < expected[0] < 1
    assert float(statistics["box AP"]) == expected[0]
    assert float(statistics["box AP50"]) == expected[1]


def test_errors_are_shares_of_the_true_box():
    truth = truth_of([[[10, 20, 50, 120]], [[0, 0, 20, 40]]])
    # Of 40 x 100: 4 px right, 10 up, 2 left, 5 down; the other person is missed (IoU 0.25).
    boxes = [found(0, [14, 10, 48, 125], 0.9), found(1, [10, 20, 30, 60], 0.8)]
    matches = match_boxes(truth, boxes)
    assert matches.image.tolist() == [0]
    assert matches.errors.tolist() == [pytest.approx([0.1, -0.1, -0.05, 0.05])]
    assert float(matches.statistics()["box recall"]) == 0.5


def test_one_person_is_found_once_and_crowds_are_nobody():
    truth = truth_of([[[0, 0, 50, 50], [100, 100, 150, 150]]], crowds={(0, 1)})
    same = [found(0, [0, 0, 50, 50], 0.9), found(0, [0, 0, 50, 51], 0.8)]
    on_crowd = found(0, [100, 100, 150, 150], 0.95)
    matches = match_boxes(truth, [*same, on_crowd])
    assert matches.overlap.positives.tolist() == [1]
    assert matches.errors.tolist() == [[0, 0, 0, 0]]
    assert float(matches.statistics()["box recall"]) == 1.0
    # The second box of one person comes after everybody was found.
    assert float(matches.statistics()["box AP"]) == pytest.approx(1.0)


def test_resamples_weigh_images():
    truth = truth_of([[[0, 0, 50, 50]], [[0, 0, 20, 40], [60, 60, 90, 90]]])
    matches = match_boxes(truth, [found(0, [0, 0, 50, 50], 0.9)])
    weights = np.array([[1, 1], [2, 0], [1, 2], [0, 2]])
    recall = matches.statistics(weights)["box recall"]
    assert recall.tolist() == pytest.approx([1 / 3, 1.0, 1 / 5, 0.0])


def test_nothing_found_and_nobody_there():
    missed = match_boxes(truth_of([[[0, 0, 50, 50]]]), [])
    assert [float(one) for one in missed.statistics().values()] == [0, 0, 0]
    assert missed.errors.shape == (0, 4)
    nobody = match_boxes(truth_of([[]]), [found(0, [0, 0, 5, 5], 0.5)])
    assert np.isnan([float(one) for one in nobody.statistics().values()]).all()


def test_matches_survive_json():
    matches = match_boxes(*random_case(1))
    again = BoxMatches.from_json(matches.to_json())
    assert again.statistics() == matches.statistics()
    np.testing.assert_allclose(again.errors, matches.errors, atol=5e-5)
    nothing = match_boxes(truth_of([[[0, 0, 5, 5]]]), [])
    assert BoxMatches.from_json(nothing.to_json()).errors.shape == (0, 4)
