"""Picture sheets: what a variant predicted, over the truth, on a few validation crops."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from bench.data.crops import PADDING
from models.skeleton import Skeleton

CROPS, COLUMNS = 8, 4
TILE = 2.5  # inches
DPI = 130
THRESHOLD = 0.2  # of the person's extent: PCK@0.2
LEFT, RIGHT, MIDDLE, TRUTH = "#56B4E9", "#E69F00", "#CC79A7", "white"
MISSED = "#FF3B30"
INK, FAINT = "#222222", "#6f6f6f"
OUTLINE = [withStroke(linewidth=3.6, foreground="#00000090")]  # legible on any photograph


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
    columns = max(1, min(count, COLUMNS))
    rows = max(1, -(-count // COLUMNS))
    figure = Figure(figsize=(TILE * columns + 0.2, (TILE + 0.3) * rows + 0.9))
    FigureCanvasAgg(figure)
    figure.set_layout_engine("constrained")
    figure.suptitle(title, x=0.012, ha="left", fontsize=12, fontweight="bold", color=INK)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes[count:]:
        ax.set_axis_off()
    for ax, image, true, guess in zip(axes, images[:count], truth, predicted, strict=False):
        _tile(ax, image, true, guess, skeleton)
    figure.legend(
        handles=_legend(),
        loc="outside lower center",
        ncols=min(5, 2 * columns),
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
    for start, end in skeleton.limbs:
        if counted[start] and counted[end]:
            ends = truth[[start, end]]
            ax.plot(ends[:, 0], ends[:, 1], color="#000000", linewidth=2.2, alpha=0.45)
            ax.plot(ends[:, 0], ends[:, 1], color=TRUTH, linewidth=1.3, linestyle=(0, (3, 1.5)))
    for start, end in skeleton.limbs:
        ends = predicted[[start, end]]
        colour = _side(skeleton.joints[start], skeleton.joints[end])
        ax.plot(ends[:, 0], ends[:, 1], color=colour, linewidth=2.2, path_effects=OUTLINE)
    for joint, name in enumerate(skeleton.joints):
        x, y, _ = predicted[joint]
        ax.plot(x, y, "o", color=_side(name, name), markersize=3.6, markeredgecolor="#000000")
        if counted[joint] and not right[joint]:
            ax.plot([x, truth[joint, 0]], [y, truth[joint, 1]], color=MISSED, linewidth=1.2)
            ax.plot(*truth[joint, :2], "x", color=MISSED, markersize=5, markeredgewidth=1.4)
    total = int(counted.sum())
    share = f"PCK@0.2 {right.sum() / total:.2f}" if total else "no annotated joint"
    ax.set_xlabel(f"{share}   {right.sum()} of {total} joints", fontsize=9, color=INK)


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
            linestyle=(0, (3, 1.5)),
            path_effects=[withStroke(linewidth=3, foreground="#555555")],
        ),
        line("wrong joint to its truth", color=MISSED, linewidth=1.2, marker="x", markersize=5),
    ]
