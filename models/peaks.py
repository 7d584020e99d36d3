"""Peaks of heatmaps: all places where a joint of a kind may be, to a fraction of a cell."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from torch import Tensor

# A peak at the border may lie beyond the middle of its cell, but never rounds to another cell.
_EDGE: Final = np.float32(0.499)
# What infinity counts as, so that scores are numbers.
_MOST: Final = np.finfo(np.float32).max


@dataclass(frozen=True)
class Peaks:
    """The peaks of a batch, P in all, sorted by ``channel``; numpy arrays.

    Attributes:
        channel: int64 ``[P]``, image * joints + joint.
        x: float32 ``[P]``, in cells.
        y: float32 ``[P]``, in cells.
        score: float32 ``[P]``, the heatmap's value.
    """

    channel: np.ndarray
    x: np.ndarray
    y: np.ndarray
    score: np.ndarray


def find_peaks(heatmaps: Tensor, threshold: float, most: int) -> Peaks:
    """Return the cells that no neighbour exceeds, refined; of equal neighbours the first.

    The place is the top of a parabola through the logarithms of the cell and its neighbours, which
    for a Gaussian of any width is exact; at the border, through those of the last three cells.
    Neighbours are all eight: with four, a joint between four cells would become two peaks when
    noise makes two cells across from each other the higher ones.

    Args:
        heatmaps: ``[B, K, H, W]``; a cell that is not a number is no peak.
        threshold: a peak is higher than this; at least 0.
        most: peaks of one joint in one image; the highest are kept.
    """
    images, joints, height, width = heatmaps.shape
    # All maps in one row, each in a frame of zeros.
    framed = np.zeros((images, joints, height + 2, width + 2), dtype=np.float32)
    framed[:, :, 1:-1, 1:-1] = heatmaps.detach().float().cpu().numpy()
    flat, line = framed.reshape(-1), width + 2
    cell = np.flatnonzero(flat > threshold)
    value = flat[cell]
    for step in (1, line, line + 1, line - 1):
        # In these terms, a neighbour that is not a number does not exceed.
        keep = ~((flat[cell - step] >= value) | (flat[cell + step] > value))
        cell, value = cell[keep], value[keep]
    channel, place = np.divmod(cell, (height + 2) * line)
    if len(cell) > most and np.bincount(channel).max() > most:
        keep = _highest(channel, value, most)
        cell, value, channel, place = cell[keep], value[keep], channel[keep], place[keep]
    row, column = np.divmod(place, line)
    middle = np.stack([column, row]) - 1
    x, y = (middle + _tops(flat, cell, middle, (height, width))).astype(np.float32)
    return Peaks(channel, x, y, np.minimum(value, _MOST))


def _highest(channel: np.ndarray, score: np.ndarray, most: int) -> np.ndarray:
    """Return the places, in order, of the ``most`` highest scores of each channel."""
    order = np.lexsort((-score, channel))
    rank = np.arange(len(order)) - np.searchsorted(channel, channel)
    return np.sort(order[rank < most])


def _tops(
    flat: np.ndarray, cell: np.ndarray, middle: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Return how far from its cell's middle each peak has its top, float32 ``[2, P]`` (x, y).

    Args:
        flat: all framed maps in one row.
        cell: ``[P]``, the place of each peak in it.
        middle: ``[2, P]``, column and row of each peak in its map.
        size: height and width of a map.
    """
    height, width = size
    step = np.array([[1], [width + 2]])
    # From a border's cell, the parabola is that of the next cell inward.
    last = np.array([[width - 1], [height - 1]])
    inward = np.subtract(middle == 0, middle == last, dtype=np.int8)
    three = flat[cell + step * (np.array([-1, 0, 1])[:, None, None] + inward)]
    # No parabola goes through the logarithms beside a cell that is 0 or less.
    with np.errstate(divide="ignore", invalid="ignore"):
        before, here, after = np.log(np.minimum(three, _MOST))
        curvature = 2 * here - before - after
        top = (after - before) / (2 * curvature)
    top = np.where(np.isfinite(curvature) & (curvature > 0), top, np.float32(0))
    if inward.any():
        # As a peak's it lies outward of the next cell; elsewhere means that there is no parabola.
        outward = np.where(inward * top < 0, inward * np.maximum(1 + inward * top, -_EDGE), 0)
        top = np.where(inward == 0, top, outward)
    return top
