"""Picture sheets of crops: what a variant predicted, over the truth, for one person each."""

from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bench.data.crops import PADDING
from models.skeleton import Skeleton
from reports.pictures.tiles import (
    SHADE,
    TILES,
    draw_lines,
    draw_tiles,
    draw_truth,
    legend_line,
    show_image,
    truth_legend,
)

THRESHOLD = 0.2  # of the person's extent: PCK@0.2
LEFT, RIGHT, MIDDLE = "#56B4E9", "#E69F00", "#CC79A7"
MISSED = "#FF3B30"


def draw_crops(
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
    tiles = [
        partial(_draw, image=image, truth=one, predicted=other, skeleton=skeleton)
        for image, one, other in zip(images[:TILES], truth, predicted, strict=False)
    ]
    draw_tiles(path, tiles, title=title, legend=_legend())


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


def _draw(
    ax: Axes, *, image: np.ndarray, truth: np.ndarray, predicted: np.ndarray, skeleton: Skeleton
) -> str:
    show_image(ax, image)
    right, counted = crop_pck(truth, predicted, image.shape[-1])
    limbs = np.array(skeleton.limbs)
    draw_truth(ax, truth[limbs[counted[limbs].all(axis=1)], :2])
    draw_lines(ax, predicted[limbs, :2], SHADE, 3.6)
    sides = [_side(skeleton.joints[start], skeleton.joints[end]) for start, end in limbs]
    draw_lines(ax, predicted[limbs, :2], sides, 2.2)
    wrong = counted & ~right
    draw_lines(ax, np.stack([predicted[wrong, :2], truth[wrong, :2]], axis=1), MISSED, 1.0)
    x, y = truth[wrong, :2].T
    ax.scatter(x, y, marker="x", s=22, c=MISSED, linewidths=1.4, zorder=4)
    sides = [_side(name, name) for name in skeleton.joints]
    x, y = predicted[:, :2].T
    ax.scatter(x, y, s=13, c=sides, edgecolors="black", linewidths=0.8, zorder=4)
    total = int(counted.sum())
    share = f"PCK@0.2 {right.sum() / total:.2f}   " if total else ""
    return f"{share}{right.sum()} of {total} joints"


def _side(start: str, end: str) -> str:
    sides = {name.split("_", 1)[0] for name in (start, end)} & {"left", "right"}
    if len(sides) != 1:
        return MIDDLE
    return LEFT if "left" in sides else RIGHT


def _legend() -> list[Line2D]:
    return [
        legend_line("predicted, person's left", color=LEFT, linewidth=2.4),
        legend_line("right", color=RIGHT, linewidth=2.4),
        legend_line("across or middle", color=MIDDLE, linewidth=2.4),
        truth_legend(),
        legend_line(
            "wrong joint to its truth", color=MISSED, linewidth=1.2, marker="x", markersize=5
        ),
    ]
