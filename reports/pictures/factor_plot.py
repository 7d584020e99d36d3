"""Picture of accuracy against factors of the scenes: small multiples, a block for each factor."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.pictures.canvas import (
    DPI,
    clean_axes,
    colour_of,
    dashes_of,
    marker_of,
    new_figure,
    variant_key,
    write_headline,
)
from reports.pictures.names import FAINT, INK

_COLUMNS = 3
_DODGE = 0.06  # of the way between two levels: bars of one level stand beside each other
_TICK_WIDTH, _AXIS_WIDTH = 12, 50  # characters of a line of a tick's label, of an axis's
_LEAST_SPAN = 2.0  # percent on an axis: less would look like something


@dataclass(frozen=True)
class FactorLine:
    """A number at each of L levels, with its interval; all in percent, nan where there is none.

    Attributes:
        values: ``[L]``.
        spread: ``[L, 2]``, low and high.
    """

    values: np.ndarray
    spread: np.ndarray


@dataclass(frozen=True)
class FactorBlock:
    """Everything about one factor.

    Attributes:
        title: the factor's name.
        axis: what its levels are values of.
        ticks: labels of the L levels.
        default: place of the level that is as in training, None where it was not visited.
        pipelines: place in the list of variants -> AP at the levels.
        gap: top-down minus bottom-up.
    """

    title: str
    axis: str
    ticks: Sequence[str]
    default: int | None
    pipelines: dict[int, FactorLine]
    gap: FactorLine


def draw_factors(
    path: Path,
    blocks: Sequence[FactorBlock],
    names: dict[int, str],
    *,
    title: str,
    note: str,
    gap_label: str,
) -> None:
    """Write a PNG: AP of every pipeline, and under it the gap, against the levels of each factor.

    Args:
        path: of the PNG.
        blocks: at least one.
        names: place in the list of variants -> name, for the legend.
        title: data set and preset.
        note: what bars and lines are, under the plots.
        gap_label: what the gap is the difference of.
    """
    columns = min(_COLUMNS, len(blocks))
    rows = -(-len(blocks) // columns)
    figure = new_figure(4.1 * columns + 2.6, 5.4 * rows + 0.8)
    grid = figure.subplots(
        2 * rows, columns, squeeze=False, gridspec_kw={"height_ratios": [3, 1.6] * rows}
    )
    for number, block in enumerate(blocks):
        row, column = divmod(number, columns)
        _draw_block(grid[2 * row][column], grid[2 * row + 1][column], block)
    for empty in range(len(blocks), rows * columns):
        row, column = divmod(empty, columns)
        grid[2 * row][column].set_axis_off()
        grid[2 * row + 1][column].set_axis_off()
    for row in range(rows):
        grid[2 * row][0].set_ylabel("OKS AP (%)")
        grid[2 * row + 1][0].set_ylabel(gap_label)
    shown = grid.reshape(rows, 2, columns).transpose(1, 0, 2).reshape(2, -1)[:, : len(blocks)]
    _share_y(shown[0], from_zero=True)
    _share_y(shown[1], from_zero=False)
    _legend(figure, names)
    write_headline(figure, title, note)
    figure.savefig(path, dpi=DPI)


def _draw_block(above: Axes, below: Axes, block: FactorBlock) -> None:
    levels = np.arange(len(block.ticks))
    for ax in (above, below):
        clean_axes(ax)
        ax.set_xlim(-0.4, len(levels) - 0.6)
        ax.grid(axis="x", visible=False)
        if block.default is not None:
            ax.axvline(block.default, color=FAINT, linewidth=1, linestyle=":", zorder=1)
    above.set_title(block.title, loc="left", fontsize=11, color=INK)
    above.set_xticks(levels, [""] * len(levels))
    middle = (len(block.pipelines) - 1) / 2
    for index, (place, line) in enumerate(block.pipelines.items()):
        beside = levels + (index - middle) * _DODGE
        _draw_line(above, beside, line, place)
    below.axhline(0, color=FAINT, linewidth=1, zorder=1)
    _draw_line(below, levels, block.gap, None)
    below.set_xticks(
        levels, [textwrap.fill(tick, _TICK_WIDTH) for tick in block.ticks], fontsize=8.5
    )
    below.set_xlabel(textwrap.fill(block.axis, _AXIS_WIDTH), fontsize=9)


def _draw_line(ax: Axes, across: np.ndarray, line: FactorLine, place: int | None) -> None:
    """Draw a line with its bars in the look of a variant, or in ink."""
    colour = INK if place is None else colour_of(place)
    ax.vlines(across, *line.spread.T, color=colour, linewidth=1.5, alpha=0.55, zorder=2)
    ax.plot(
        across,
        line.values,
        color=colour,
        linestyle="solid" if place is None else dashes_of(place),
        marker="o" if place is None else marker_of(place),
        markersize=6,
        markeredgecolor="white",
        markeredgewidth=0.8,
        linewidth=1.6,
        zorder=4,
    )


def _share_y(axes: np.ndarray, *, from_zero: bool) -> None:
    """Give all axes one scale, so that factors can be set beside each other."""
    ends = np.array([ax.get_ylim() for ax in axes])
    low, high = ends[:, 0].min(), ends[:, 1].max()
    missing = max(0.0, _LEAST_SPAN - (high - low)) / 2
    low, high = low - missing, high + missing
    for ax in axes:
        # A little below nothing, so that the markers there are whole.
        ax.set_ylim(-0.03 * high if from_zero else low, high)


def _legend(figure: Figure, names: dict[int, str]) -> None:
    keys = [variant_key(place, name) for place, name in names.items()]
    figure.legend(handles=keys, loc="outside right upper", frameon=False)
