"""Regions of an image in which nothing is judged: which points lie in them."""

import numpy as np
from numpy.typing import NDArray

from bench.data.contract import Target

_Floats = NDArray[np.float64]
_Bools = NDArray[np.bool_]


def ignored_points(points: _Floats, target: Target) -> _Bools:
    """Return which points lie strictly within an ignore region of an image; a border is outside.

    Args:
        points: ``[..., 2]`` in pixels of the image.
        target: of the image, perhaps with ``ignore`` and ``ignore_polygons``.

    Returns:
        ``[...]``.
    """
    ignored = np.zeros(points.shape[:-1], dtype=np.bool_)
    for box in target["ignore"].double().numpy() if "ignore" in target else ():
        ignored |= ((box[:2] < points) & (points < box[2:])).all(axis=-1)
    for corners in (
        target["ignore_polygons"].double().numpy() if "ignore_polygons" in target else ()
    ):
        ignored |= inside_polygon(points, corners)
    return ignored


def inside_polygon(points: _Floats, corners: _Floats) -> _Bools:
    """Return which points lie inside a polygon but not on its outline, by the even-odd rule.

    A ray to the right of a point inside crosses the outline an odd number of times. With fewer
    than three corners, nothing is inside.

    Args:
        points: ``[..., 2]``.
        corners: ``[V, 2]``; the last is joined to the first, and repeating one changes nothing.

    Returns:
        ``[...]``.
    """
    x, y = points[..., 0, None], points[..., 1, None]
    ends = np.roll(corners, -1, axis=0)
    (x1, y1), (x2, y2) = corners.T, ends.T
    left_of = (x2 - x1) * (y - y1) - (y2 - y1) * (
        x - x1
    )  # above 0: left of the edge, looking along
    crossed = ((y1 > y) != (y2 > y)) & ((left_of > 0) == (y2 > y1)) & (left_of != 0)
    beside_x = (np.minimum(x1, x2) <= x) & (x <= np.maximum(x1, x2))
    beside_y = (np.minimum(y1, y2) <= y) & (y <= np.maximum(y1, y2))
    on_outline = ((left_of == 0) & beside_x & beside_y).any(axis=-1)
    return np.asarray((crossed.sum(axis=-1) % 2 == 1) & ~on_outline)
