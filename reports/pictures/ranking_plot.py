"""Picture of accuracy where all cost alike: one variant below another, the best first."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from reports.pictures.canvas import DPI, clean_axes, new_figure, write_headline
from reports.pictures.names import FAINT
from reports.pictures.plots import Point, mark

#: Costs within this factor do not tell variants apart: as a scatter they would be one column.
ALIKE: Final = 1.05


def cost_alike(points: Sequence[Point]) -> bool:
    """Return whether several points have nearly the same cost, their ``x``."""
    costs = [point.x for point in points]
    return len(costs) > 1 and min(costs) > 0 and max(costs) <= ALIKE * min(costs)


def ranked(points: Sequence[Point]) -> list[Point]:
    """Return accuracy along x and, from the best down, the row along y."""
    best_first = sorted(points, key=lambda point: -point.y)
    return [
        Point(point.label, point.place, point.y, float(row), point.y_spread)
        for row, point in enumerate(best_first)
    ]


def draw_ranking(
    path: Path,
    points: Sequence[Point],
    *,
    title: str,
    note: str,
    x_label: str,
    floor: float | None,
) -> None:
    """Write a PNG of accuracies with their intervals.

    Args:
        path: of the PNG.
        points: at least one; their cost is not drawn.
        title: data set and preset.
        note: what the bars mean and what all cost, under the plot.
        x_label: with its unit.
        floor: what zero skill scores, or None where it was not measured.
    """
    rows = ranked(points)
    figure = new_figure(7.2, 1.7 + 0.42 * len(rows))
    ax = figure.subplots()
    clean_axes(ax)
    for row in rows:
        mark(ax, row)
    ax.set_yticks([row.y for row in rows], [row.label for row in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel(x_label)
    if floor is not None:
        ax.axvline(floor, color=FAINT, linewidth=1, linestyle=":", zorder=1)
        note += f" Dotted: the mean pose, {floor:.1f}."
    write_headline(figure, title, note)
    figure.savefig(path, dpi=DPI)
