"""Sheets of whole images draw any number of people, found or not."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from models.skeleton import COCO17
from reports.pictures.image_sheets import by_image, draw_images

SIDE = 64


def people(count: int) -> np.ndarray:
    draws = np.random.default_rng(count)
    points = draws.uniform(0, SIDE, (count, len(COCO17), 2))
    return np.concatenate([points, draws.integers(0, 3, (count, len(COCO17), 1))], axis=-1)


def test_people_go_back_to_their_images() -> None:
    owner = np.array([2, 0, 2])
    parts = by_image(np.arange(3), owner, images=4)
    assert [part.tolist() for part in parts] == [[1], [], [0, 2], []]


@pytest.mark.parametrize(("images", "rows"), [(1, 1), (3, 1), (4, 2)])
def test_any_number_of_images(tmp_path: Path, images: int, rows: int) -> None:
    blank = np.full((images, 3, SIDE, SIDE), 90, dtype=np.uint8)
    there = [people(index + 1) for index in range(images)]
    draw_images(
        tmp_path / "a.png",
        blank,
        there,
        there,
        [np.ones(len(one)) for one in there],
        skeleton=COCO17,
        title="mspaf3",
    )
    height, width, _ = imread(tmp_path / "a.png").shape
    assert round(height / width * min(images, 3)) == rows


def test_found_people_have_colours_of_their_own(tmp_path: Path) -> None:
    blank = np.full((1, 3, SIDE, SIDE), 90, dtype=np.uint8)
    none, two = people(0), people(2)
    draw_images(
        tmp_path / "none.png", blank, [none], [none], [np.zeros(0)], skeleton=COCO17, title=""
    )
    draw_images(tmp_path / "two.png", blank, [none], [two], [np.ones(2)], skeleton=COCO17, title="")
    empty, full = (imread(tmp_path / name)[..., :3] for name in ("none.png", "two.png"))
    drawn = full[np.abs(empty - full).max(axis=-1) > 0.3]
    blue, orange = drawn[:, 2] > drawn[:, 0] + 0.3, drawn[:, 0] > drawn[:, 2] + 0.3
    assert blue.sum() > 100
    assert orange.sum() > 100


def test_people_who_are_hardly_believed_hardly_show(tmp_path: Path) -> None:
    blank = np.full((1, 3, SIDE, SIDE), 90, dtype=np.uint8)
    none, two = people(0), people(2)
    difference = []
    for name, trust in (("sure.png", [0.5, 0.5]), ("unsure.png", [0.5, 0.05])):
        draw_images(
            tmp_path / name, blank, [none], [two], [np.array(trust)], skeleton=COCO17, title=""
        )
        difference.append(imread(tmp_path / name)[..., :3])
    sure, unsure = difference
    orange = (
        (sure[..., 0] > sure[..., 2] + 0.5).sum(),
        (unsure[..., 0] > unsure[..., 2] + 0.5).sum(),
    )
    assert orange[0] > 100 > orange[1]
