"""Pictures of results: accuracy against cost, and loss against step."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text

from reports.pictures.canvas import (
    DPI,
    clean_axes,
    colour_of,
    dashes_of,
    marker_of,
    name_beside,
    new_figure,
    plain_log_axis,
    write_headline,
)
from reports.pictures.names import FAINT, place_names

LOG_SPAN = 8.0  # an axis whose values span more than this factor is drawn logarithmic
NARROW_SPAN = 1.5  # below this factor, an axis from nothing on would show only that all are alike


@dataclass(frozen=True)
class Point:
    """One variant in a scatter plot; the spreads are ``(low, high)`` in the axis's units."""

    label: str
    place: int  #: in the list of variants, so that a variant keeps its colour in every plot
    x: float
    y: float
    x_spread: tuple[float, float] | None = None
    y_spread: tuple[float, float] | None = None


@dataclass(frozen=True)
class Panel:
    """One scatter plot of a figure."""

    x_label: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Curve:
    """The training loss of one run."""

    label: str
    place: int
    steps: np.ndarray  #: [T], optimiser steps
    losses: np.ndarray  #: [T]


def draw_scatter(
    path: Path, panels: Sequence[Panel], *, title: str, note: str, y_label: str, floor: float | None
) -> None:
    """Write a PNG of accuracy against cost, one panel for each cost.

    Args:
        path: of the PNG.
        panels: at least one.
        title: data set and preset.
        note: what the error bars mean, under the title.
        y_label: with its unit.
        floor: what zero skill scores, or None where it was not measured.
    """
    figure = new_figure(5.2 * len(panels) + 1.6, 5.2)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    write_headline(figure, title, note)
    marks: list[list[Line2D]] = []
    for index, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        clean_axes(ax)
        ax.set_xlabel(panel.x_label)
        if index == 0:
            ax.set_ylabel(y_label)
        _scale_x(ax, panel.points)
        _front(ax, panel.points)
        marks.append([drawn for point in panel.points for drawn in mark(ax, point)])
    _limit_y(axes[0], [point for panel in panels for point in panel.points])
    figure.canvas.draw()
    figure.set_layout_engine("none")  # names are placed on the axes as they lie now
    for ax, panel, drawn in zip(axes, panels, marks, strict=True):
        taken: list[Artist] = [*drawn] if floor is None else [*drawn, _floor(ax, floor)]
        place_names(ax, [(one.label, one.x, one.y) for one in panel.points], taken)
    figure.savefig(path, dpi=DPI)


