"""Sheets judge joints as the metric does, and draw any number of crops."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from bench.data.crops import PADDING
from bench.metrics.pck import count_pck
from models.skeleton import COCO17, LSP14, Skeleton
from reports.pictures.crop_sheets import crop_pck, draw_crops

CROP = 64


def people(count: int, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draws = np.random.default_rng(0)
    joints = len(skeleton)
    images = draws.integers(0, 255, (count, 3, CROP, CROP), dtype=np.uint8)
    visible = draws.integers(0, 3, (count, joints, 1))
    truth = np.concatenate([draws.uniform(0, CROP, (count, joints, 2)), visible], axis=-1)
    predicted = truth.copy()
    predicted[..., :2] += draws.normal(0, 8, (count, joints, 2))
    return images, truth, predicted


def test_a_crop_is_judged_as_the_metric_judges_it() -> None:
    _, truth, predicted = people(50, LSP14)
    extent = np.full(50, CROP / PADDING)
    counts = count_pck(truth, predicted[..., :2], extent, np.arange(50))
    judged = [crop_pck(*pair, CROP) for pair in zip(truth, predicted, strict=True)]
    np.testing.assert_array_equal([right for right, _ in judged], counts.correct)
    np.testing.assert_array_equal([counted for _, counted in judged], counts.counted)


@pytest.mark.parametrize("skeleton", [LSP14, COCO17], ids=lambda skeleton: skeleton.name)
@pytest.mark.parametrize("count", [1, 8, 11])
def test_any_number_of_crops(tmp_path: Path, count: int, skeleton: Skeleton) -> None:
    path = tmp_path / "sheet.png"
    draw_crops(path, *people(count, skeleton), skeleton=skeleton, title="ioi")
    height, width, _ = imread(path).shape
    assert (height < width / 2) == (count <= 4)  # one row of four, or two


def test_a_person_without_annotated_joints(tmp_path: Path) -> None:
    images, truth, predicted = people(1, LSP14)
    truth[..., 2] = 0
    draw_crops(tmp_path / "a.png", images, truth, predicted, skeleton=LSP14, title="ioi")
    assert (tmp_path / "a.png").exists()
