"""Names beside the points of a plot that do not collide.

Every name takes the best of some hundred places around its point: near, inside the axes, and off
the names, points and error bars that are there. Places are found one after another, so the same
points always give the same picture.
"""

from collections.abc import Iterator, Sequence
from math import cos, radians, sin

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.transforms import BboxBase

INK, FAINT = "#222222", "#8a8a8a"

# Places to try, in display pixels and degrees: up and to the right first, as readers expect.
_DISTANCES = (10, 17, 26, 38, 54, 74, 100, 130, 170, 220)
_ANGLES = (30, 0, 150, -30, 180, -150, 60, 120, -60, -120, 90, -90)
_POINT = 6  # half of a point's side in display pixels, with a little air
_NEAR = 20  # display pixels from a point, within which a name needs no line to it
_AIR = 2  # display pixels around a name
# What a place costs, in display pixels of distance that a reader would rather have.
_OUTSIDE, _ON_NAME, _ON_POINT, _ON_BAR, _LEADER_ON_NAME = 10_000, 5_000, 400, 25, 300

Box = tuple[float, float, float, float]  #: left, bottom, right, top in display pixels


def place_names(
    ax: Axes, points: Sequence[tuple[str, float, float]], marks: Sequence[Artist]
) -> list[Annotation]:
    """Write the name of every point, clear of one another and of the marks; return the names.

    Args:
        ax: with its limits and its place in the figure settled.
        points: (name, x, y) in the axes' units.
        marks: what is drawn already: error bars, other text.
    """
    spots = ax.transData.transform([(x, y) for _, x, y in points])
    dots = _boxes([(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in spots])
    bars = _boxes([mark.get_window_extent().extents for mark in marks])
    names: list[Annotation] = []
    taken: list[Box] = []
    for (name, x, y), spot in zip(points, spots, strict=True):
        text = _write(ax, name, (x, y))
        extent = text.get_window_extent()
        box = min(
            _places(spot, extent.width + 2 * _AIR, extent.height + 2 * _AIR),
            key=lambda box: _cost(box, spot, ax.bbox, _boxes(taken), dots, bars),
        )
        taken.append(box)
        across, up = ax.transData.inverted().transform((box[0] + _AIR, box[1] + _AIR))
        text.set_position((float(across), float(up)))
        if _distance(box, spot) <= _NEAR and text.arrow_patch is not None:
            text.arrow_patch.set_visible(False)
        names.append(text)
    return names


def _write(ax: Axes, name: str, point: tuple[float, float]) -> Annotation:
    return ax.annotate(
        name,
        point,
        point,
        fontsize=9.5,
        color=INK,
        ha="left",
        va="bottom",
        zorder=5,
        arrowprops={"arrowstyle": "-", "color": FAINT, "linewidth": 0.7, "shrinkB": 5},
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )


def _places(spot: np.ndarray, width: float, height: float) -> Iterator[Box]:
    """Yield boxes whose nearest side or corner lies at a distance and angle from ``spot``."""
    for distance in _DISTANCES:
        for angle in _ANGLES:
            across, up = cos(radians(angle)), sin(radians(angle))
            left = spot[0] + distance * across - width * (1 - across) / 2
            bottom = spot[1] + distance * up - height * (1 - up) / 2
            yield left, bottom, left + width, bottom + height


def _cost(
    box: Box,
    spot: np.ndarray,
    axes: BboxBase,
    names: np.ndarray,
    dots: np.ndarray,
    bars: np.ndarray,
) -> float:
    left, bottom, right, top = box
    outside = left < axes.x0 or bottom < axes.y0 or right > axes.x1 or top > axes.y1
    nearest = _nearest(box, spot)
    leader = np.linspace(spot, nearest, 12)[:, None]
    hidden = ((names[:, :2] < leader) & (leader < names[:, 2:])).all(axis=-1)
    return (
        _distance(box, spot)
        + _OUTSIDE * outside
        + _ON_NAME * _overlaps(box, names)
        + _ON_POINT * _overlaps(box, dots)
        + _ON_BAR * _overlaps(box, bars)
        + _LEADER_ON_NAME * bool(hidden.any())
    )


def _nearest(box: Box, spot: np.ndarray) -> np.ndarray:
    """Return the point of the box that is nearest to ``spot``."""
    return np.clip(spot, box[:2], box[2:])


def _distance(box: Box, spot: np.ndarray) -> float:
    return float(np.hypot(*(_nearest(box, spot) - spot)))


def _overlaps(box: Box, others: np.ndarray) -> int:
    """Return how many of ``others`` ``[N, 4]`` the box overlaps."""
    across = (others[:, 0] < box[2]) & (others[:, 2] > box[0])
    return int((across & (others[:, 1] < box[3]) & (others[:, 3] > box[1])).sum())


def _boxes(boxes: Sequence[Sequence[float] | np.ndarray]) -> np.ndarray:
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)
