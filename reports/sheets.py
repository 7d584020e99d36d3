"""Picture sheets: what a variant predicted, over the truth, on a few validation crops."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from bench.data.crops import PADDING
from models.skeleton import Skeleton

CROPS, COLUMNS = 8, 4
TILE, GAP, CAPTION, TOP, BOTTOM = 2.4, 0.1, 0.34, 0.5, 0.42  # inches
DPI = 130
THRESHOLD = 0.2  # of the person's extent: PCK@0.2
LEFT, RIGHT, MIDDLE, TRUTH = "#56B4E9", "#E69F00", "#CC79A7", "white"
MISSED = "#FF3B30"
INK = "#222222"
SHADE = (0.0, 0.0, 0.0, 0.5)  # under every line, so that it is legible on any photograph
DASHED = (0, (3, 1.5))


def draw_sheet(
    path: Path,
    images: np.ndarray,
    truth: np.ndarray,
    predicted: np.ndarray,
    *,
    skeleton: Skeleton,
    title: str,
) -> None:
    """Write a PNG of up to eight crops with truth and prediction, and each crop's PCK@0.2 below.

    Args:
        path: of the PNG.
        images: uint8 ``[S, 3, H, W]``, crops.
        truth: ``[S, K, 3]``, x y visibility in pixels of the crop.
        predicted: ``[S, K, 3]``, x y score in pixels of the crop.
        skeleton: of the K joints.
        title: of the sheet.
    """
    count = min(len(images), CROPS)
    rows = -(-count // COLUMNS)
    width = COLUMNS * (TILE + GAP) + GAP
    height = TOP + rows * (TILE + CAPTION) + BOTTOM
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    figure.text(GAP / width, 1 - 0.3 / height, title, fontsize=12, fontweight="bold", color=INK)
    for index in range(count):
        left = GAP + (index % COLUMNS) * (TILE + GAP)
        bottom = height - TOP - (index // COLUMNS) * (TILE + CAPTION) - TILE
        ax = figure.add_axes((left / width, bottom / height, TILE / width, TILE / height))
        _tile(ax, images[index], truth[index], predicted[index], skeleton)
    figure.legend(
        handles=_legend(),
        loc="lower left",
        ncols=5,
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
    )
    figure.savefig(path, dpi=DPI)


def crop_pck(
    truth: np.ndarray, predicted: np.ndarray, crop_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return which joints of one crop are right and which count, both bool ``[K]``.

    A joint is right within 0.2 of the longer side of the person's ground-truth box, which the
    crop's padding fixes in pixels of the crop; joints of visibility > 0 count.
    """
    reach = THRESHOLD * crop_size / PADDING
    counted = truth[:, 2] > 0
    near = np.linalg.norm(predicted[:, :2] - truth[:, :2], axis=1) <= reach
    return near & counted, counted


def _tile(
    ax: Axes, image: np.ndarray, truth: np.ndarray, predicted: np.ndarray, skeleton: Skeleton
) -> None:
    size = image.shape[-1]
    ax.imshow(image.transpose(1, 2, 0), interpolation="bicubic")
    ax.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    right, counted = crop_pck(truth, predicted, size)
    limbs = np.array(skeleton.limbs)
    known = limbs[counted[limbs].all(axis=1)]
    _lines(ax, truth[known, :2], SHADE, 2.4)
    _lines(ax, truth[known, :2], TRUTH, 1.3, linestyle=DASHED)
    _lines(ax, predicted[limbs, :2], SHADE, 3.6)
    sides = [_side(skeleton.joints[start], skeleton.joints[end]) for start, end in limbs]
    _lines(ax, predicted[limbs, :2], sides, 2.2)
    wrong = counted & ~right
    _lines(ax, np.stack([predicted[wrong, :2], truth[wrong, :2]], axis=1), MISSED, 1.0)
    x, y = truth[wrong, :2].T
    ax.scatter(x, y, marker="x", s=22, c=MISSED, linewidths=1.4, zorder=4)
    sides = [_side(name, name) for name in skeleton.joints]
    x, y = predicted[:, :2].T
    ax.scatter(x, y, s=13, c=sides, edgecolors="black", linewidths=0.8, zorder=4)
    total = int(counted.sum())
    share = f"PCK@0.2 {right.sum() / total:.2f}   " if total else ""
    ax.set_xlabel(f"{share}{right.sum()} of {total} joints", fontsize=9, color=INK)


def _lines(
    ax: Axes,
    ends: np.ndarray,
    colours: str | tuple[float, ...] | list[str],
    width: float,
    linestyle: str | tuple[float, tuple[float, float]] = "solid",
) -> None:
    """Draw lines between ``ends`` ``[L, 2, 2]``, cut at the tile's border."""
    lines = LineCollection(list(ends), colors=colours, linewidths=width, linestyles=linestyle)
    ax.add_collection(lines, autolim=False)


def _side(start: str, end: str) -> str:
    sides = {name.split("_", 1)[0] for name in (start, end)} & {"left", "right"}
    if len(sides) != 1:
        return MIDDLE
    return LEFT if "left" in sides else RIGHT


def _legend() -> list[Line2D]:
    def line(label: str, **style: object) -> Line2D:
        return Line2D([], [], label=label, **style)  # type: ignore[arg-type]

    return [
        line("predicted, person's left", color=LEFT, linewidth=2.4),
        line("right", color=RIGHT, linewidth=2.4),
        line("across or middle", color=MIDDLE, linewidth=2.4),
        line(
            "truth",
            color=TRUTH,
            linewidth=1.5,
            linestyle=DASHED,
            path_effects=[withStroke(linewidth=3, foreground="#555555")],
        ),
        line("wrong joint to its truth", color=MISSED, linewidth=1.2, marker="x", markersize=5),
    ]
