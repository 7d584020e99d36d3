"""Pictures of receptive fields: what the paths of blocks see, and what outputs depend on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter

from bench.receptive_fields.gradients import EffectiveField
from reports.pictures.canvas import (
    DPI,
    clean_axes,
    colour_of,
    dashes_of,
    marker_of,
    new_figure,
    write_headline,
)
from reports.pictures.names import FAINT, INK

_SEEN = 0.01  # of a block's highest bar: the axis ends where all bars are lower
_TICKS = 8  # at most, along the receptive fields
_ROOM = 1.2  # over the highest bar
_PALE = 0.4  # opacity of what stands in the second place: weights, and what was before training
_NEARLY_ALL = 0.995  # of the energy: radii beyond it are not drawn
_HELD = (0.5, 0.9, 0.95)  # shares of the energy that are marked
_COMPARED = 0.9  # the one whose radius is written out


@dataclass(frozen=True)
class SpectrumBars:
    """The paths through a chain of one block.

    Attributes:
        label: the block's name.
        place: in the list of variants, so that it keeps its colour in every plot.
        depth: blocks in the chain.
        sizes: int ``[S]``, receptive fields, rising.
        paths: ``[S]``, share of the paths that see each.
        weights: ``[S]``, share of their weight.
    """

    label: str
    place: int
    depth: int
    sizes: np.ndarray
    paths: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class FieldCurves:
    """The effective receptive field of one variant; ``place`` as in ``SpectrumBars``."""

    label: str
    place: int
    before: EffectiveField  #: training
    after: EffectiveField


def draw_spectra(
    path: Path,
    rules: Sequence[tuple[str, Sequence[SpectrumBars]]],
    *,
    near: int,
    unit: str,
    title: str,
    note: str,
) -> None:
    """Write a PNG of path shares against receptive field: a row a matching rule, a column a block.

    Number of paths up, their weight down, on axes that all cells share.

    Args:
        path: of the PNG.
        rules: matching rules by name, each with the same blocks in the same order.
        near: receptive field up to which a path counts as short; its share is written out.
        unit: of receptive fields, for example "cells".
        title: what is compared.
        note: how it was counted, under the plots.
    """
    columns = len(rules[0][1])
    figure = new_figure(3.5 * columns + 1.0, 2.15 * len(rules) + 1.5)
    grid = figure.subplots(len(rules), columns, sharex=True, sharey=True, squeeze=False)
    everything = [bars for _, row in rules for bars in row]
    seen = max(_last_seen(bars) for bars in everything)
    sizes = np.unique(np.concatenate([bars.sizes for bars in everything]))
    width = 0.75 * float(np.diff(sizes).min()) if len(sizes) > 1 else 0.75
    top, bottom = (
        _ROOM * max(float(shares.max()) for shares in drawn)
        for drawn in zip(*((bars.paths, bars.weights) for bars in everything), strict=True)
    )
    for axes, (rule, row) in zip(grid, rules, strict=True):
        for ax, bars in zip(axes, row, strict=True):
            clean_axes(ax)
            ax.grid(visible=False, axis="x")
            _draw_bars(ax, bars, near, width)
        axes[0].set_ylabel(rule, fontsize=9, fontweight="bold", color=INK)
    grid[0, 0].set(xlim=(sizes[0] - width, max(seen, near) + width), ylim=(-bottom, top))
    grid[0, 0].yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * abs(y):.0f} %"))
    ticks = sizes[sizes <= seen]
    grid[0, 0].xaxis.set_major_locator(FixedLocator(ticks[:: -(-len(ticks) // _TICKS)].tolist()))
    for ax in grid[-1]:
        ax.set_xlabel(f"receptive field of a path ({unit})", fontsize=9)
    key = (
        f"Up: share of all paths; down, pale: share of their weight; shaded: short paths, {near} "
        f"{unit} at most."
    )
    write_headline(figure, title, f"{key}\n{note}")
    figure.savefig(path, dpi=DPI)


def draw_effective_fields(
    path: Path, curves: Sequence[FieldCurves], *, title: str, note: str
) -> None:
    """Write a PNG of gradient energy within each radius, before and after training.

    Args:
        path: of the PNG.
        curves: at least one.
        title: whose fields.
        note: how they were measured, under the plots.
    """
    figure = new_figure(12.4, 4.7)
    before, after, radii = figure.subplots(1, 3, width_ratios=(1, 1, 0.9))
    reach = max(
        field.radius_holding(_NEARLY_ALL)
        for curve in curves
        for field in (curve.before, curve.after)
    )
    for ax, heading in ((before, "before training"), (after, "after training")):
        clean_axes(ax)
        ax.set_title(heading, loc="left", fontsize=10, color=INK)
        ax.set(xlim=(0, max(reach, 1.0)), ylim=(0, 1.02), xlabel="radius (pixels)")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.0f} %"))
        for share in _HELD:
            ax.axhline(share, color=FAINT, linewidth=0.8, linestyle=":", zorder=1)
        for curve in curves:
            field = curve.before if ax is before else curve.after
            ax.plot(
                np.concatenate([[0.0], field.radii]),
                np.concatenate([[0.0], field.held]),
                color=colour_of(curve.place),
                linestyle=dashes_of(curve.place),
                linewidth=1.8,
            )
    before.set_ylabel("share of the gradient's energy within")
    after.tick_params(labelleft=False)
    _draw_radii(radii, curves)
    write_headline(figure, title, note)
    figure.savefig(path, dpi=DPI)


def _last_seen(bars: SpectrumBars) -> int:
    seen = [shares >= _SEEN * shares.max() for shares in (bars.paths, bars.weights)]
    return int(bars.sizes[seen[0] | seen[1]].max())


def _draw_bars(ax: Axes, bars: SpectrumBars, near: int, width: float) -> None:
    ax.axvspan(-near, near + width * 2 / 3, color="#f1f1ec", zorder=0)
    colour = colour_of(bars.place)
    ax.bar(bars.sizes, bars.paths, width=width, color=colour, zorder=2)
    ax.bar(bars.sizes, -bars.weights, width=width, color=colour, alpha=_PALE, zorder=2)
    ax.axhline(0, color=INK, linewidth=0.8, zorder=3)
    ax.set_title(f"{bars.depth} × {bars.label}", loc="left", fontsize=10, color=INK)
    short = bars.sizes <= near
    for shares, of, y, side in (
        (bars.paths, "paths", 0.94, "top"),
        (bars.weights, "weight", 0.06, "bottom"),
    ):
        ax.text(
            0.98,
            y,
            f"{_percent(float(shares[short].sum()))} of {of} short",
            transform=ax.transAxes,
            ha="right",
            va=side,
            fontsize=9,
            color=INK,
        )


def _percent(share: float) -> str:
    """Return two digits at least, so that a share of a few in ten thousand is not nothing."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def _draw_radii(ax: Axes, curves: Sequence[FieldCurves]) -> None:
    """Draw where 90 % of the energy is held before and after, a line a variant."""
    clean_axes(ax)
    ax.grid(visible=False, axis="y")
    ax.set_title(
        f"radius holding {100 * _COMPARED:.0f} %, before → after",
        loc="left",
        fontsize=10,
        color=INK,
    )
    for row, curve in enumerate(curves):
        colour, marker = colour_of(curve.place), marker_of(curve.place)
        ends = [field.radius_holding(_COMPARED) for field in (curve.before, curve.after)]
        ax.plot(ends, [row, row], color=colour, linestyle=dashes_of(curve.place), linewidth=1.8)
        for end, fill in zip(ends, ("white", colour), strict=True):
            ax.plot(
                end, row, marker=marker, markersize=8, color=colour, markerfacecolor=fill, zorder=3
            )
        for end, other in (ends, ends[::-1]):
            ax.annotate(
                f"{end:.1f}",
                (end, row),
                (-9 if end < other else 9, 0),
                textcoords="offset points",
                ha="right" if end < other else "left",
                va="center",
                fontsize=9,
                color=INK,
            )
    ends = [
        field.radius_holding(_COMPARED) for curve in curves for field in (curve.before, curve.after)
    ]
    room = max(0.3 * (max(ends) - min(ends)), 2.0)
    ax.set(xlim=(max(min(ends) - room, 0) - 0.01, max(ends) + room), xlabel="radius (pixels)")
    ax.set_yticks(range(len(curves)), [curve.label for curve in curves])
    ax.set_ylim(len(curves) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
