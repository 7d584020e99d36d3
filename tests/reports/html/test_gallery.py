"""The pictures of a model, as the page draws them."""

import numpy as np
from fake_experiments import CROP, experiment
from fake_records import Suite

from bench.extremes import Scene, save_extremes
from models.skeleton import LSP14, Skeleton
from reports.html.gallery import Pictures, Strokes, gallery, strokes_of
from reports.measured.results import gather


def shelf(suite: Suite, pictures: Pictures):
    (comparison,) = gather(suite.folder, [experiment("ioi")], "ioi")
    found = gallery(suite.folder, comparison, "", pictures)
    assert found is not None
    return found, found.shelves[0].figures


def test_samples_are_shown_where_nothing_was_chosen(suite: Suite) -> None:
    suite.done(experiment("ioi"), 0.0)
    pictures = Pictures()
    found, figures = shelf(suite, pictures)
    assert not found.by_oks
    assert len(figures) == len(pictures.uris) == 8
    assert {one.rank for one in figures} == {""}
    assert figures[0].told == "14 of 14 joints right"
    assert figures[0].truth.count("M") == len(LSP14.limbs)


def test_the_chosen_are_shown_with_rank_and_oks(suite: Suite) -> None:
    suite.done(experiment("ioi"), 1.0)
    truth = np.concatenate([np.full((1, 14, 2), 30.0), np.full((1, 14, 1), 2.0)], axis=-1)
    scenes = [
        Scene(truth, np.array([900.0]), truth + np.array([off, 0, 0]), np.ones(1))
        for off in (0, 4, 50)
    ]
    images = np.zeros((3, 3, CROP, CROP), np.uint8)
    place = suite.records / experiment("ioi").key
    save_extremes(place, scenes, lambda places: images[places], LSP14)
    pictures = Pictures()
    found, figures = shelf(suite, pictures)
    assert found.by_oks
    assert [one.rank for one in figures] == ["best", "median", "worst"]
    assert figures[0].told.startswith("OKS 1.00, ")
    assert figures[2].told.startswith("OKS 0.00, ")
    assert len(pictures.uris) == 1  # the same picture thrice is kept once


def test_sides_and_scores_give_the_strokes() -> None:
    joints = ("left_hip", "left_knee", "right_hip", "right_knee", "neck")
    skeleton = Skeleton("small", joints, ((0, 1), (2, 3), (0, 2), (4, 0), (1, 3)), (0.1,) * 5)
    person = np.array([[1, 2, 1.0], [3, 4, 0.2], [5, 6, 1.0], [7, 8, 0.0], [9, 9, 0.6]])
    assert list(strokes_of(person[None], skeleton, top=1.0)) == [
        Strokes("left", 0.3, "M1.0,2.0L3.0,4.0"),  # 0.15 and a fifth of 0.85
        Strokes("left", 0.7, "M9.0,9.0L1.0,2.0"),
        Strokes("middle", 1.0, "M1.0,2.0L5.0,6.0"),
    ]  # and nothing to the right knee, which was not found
