"""Accuracy against box error draws awkward curves too."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from reports.pictures.box_error_plot import ErrorCurve, draw_box_errors


def curve(place: int, accuracy: list[float], found: float | None = None) -> ErrorCurve:
    values = np.array(accuracy)
    errors = np.array([0.0, 0.05, 0.1, 0.2, 0.3])[: len(accuracy)]
    spread = np.stack([values - 1, values + 1], axis=1).clip(0)
    own = None if found is None else (found, (found - 1, found + 1))
    return ErrorCurve(f"variant_{place}", place, errors, values, spread, own)


@pytest.mark.parametrize(
    ("curves", "detector"),
    [
        ([curve(0, [5.0])], None),
        ([curve(0, [0.0, 0.0]), curve(1, [0.0, 0.0], 0.0)], (0.1, 0.1)),
        ([curve(p, [40.0 - p, 38.0, 35.0, 20.0, 9.0 + p], 30.0 + p) for p in range(6)], (0.05, 2)),
        ([curve(0, [5.0, 4.0])], (3.0, 4.0)),
    ],
    ids=["one number", "nothing learnt", "many, and a poor detector", "one beyond"],
)
def test_curves_are_drawn(tmp_path: Path, curves, detector) -> None:
    draw_box_errors(tmp_path / "a.png", curves, detector=detector, title="t", note="n")
    picture = imread(tmp_path / "a.png")[..., :3]
    assert (picture.max(axis=-1) - picture.min(axis=-1)).max() > 0.3  # something has a colour
