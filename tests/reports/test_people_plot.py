"""Latency against people draws awkward curves too."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from reports.pictures.people_plot import PeopleCurve, draw_people


def curve(place: int, decode: list[float], before: float) -> PeopleCurve:
    times = np.array(decode)
    numbers = np.array([1, 2, 5, 10, 20, 50])[: len(decode)]
    spread = np.stack([0.9 * times, 1.2 * times], axis=1)
    return PeopleCurve(f"variant_{place}", place, numbers, times, spread, before, 5, before + 1.0)


@pytest.mark.parametrize(
    "curves",
    [
        [curve(0, [0.2], 5.0)],
        [curve(0, [0.2, 0.2, 0.2], 5.0), curve(1, [0.2, 0.2, 0.2], 5.0)],
        [curve(place, [0.1, 0.3, 0.9, 2.0, 8.0, 900.0], 10.0**place) for place in range(4)],
    ],
    ids=["one number", "equal and flat", "wide span"],
)
def test_curves_are_drawn(tmp_path: Path, curves: list[PeopleCurve]) -> None:
    draw_people(tmp_path / "a.png", curves, title="t", note="n")
    picture = imread(tmp_path / "a.png")[..., :3]
    assert (picture.max(axis=-1) - picture.min(axis=-1)).max() > 0.3  # something has a colour
