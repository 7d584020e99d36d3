"""What the metrics that measure in head sizes share: PCKh and PoseTrack mAP."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.problem import Problem

# MPII's and PoseTrack's share of the head box's diagonal that counts as the size of the head.
_HEAD_SHARE: Final = 0.6


def head_sizes(
    head_boxes: ArrayLike | None, judged: NDArray[np.bool_], names: Sequence[str]
) -> NDArray[np.float64]:
    """Return the head size of each person, ``[N]`` pixels: 0.6 x the diagonal of the head box.

    Args:
        head_boxes: ``[N, 4]`` pixels, x1 y1 x2 y2.
        judged: ``[N]``, the person has joints to be judged; nobody else needs a head box.
        names: what to call each person in a message.

    Raises:
        Problem: a person to be judged has no head box, or one without size.
    """
    if not judged.any():
        return np.zeros(len(judged))
    boxes = np.asarray(head_boxes, dtype=np.float64)
    if boxes.shape != (len(judged), 4):
        raise Problem(
            f"{names[int(judged.argmax())]} has no head box, and errors are measured in head "
            "sizes; take data with a head box (x1 y1 x2 y2) for each person, or judge by OKS"
        )
    sizes = _HEAD_SHARE * np.hypot(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    without = np.flatnonzero(judged & ~((sizes > 0) & np.isfinite(sizes)))
    if len(without):
        raise Problem(
            f"{names[without[0]]} has the head box {boxes[without[0]].tolist()}, which has no "
            "size; give it the extent of the head (x1 y1 x2 y2), or leave out the person's joints"
        )
    return np.asarray(sizes)


def mean_of_judged(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over the last axis of what is not nan; nan where all is."""
    there = ~np.isnan(values)
    total: NDArray[Any] = np.where(there, values, 0.0).sum(axis=-1)
    with np.errstate(invalid="ignore"):  # 0 / 0 is nan: there is nothing to judge
        return np.asarray(np.divide(total, there.sum(axis=-1)))
