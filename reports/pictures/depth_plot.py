"""Picture of accuracy against depth: AP by parameters, and what depth wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.ticker import FuncFormatter

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
from reports.pictures.names import FAINT, INK

_LEAST_SPAN = 2.0  # percent on an axis: less would look like something


@dataclass(frozen=True)
class DepthLine:
    """One block at N depths, shallow first; accuracies in percent.

    Attributes:
        label: the block's name.
        place: in the list of blocks, so that it keeps its colour.
        depths: int ``[N]``, blocks in a stage.
        params: ``[N]``, millions.
        ap: ``[N]``.
        spread: ``[N, 2]``, ends of the interval.
        shares: ``[M]`` of the largest depth, of those networks that all blocks are compared at.
        gains: ``[M]``, points of AP over the first of them.
        gain_spread: ``[M, 2]``.
    """

    label: str
    place: int
    depths: np.ndarray
    params: np.ndarray
    ap: np.ndarray
    spread: np.ndarray
    shares: np.ndarray
    gains: np.ndarray
    gain_spread: np.ndarray


def draw_depths(path: Path, lines: Sequence[DepthLine], *, title: str, note: str) -> None:
    """Write a PNG: AP against parameters, each point with its number of blocks, and the gains.

    Args:
        path: of the PNG.
        lines: at least one.
        title: data set and preset.
        note: what the bars are, under the plots.
    """
    figure = new_figure(12.4, 4.9)
    left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
    for ax in (left, right):
        clean_axes(ax)
    for number, line in enumerate(lines):
        look = {
            "color": colour_of(line.place),
            "marker": marker_of(line.place),
            "linestyle": dashes_of(line.place),
            "linewidth": 1.6,
            "capsize": 2,
        }
        left.errorbar(line.params, line.ap, yerr=_around(line.ap, line.spread), **look)
        for x, y, depth in zip(line.params, line.ap, line.depths, strict=True):
            left.annotate(
                str(depth),
                (x, y),
                (5, 4),
                textcoords="offset points",
                fontsize=8,
                color=colour_of(line.place),
            )
        # Bars of one depth stand beside each other.
        dodge = 0.012 * (number - (len(lines) - 1) / 2)
        right.errorbar(
            line.shares + dodge, line.gains, yerr=_around(line.gains, line.gain_spread), **look
        )
    for ax in (left, right):
        low, high = ax.get_ylim()
        missing = max(0.0, _LEAST_SPAN - (high - low)) / 2
        ax.set_ylim(low - missing, high + missing)
    left.set(xscale="log", xlabel="parameters (millions)", ylabel="OKS AP (%)")
    plain_log_axis(left.xaxis)
    left.set_title("accuracy; numbers: blocks in the trunk", loc="left", fontsize=10, color=INK)
    right.axhline(0, color=FAINT, linewidth=0.8)
    right.set(xlabel="depth, of the deepest of its block", ylabel="points of AP won")
    right.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.0f} %"))
    ticks = sorted({float(share) for line in lines for share in line.shares})
    right.set_xticks(ticks)
    right.set_title("won by depth, paired", loc="left", fontsize=10, color=INK)
    name_beside(right, [variant_key(one.place, one.label) for one in lines])
    write_headline(figure, title, note)
    figure.savefig(path, dpi=DPI)


def _around(values: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return the lengths of the bars below and above, ``[2, N]``; a percentile's end may cross."""
    return np.clip(np.stack([values - spread[:, 0], spread[:, 1] - values]), 0, None)
