"""Picture of latency against the number of people in an image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, ScalarFormatter

from reports.pictures.canvas import (
    DPI,
    clean_axes,
    colour_of,
    dashes_of,
    marker_of,
    new_figure,
    plain_log_axis,
    write_headline,
)
from reports.pictures.names import INK

# A logarithmic axis spans this factor at least: on a shorter one noise would look like growth.
LEAST_SPAN = 10.0


@dataclass(frozen=True)
class PeopleCurve:
    """One pipeline's latency; all times in ms.

    Attributes:
        label: its name.
        place: in the list of variants, so that it keeps its colour in every plot.
        people: int ``[N]``, people an image, rising.
        decode: ``[N]``, median of decoding.
        decode_spread: ``[N, 2]``, its 5th and 95th percentile.
        before: sum of the medians of preprocessing and network, which do not see people.
        checked: number of people for which end to end was timed.
        end_to_end: its median.
    """

    label: str
    place: int
    people: np.ndarray
    decode: np.ndarray
    decode_spread: np.ndarray
    before: float
    checked: int
    end_to_end: float


def draw_people(path: Path, curves: Sequence[PeopleCurve], *, title: str, note: str) -> None:
    """Write a PNG of decoding, and of everything, against people an image, both logarithmic.

    Args:
        path: of the PNG.
        curves: at least one.
        title: what was timed.
        note: what is drawn, under the plots.
    """
    figure = new_figure(11.2, 5.0)
    left, right = figure.subplots(1, 2)
    for curve in curves:
        style = {"color": colour_of(curve.place), "linestyle": dashes_of(curve.place)}
        left.fill_between(
            curve.people, *curve.decode_spread.T, color=style["color"], alpha=0.15, linewidth=0
        )
        left.plot(curve.people, curve.decode, marker=marker_of(curve.place), **style)
        right.plot(curve.people, curve.before + curve.decode, linewidth=1.8, **style)
        right.plot(
            curve.checked,
            curve.end_to_end,
            marker=marker_of(curve.place),
            markersize=9,
            color=style["color"],
            markeredgecolor="white",
            linestyle="none",
            zorder=4,
        )
    numbers = np.unique(np.concatenate([curve.people for curve in curves]))
    for ax, heading in ((left, "decoding"), (right, "preprocess + network + decode")):
        ax.set_title(heading, loc="left", fontsize=10, color=INK)
        _scale(ax, numbers)
    left.set_ylabel("ms an image")
    handles = [
        Line2D(
            [],
            [],
            color=colour_of(curve.place),
            marker=marker_of(curve.place),
            linestyle=dashes_of(curve.place),
            label=curve.label,
        )
        for curve in curves
    ]
    right.legend(
        handles=handles,
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
        alignment="left",
    )
    write_headline(figure, title, note)
    figure.savefig(path, dpi=DPI)


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
