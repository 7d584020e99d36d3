"""Pictures of gates: slopes within each joint as small multiples, and maps over example people."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PathCollection
from matplotlib.colors import Normalize
from matplotlib.typing import ColorType

from reports.pictures.canvas import (
    DPI,
    clean_axes,
    colour_of,
    marker_of,
    new_figure,
    write_headline,
)
from reports.pictures.names import FAINT, INK
from reports.pictures.tiles import show_image

_ROW: Final = 0.32  # inches a joint
_DODGE: Final = 0.18  # of a row, between the marks of one joint
_BEFORE: Final = "before training"
_SIDE: Final = 1.55  # inches of a picture in the sheet of maps


@dataclass(frozen=True)
class Slopes:
    """The slopes of one gate on one factor, a row a joint; nan where there is none.

    Attributes:
        values: ``[J]``, percentage points.
        spread: ``[J, 2]``, low and high.
    """

    values: np.ndarray
    spread: np.ndarray


@dataclass(frozen=True)
class GateExamples:
    """E people with the gates over them.

    Attributes:
        images: uint8 ``[E, 3, S, S]``.
        maps: ``[E, 3, H, W]``, the gates from short to long, fractions.
        maps_before: the same before training, where it is known.
        places: ``[E, K, 2]``, x y in pixels.
        known: bool ``[E, K]``.
        occlusion: ``[E, K]``, fractions.
    """

    images: np.ndarray
    maps: np.ndarray
    places: np.ndarray
    known: np.ndarray
    occlusion: np.ndarray
    maps_before: np.ndarray | None = None


def draw_slopes(
    path: Path,
    panels: Sequence[Sequence[Slopes]],
    *,
    control: Sequence[Slopes],
    factors: Sequence[str],
    gates: Sequence[str],
    joints: Sequence[str],
    title: str,
    note: str,
) -> None:
    """Write a PNG of slopes: a column a factor, a row a joint, a mark a gate.

    Args:
        path: of the PNG.
        panels: of each factor the slopes of each gate; the last joint is that of all.
        control: of each factor that of the last gate before training, drawn hollow; or empty.
        factors: their names, each with its step.
        gates: their names; the last is the difference, which is drawn in ink.
        joints: their names.
        title: of whose gates.
        note: what marks and bars are, under the plots.
    """
    figure = new_figure(12.4, _ROW * len(joints) + 2.2)
    grid = figure.subplots(1, len(factors), sharey=True, squeeze=False)[0]
    rows = np.arange(len(joints), dtype=np.float64)
    rows[-1] += 0.5  # all joints stand apart
    middle = (len(gates) - (0 if control else 1)) / 2
    for place, (ax, slopes, factor) in enumerate(zip(grid, panels, factors, strict=True)):
        clean_axes(ax)
        ax.grid(axis="y", visible=False)
        ax.axvline(0, color=FAINT, linewidth=1, zorder=1)
        ax.axhline(rows[-1] - 0.75, color=FAINT, linewidth=0.8, linestyle=":", zorder=1)
        for number, one in enumerate(slopes):
            colour = INK if number == len(gates) - 1 else colour_of(number)
            beside = rows + (number - middle) * _DODGE
            marks = _draw_marks(ax, one, beside, colour, marker_of(number))
            marks.set_label(gates[number])
        if control:
            beside = rows + (len(gates) - middle) * _DODGE
            marks = _draw_marks(ax, control[place], beside, INK, marker_of(len(gates) - 1))
            marks.set(label=f"{gates[-1]},\n{_BEFORE}", facecolor="white")
        ax.set_title(factor, loc="left", fontsize=10, color=INK)
        ax.set_xlabel("change of the gate (points)", fontsize=9)
    grid[0].set_yticks(rows, joints, fontsize=9)
    grid[0].set_ylim(rows[-1] + 0.6, -0.6)
    figure.legend(
        *grid[0].get_legend_handles_labels(), loc="outside right upper", frameon=False, title="gate"
    )
    write_headline(figure, title, note)
    figure.savefig(path, dpi=DPI)


def draw_maps(
    path: Path,
    examples: GateExamples,
    *,
    branches: Sequence[str],
    difference: str,
    title: str,
    note: str,
) -> None:
    """Write a PNG of people, a row each, with the gates of every branch and their difference.

    Args:
        path: of the PNG.
        examples: at least one.
        branches: names of the gates, from short to long.
        difference: name of the last minus the first.
        title: of whose gates.
        note: how the colours are read, below.
    """
    gates = 100 * examples.maps
    gaps = {difference: gates[:, -1] - gates[:, 0]}
    if examples.maps_before is not None:
        before = 100 * examples.maps_before
        gaps = {f"{difference},\n{_BEFORE}": before[:, -1] - before[:, 0]} | gaps
    maps = np.stack([*gates.swapaxes(0, 1), *gaps.values()], axis=1)
    reach = max(float(np.abs([*gaps.values()]).max()), 1e-6)  # a scale needs two ends
    names = [*branches, *gaps]
    count = len(maps)
    figure = new_figure(_SIDE * (1 + len(names)) + 1.6, _SIDE * count + 1.3)
    grid = figure.subplots(count, 1 + len(names), squeeze=False)
    size = examples.images.shape[-1]
    extent = (-0.5, size - 0.5, size - 0.5, -0.5)
    scales = {
        "gate (%)": Normalize(float(gates.min()), float(gates.max())),
        "points": Normalize(-reach, reach),
    }
    colours = {"gate (%)": "viridis", "points": "RdBu_r"}
    units = ["gate (%)" if name in branches else "points" for name in names]
    for row, axes in enumerate(grid):
        show_image(axes[0], examples.images[row])
        _draw_joints(axes[0], examples, row)
        for column, (ax, unit) in enumerate(zip(axes[1:], units, strict=True)):
            ax.imshow(maps[row, column], extent=extent, cmap=colours[unit], norm=scales[unit])
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
            if row == 0:
                ax.set_title(names[column], fontsize=10, color=INK)
    for unit, scale in scales.items():
        shared = grid[:, 1:][:, [one == unit for one in units]]
        bar = figure.colorbar(
            ScalarMappable(scale, colours[unit]), ax=shared, orientation="horizontal", shrink=0.8,
            aspect=30, pad=0.01,
        )  # fmt: skip
        bar.set_label(unit, fontsize=8.5)
        bar.ax.tick_params(labelsize=8)
    grid[0, 0].set_title("joints", fontsize=10, color=INK)
    write_headline(figure, title, note)
    figure.savefig(path, dpi=DPI)


def _draw_marks(
    ax: Axes, slopes: Slopes, rows: np.ndarray, colour: ColorType, marker: str
) -> PathCollection:
    ax.hlines(rows, *slopes.spread.T, color=colour, linewidth=1.3, alpha=0.6, zorder=2)
    return ax.scatter(
        slopes.values, rows, s=18, facecolor=colour, edgecolor=colour, marker=marker, zorder=3
    )


def _draw_joints(ax: Axes, examples: GateExamples, row: int) -> None:
    known = examples.known[row]
    x, y = examples.places[row, known].T
    hidden = examples.occlusion[row, known]
    ax.scatter(
        x, y, s=14, c=hidden, cmap="Greys", vmin=0, vmax=1, edgecolors="#E69F00", linewidths=0.8
    )