def draw_curves(path: Path, curves: Sequence[Curve], *, title: str, alike: bool = True) -> None:
    """Write a PNG of smoothed training losses over the raw ones; seeds share a colour.

    Args:
        path: of the PNG.
        curves: at least one, each of at least one step.
        title: data set and preset.
        alike: whether all curves are of one loss, so that the lower one fits better.
    """
    figure = new_figure(8.6, 4.8)
    ax = figure.subplots()
    clean_axes(ax)
    smooth = [_smoothed(curve.losses) for curve in curves]
    for curve, line in zip(curves, smooth, strict=True):
        ax.plot(curve.steps, curve.losses, color=colour_of(curve.place), alpha=0.18, linewidth=0.7)
        ax.plot(
            curve.steps,
            line,
            color=colour_of(curve.place),
            linestyle=dashes_of(curve.place),
            linewidth=1.8,
        )
    everything = np.concatenate(smooth)
    if everything.min() > 0 and everything.max() / everything.min() > 2:
        ax.set_yscale("log")
        plain_log_axis(ax.yaxis)
    ax.set_xlabel("optimiser step")
    ax.set_ylabel("training loss, last stage")
    note = "thick: smoothed; faint: every logged step; named from highest to lowest"
    if not alike:
        note += "; each pipeline has a loss of its own, so levels do not compare"
    write_headline(figure, title, note)
    ends: dict[tuple[str, int], list[float]] = {}
    for curve, line in zip(curves, smooth, strict=True):
        ends.setdefault((curve.label, curve.place), []).append(float(line[-1]))
    last = {named: sum(losses) / len(losses) for named, losses in ends.items()}
    order = sorted(last, key=lambda named: last[named], reverse=True)
    keys = [
        Line2D(
            [],
            [],
            color=colour_of(place),
            linestyle=dashes_of(place),
            linewidth=1.8,
            label=f"{label}  {last[label, place]:.3f}",
        )
        for label, place in order
    ]
    of_several = "\n(mean over seeds)" if len(curves) > len(last) else ""
    name_beside(ax, keys, title=f"loss at the end{of_several}")
    figure.savefig(path, dpi=DPI)


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other beats in both cost and accuracy, cheapest first."""
    front: list[Point] = []
    for point in sorted(points, key=lambda point: (point.x, -point.y)):
        if not front or point.y > front[-1].y:
            front.append(point)
    return front


def mark(ax: Axes, point: Point) -> list[Line2D]:
    """Draw a point and its error bars; return all three, which no name may cover."""
    drawn = []
    colour = colour_of(point.place)
    for spread, along in ((point.x_spread, "x"), (point.y_spread, "y")):
        if spread is None:
            continue
        fixed = [point.y if along == "x" else point.x] * 2
        line = (spread, fixed) if along == "x" else (fixed, spread)
        drawn += ax.plot(
            *line, color=colour, linewidth=1.5, alpha=0.55, solid_capstyle="butt", zorder=2
        )
    drawn += ax.plot(
        point.x,
        point.y,
        marker=marker_of(point.place),
        markersize=9,
        color=colour,
        markeredgecolor="white",
        markeredgewidth=1.0,
        linestyle="none",
        zorder=4,
    )
    return drawn


def _front(ax: Axes, points: Sequence[Point]) -> None:
    front = pareto_front(points)
    for left, right in pairwise(front):
        ax.plot(
            [left.x, right.x, right.x],
            [left.y, left.y, right.y],
            color="#bdbdbd",
            linewidth=1.2,
            linestyle=(0, (4, 2)),
            zorder=1,
        )


def _scale_x(ax: Axes, points: Sequence[Point]) -> None:
    low = min(point.x_spread[0] if point.x_spread else point.x for point in points)
    high = max(point.x_spread[1] if point.x_spread else point.x for point in points)
    if low > 0 and high / low > LOG_SPAN:
        ax.set_xscale("log")
        ax.set_xlim(low / 1.2, high * 1.5)
        plain_log_axis(ax.xaxis)
    elif low > 0 and high / low < NARROW_SPAN:
        room = max(0.3 * (high - low), 0.02 * high)
        ax.set_xlim(low - room, high + room)
    else:
        # From nothing on, so that a cost twice as high looks it.
        ax.set_xlim(0, high * 1.2 if high > 0 else 1)


def _limit_y(ax: Axes, points: Sequence[Point]) -> None:
    low = min(point.y_spread[0] if point.y_spread else point.y for point in points)
    high = max(point.y_spread[1] if point.y_spread else point.y for point in points)
    room = max(0.14 * (high - low), 0.4)  # 0.4 points of AP: identical results need an axis too
    ax.set_ylim(max(low - room, -0.1 * room), high + room)  # no accuracy is negative


def _floor(ax: Axes, floor: float) -> Text:
    """Draw the line of zero skill, or say that it lies below; return what it is called."""
    low, high = ax.get_ylim()
    if low <= floor <= high:
        ax.axhline(floor, color=FAINT, linewidth=1, linestyle=":", zorder=1)
        text, y = f"mean pose {floor:.1f}", (floor - low) / (high - low) + 0.01
    else:
        text, y = f"mean pose {floor:.1f}, below this axis ↓", 0.015
    place = ax.transAxes
    return ax.text(0.99, y, text, transform=place, ha="right", va="bottom", size=8, color=FAINT)


def _smoothed(losses: np.ndarray) -> np.ndarray:
    """Return the running mean over a twentieth of the curve, shorter at its ends."""
    half = max(1, len(losses) // 40)
    total = np.concatenate([[0.0], np.cumsum(losses)])
    index = np.arange(len(losses))
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, len(losses))
    return (total[high] - total[low]) / (high - low)
