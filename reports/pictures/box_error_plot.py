"""Picture of accuracy against the error of the boxes that people are cut out by."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from reports.pictures.canvas import (
    DPI,
    clean_axes,
    colour_of,
    dashes_of,
    marker_of,
    name_beside,
    new_figure,
    variant_key,
    write_headline,
)
from reports.pictures.names import FAINT, INK

Spread = tuple[float, float]


@dataclass(frozen=True)
class ErrorCurve:
    """One way of training; accuracies in percent, spreads ``(low, high)``.

    Attributes:
        label: its name.
        place: in the list of variants, so that it keeps its colour in every plot.
        errors: ``[N]``, rising: standard deviations of a side's error, shares of the box.
        accuracy: ``[N]``, on true boxes with these errors.
        spread: ``[N, 2]``.
        found: on the detector's own boxes, and its spread; None where that was not measured.
    """

    label: str
    place: int
    errors: np.ndarray
    accuracy: np.ndarray
    spread: np.ndarray
    found: tuple[float, Spread] | None


def draw_box_errors(
    path: Path,
    curves: Sequence[ErrorCurve],
    *,
    detector: Spread | None,
    title: str,
    note: str,
) -> None:
    """Write a PNG of accuracy against box error, and beside it on the detector's boxes.

    Args:
        path: of the PNG.
        curves: at least one.
        detector: from where to where the detector's own errors lie, in the same unit.
        title: data set and preset.
        note: what the bands mean, under the plots.
    """
    figure = new_figure(10.0, 5.0)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(4, 1))
    for ax in (left, right):
        clean_axes(ax)
    for curve in curves:
        _curve(left, curve)
        _found(right, curve, len(curves))
    numbers = np.unique(np.concatenate([curve.errors for curve in curves]))
    left.xaxis.set_major_locator(FixedLocator(numbers.tolist()))
    room = 0.05 * max(float(numbers[-1] - numbers[0]), 0.1)
    left.set_xlim(numbers[0] - room, numbers[-1] + room)
    left.set_xlabel("error of each side, standard deviation as a share of the box")
    left.set_ylabel("OKS AP (%)")
    _limit_y(left, curves)
    left.set_title("true boxes with errors", loc="left", fontsize=10, color=INK)
    right.set_title("detector's boxes", loc="left", fontsize=10, color=INK)
    right.set_xlim(-1, len(curves))
    right.xaxis.set_major_locator(NullLocator())
    if detector is not None:
        _detector(left, detector)
    keys = [variant_key(curve.place, curve.label) for curve in curves]
    name_beside(right, keys, title="learnt from")
    write_headline(figure, title, note)
    figure.savefig(path, dpi=DPI)


def _curve(ax: Axes, curve: ErrorCurve) -> None:
    colour = colour_of(curve.place)
    ax.fill_between(curve.errors, *curve.spread.T, color=colour, alpha=0.1, linewidth=0)
    ax.plot(
        curve.errors,
        curve.accuracy,
        color=colour,
        marker=marker_of(curve.place),
        markeredgecolor="white",
        linestyle=dashes_of(curve.place),
        linewidth=1.8,
    )


def _found(ax: Axes, curve: ErrorCurve, places: int) -> None:
    if curve.found is None:
        return
    value, spread = curve.found
    x, colour = curve.place % places, colour_of(curve.place)
    ax.plot([x, x], spread, color=colour, linewidth=1.5, alpha=0.55)
    ax.plot(
        x,
        value,
        marker=marker_of(curve.place),
        markersize=8,
        color=colour,
        markeredgecolor="white",
        linestyle="none",
    )


def _limit_y(ax: Axes, curves: Sequence[ErrorCurve]) -> None:
    """Begin at nothing, so that what is lost looks as large as it is, with room for marks there."""
    found = [curve.found[1][1] for curve in curves if curve.found is not None]
    high = max(1.0, *(float(curve.spread.max()) for curve in curves), *found)
    ax.set_ylim(-0.03 * high, 1.06 * high)


def _detector(ax: Axes, detector: Spread) -> None:
    end = ax.get_xlim()[1]
    low, high = detector[0], min(detector[1], end)
    if low > end:
        return
    ax.axvspan(low, high, color=FAINT, alpha=0.15, linewidth=1, zorder=0)
    ax.text(
        (low + high) / 2,
        0.02,
        "the detector's errors",
        transform=ax.get_xaxis_transform(),
        ha="center",
        va="bottom",
        rotation=90,
        size=8,
        color=FAINT,
    )
