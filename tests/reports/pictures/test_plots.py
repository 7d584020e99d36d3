"""Plots: what is on the Pareto front, names that do not collide, and awkward numbers of points."""

from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

from reports.pictures.names import place_names
from reports.pictures.plots import Curve, Panel, Point, draw_curves, draw_scatter, pareto_front

costs = st.integers(0, 6).map(float)


def scattered(count: int, spread: float, seed: int = 0) -> list[Point]:
    draws = np.random.default_rng(seed)
    points = []
    for index in range(count):
        x = 5.0 * (1 + spread * draws.random())
        y = 40.0 + 10 * spread * draws.random()
        points.append(Point(f"variant_{index}", index, x, y, (0.9 * x, 1.1 * x), (y - 1, y + 1)))
    return points


@given(st.lists(st.tuples(costs, costs), min_size=1, max_size=12))
def test_pareto_front_is_what_nothing_else_beats(pairs: list[tuple[float, float]]) -> None:
    points = [Point(str(index), index, x, y) for index, (x, y) in enumerate(pairs)]
    front = pareto_front(points)
    unbeaten = {
        (one.x, one.y)
        for one in points
        if not any(
            other.x <= one.x and other.y >= one.y and (other.x, other.y) != (one.x, one.y)
            for other in points
        )
    }
    assert {(one.x, one.y) for one in front} == unbeaten
    assert all(left.x < right.x and left.y < right.y for left, right in pairwise(front))


@pytest.mark.parametrize("spread", [0.0, 0.01, 1.0])
@pytest.mark.parametrize("count", [1, 2, 12])
def test_names_do_not_collide_or_leave_the_axes(count: int, spread: float) -> None:
    figure = Figure(figsize=(6.8, 5.2))
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    ax.set(xlim=(0, 12), ylim=(30, 60))
    points = scattered(count, spread)
    names = place_names(ax, [(one.label, one.x, one.y) for one in points], [])
    boxes = [Text.get_window_extent(name) for name in names]
    assert [name.get_text() for name in names] == [one.label for one in points]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1 for box in boxes)
    assert all(ax.bbox.y0 <= box.y0 and box.y1 <= ax.bbox.y1 for box in boxes)
    dots = ax.transData.transform([(one.x, one.y) for one in points])
    assert not any(box.contains(x, y) for box in boxes for x, y in dots)


@pytest.mark.parametrize(
    "points",
    [
        scattered(1, 0.0),
        scattered(2, 1.0),
        scattered(12, 1.0),
        scattered(3, 0.0),
        [Point("free", 0, 0.0, 0.0), Point("dear", 1, 1e3, 50.0)],
        [Point("cheap", 0, 0.01, 10.0), Point("dear", 1, 10.0, 50.0)],
    ],
    ids=["one", "two", "twelve", "identical", "zero cost", "wide span"],
)
def test_scatter_of_awkward_points(tmp_path: Path, points: list[Point]) -> None:
    path = tmp_path / "scatter.png"
    draw_scatter(
        path, [Panel("cost (ms)", points)], title="t", note="n", y_label="AP (%)", floor=points[0].y
    )
    picture = imread(path)[..., :3]
    # Something is drawn in a colour: neither blank nor grey.
    assert (picture.max(axis=-1) - picture.min(axis=-1)).max() > 0.3


@pytest.mark.parametrize("floor", [None, 1.0])
def test_scatter_with_panels_side_by_side(tmp_path: Path, floor: float | None) -> None:
    points = scattered(3, 1.0)
    panels = [Panel("cost (ms)", points), Panel("cost (GMAC)", points)]
    draw_scatter(tmp_path / "two.png", panels, title="t", note="n", y_label="AP (%)", floor=floor)
    draw_scatter(
        tmp_path / "one.png", panels[:1], title="t", note="n", y_label="AP (%)", floor=floor
    )
    assert imread(tmp_path / "two.png").shape[1] > 1.5 * imread(tmp_path / "one.png").shape[1]


@pytest.mark.parametrize("steps", [1, 2, 500])
def test_curves_of_any_length(tmp_path: Path, steps: int) -> None:
    losses = np.linspace(9.0, 1.0, steps)
    curves = [Curve("ioi", 0, np.arange(steps), losses), Curve("ioi", 0, np.arange(steps), losses)]
    draw_curves(tmp_path / "curves.png", curves, title="t")
    assert imread(tmp_path / "curves.png").size > 0
