"""Picture of latency against the number of people in an image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, ScalarFormatter

from reports.pictures.canvas import (
    DPI,
    clean_axes,
    colour_of,
    dashes_of,
    marker_of,
    name_beside,
    new_figure,
    plain_log_axis,
    variant_key,
    write_headline,
)
from reports.pictures.names import INK

# A logarithmic axis spans this factor at least: on a shorter one noise would look like growth.
LEAST_SPAN = 10.0


@dataclass(frozen=True)
class Series:
    """Times by the number of people.

    Attributes:
        people: int ``[N]``, people an image, rising.
        ms: ``[N]``, medians.
        spread: ``[N, 2]``, their 5th and 95th percentile; None where there is none, as of sums.
    """

    people: np.ndarray
    ms: np.ndarray
    spread: np.ndarray | None


@dataclass(frozen=True)
class PeopleCurve:
    """One pipeline's latency.

    Attributes:
        label: its name.
        place: in the list of variants, so that it keeps its colour in every plot.
        part: the stage that depends on people; None where it was not timed alone.
        whole: from end to end, as a line.
        measured: from end to end, as markers: each was timed in one call.
    """

    label: str
    place: int
    part: Series | None
    whole: Series
    measured: Series


def draw_people(
    path: Path,
    curves: Sequence[PeopleCurve],
    *,
    headings: tuple[str, str],
    title: str,
    note: str,
) -> None:
    """Write a PNG of what depends on people, and of everything, both axes logarithmic.

    Args:
        path: of the PNG.
        curves: at least one.
        headings: what the left plot (parts) and the right one (wholes) show.
        title: what was timed.
        note: what is drawn, under the plots.
    """
    parts = [curve for curve in curves if curve.part is not None]
    figure = new_figure(11.2 if parts else 7.2, 5.0)
    *left, right = figure.subplots(1, 2 if parts else 1, squeeze=False)[0]
    for curve in curves:
        if left and curve.part is not None:
            _line(left[0], curve, curve.part)
            _markers(left[0], curve, curve.part)
        _line(right, curve, curve.whole)
        _markers(right, curve, curve.measured)
    numbers = np.unique(np.concatenate([curve.whole.people for curve in curves]))
    for ax, heading in zip([*left, right], headings[-1 - len(left) :], strict=True):
        ax.set_title(heading, loc="left", fontsize=10, color=INK)
        _scale(ax, numbers)
    [*left, right][0].set_ylabel("ms an image")
    name_beside(right, [variant_key(curve.place, curve.label) for curve in curves])
    write_headline(figure, title, note)
    figure.savefig(path, dpi=DPI)


def _line(ax: Axes, curve: PeopleCurve, series: Series) -> None:
    colour = colour_of(curve.place)
    if series.spread is not None:
        ax.fill_between(series.people, *series.spread.T, color=colour, alpha=0.15, linewidth=0)
    dashes = dashes_of(curve.place)
    ax.plot(series.people, series.ms, color=colour, linestyle=dashes, linewidth=1.8)


def _markers(ax: Axes, curve: PeopleCurve, series: Series) -> None:
    ax.plot(
        series.people,
        series.ms,
        marker=marker_of(curve.place),
        markersize=7,
        color=colour_of(curve.place),
        markeredgecolor="white",
        linestyle="none",
        zorder=4,
    )


def _scale(ax: Axes, numbers: np.ndarray) -> None:
    """Make both axes logarithmic, with a tick at each number of people."""
    clean_axes(ax)
    ax.set(xscale="log", yscale="log", xlabel="people an image")
    ax.set_xlim(numbers[0] / 1.15, numbers[-1] * 1.15)
    ax.xaxis.set_major_locator(FixedLocator(numbers.tolist()))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(ScalarFormatter())
    low, high = ax.get_ylim()
    missing = (LEAST_SPAN / (high / low)) ** 0.5
    if missing > 1:
        ax.set_ylim(low / missing, high * missing)
    plain_log_axis(ax.yaxis)
    ax.yaxis.set_minor_formatter(NullFormatter())
