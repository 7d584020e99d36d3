"""Pictures side by side with people drawn over them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.typing import ColorType

from reports.pictures.names import INK

TILES = 8  # of a sheet, at most
COLUMNS = 4
GAP, CAPTION, TOP, BOTTOM = 0.1, 0.34, 0.5, 0.42  # inches
DPI = 130
TRUTH = "white"
SHADE = (0.0, 0.0, 0.0, 0.5)  # under every line, so that it is legible on any photograph
DASHED = (0, (3, 1.5))
LineStyle = str | tuple[float, tuple[float, float]]


def draw_tiles(
    path: Path,
    tiles: Sequence[Callable[[Axes], str]],
    *,
    title: str,
    legend: Sequence[Line2D],
    columns: int = COLUMNS,
    side: float = 2.4,
) -> None:
    """Write a PNG of pictures in rows.

    Args:
        path: of the PNG.
        tiles: each draws one picture into its axes and returns what is written below it.
        title: of the sheet.
        legend: below all.
        columns: pictures a row.
        side: of a picture in inches.
    """
    rows = -(-len(tiles) // columns)
    width = columns * (side + GAP) + GAP
    height = TOP + rows * (side + CAPTION) + BOTTOM
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    figure.text(GAP / width, 1 - 0.3 / height, title, fontsize=12, fontweight="bold", color=INK)
    for index, tile in enumerate(tiles):
        left = GAP + (index % columns) * (side + GAP)
        bottom = height - TOP - (index // columns) * (side + CAPTION) - side
        ax = figure.add_axes((left / width, bottom / height, side / width, side / height))
        ax.set_xlabel(tile(ax), fontsize=9, color=INK)
    figure.legend(
        handles=list(legend),
        loc="lower left",
        ncols=5,
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
    )
    figure.savefig(path, dpi=DPI)


def show_image(ax: Axes, image: np.ndarray) -> None:
    """Fill the axes with a picture, uint8 ``[3, S, S]``; their units are its pixels."""
    size = image.shape[-1]
    ax.imshow(image.transpose(1, 2, 0), interpolation="bicubic")
    ax.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def draw_truth(ax: Axes, ends: np.ndarray) -> None:
    """Draw the limbs of the truth, ``[L, 2, 2]``."""
    draw_lines(ax, ends, SHADE, 2.4)
    draw_lines(ax, ends, TRUTH, 1.3, linestyle=DASHED)


def draw_lines(
    ax: Axes,
    ends: np.ndarray,
    colours: ColorType | Sequence[ColorType],
    width: float,
    linestyle: LineStyle = "solid",
) -> None:
    """Draw lines between ``ends`` ``[L, 2, 2]``, cut at the tile's border."""
    lines = LineCollection(list(ends), colors=colours, linewidths=width, linestyles=linestyle)
    ax.add_collection(lines, autolim=False)


def legend_line(label: str, **style: object) -> Line2D:
    """Return a line of the legend."""
    return Line2D([], [], label=label, **style)  # type: ignore[arg-type]


def truth_legend() -> Line2D:
    """Return the legend's line for the truth."""
    return legend_line(
        "truth",
        color=TRUTH,
        linewidth=1.5,
        linestyle=DASHED,
        path_effects=[withStroke(linewidth=3, foreground="#555555")],
    )
