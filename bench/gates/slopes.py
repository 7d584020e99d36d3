"""Slopes of gates on facts about joints, from sums that are kept for each image.

Least squares needs of its data only sums of products. Kept image by image, they give the slopes
of any resample of the images by one matrix product, whatever the number of joints.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Of the raw second moment, below which a spread is rounding; of a determinant of correlations,
# below which factors cannot be told apart.
_FLAT: Final = 1e-10
_ALIKE: Final = 1e-6

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Sums over the samples of I images and K joints; F factors behind a constant 1, Y gates.

    Attributes:
        factors: float64 ``[I, K, 1 + F, 1 + F]``, of products of two factors.
        gates: float64 ``[I, K, 1 + F, Y]``, of products of a factor and a gate.
    """

    factors: Numbers
    gates: Numbers

    def __len__(self) -> int:
        return len(self.factors)

    @property
    def samples(self) -> NDArray[np.int64]:
        """The number of samples of each joint, ``[K]``."""
        return self.factors[..., 0, 0].sum(axis=0).round().astype(np.int64)

    def drawn(self, weights: NDArray[np.int64]) -> "Moments":
        """Return the sums of each resample, R in place of I.

        Args:
            weights: ``[R, I]``, how often each image is drawn.
        """
        return Moments(*(_product(weights, sums) for sums in (self.factors, self.gates)))


def moment_sums(
    factors: Numbers,
    gates: Numbers,
    joint: NDArray[np.int64],
    image: NDArray[np.int64],
    joints: int,
    images: int,
) -> Moments:
    """Return the sums of N samples, each of a joint in an image.

    Args:
        factors: ``[N, F]``.
        gates: ``[N, Y]``.
        joint: ``[N]``, from 0 to ``joints`` - 1.
        image: ``[N]``, from 0 to ``images`` - 1.
        joints: K.
        images: I.
    """
    rows = np.concatenate([np.ones((len(factors), 1)), factors], axis=1)
    sums = [np.zeros((images, joints, rows.shape[1], one.shape[1])) for one in (rows, gates)]
    for total, other in zip(sums, (rows, gates), strict=True):
        np.add.at(total, (image, joint), rows[:, :, None] * other[:, None, :])
    return Moments(*sums)


def joint_slopes(moments: Moments, *, alone: bool = False) -> Numbers:
    """Return the slopes within each joint ``[..., K, F, Y]``, of sums ``[..., K, 1 + F, ...]``.

    A joint whose factors do not vary, or cannot be told apart, has no slope: nan.

    Args:
        moments: summed over images, or resamples of them.
        alone: regress on one factor at a time instead of on all together.
    """
    return _solved(*_centred(moments), alone)


def pooled_slopes(moments: Moments, *, alone: bool = False) -> Numbers:
    """Return the slopes over all joints ``[..., F, Y]``, each joint about its own mean.

    What one joint has more of than another, of a gate or of a factor, then counts for nothing.
    """
    within, across = _centred(moments)
    return _solved(within.sum(axis=-3), across.sum(axis=-3), alone)


def _product(weights: NDArray[np.int64], sums: Numbers) -> Numbers:
    flat = weights.astype(np.float64) @ sums.reshape(len(sums), -1)
    return flat.reshape(len(weights), *sums.shape[1:])


def _centred(moments: Moments) -> tuple[Numbers, Numbers]:
    """Return the sums of products about the means, ``[..., K, F, F]`` and ``[..., K, F, Y]``."""
    number = np.maximum(moments.factors[..., :1, :1], 1.0)  # nothing to sum where there is none
    first = moments.factors[..., 1:, :1]  # of each factor
    means = moments.gates[..., :1, :] / number
    spread = moments.factors[..., 1:, 1:]
    # Rounding is not spread: what is left of equal numbers after subtraction is nothing.
    raw = np.diagonal(spread, axis1=-2, axis2=-1)
    within = spread - first * np.swapaxes(first, -1, -2) / number
    flat = np.diagonal(within, axis1=-2, axis2=-1) <= _FLAT * raw
    within = np.where(flat[..., None] | flat[..., None, :], 0.0, within)
    across = np.where(flat[..., None], 0.0, moments.gates[..., 1:, :] - first * means)
    return within, across


def _solved(within: Numbers, across: Numbers, alone: bool) -> Numbers:
    spread = np.diagonal(within, axis1=-2, axis2=-1)
    scale = np.sqrt(np.where(spread > 0, spread, 1.0))
    if alone:
        return np.where(spread[..., None] > 0, across / scale[..., None] ** 2, np.nan)
    correlation = within / (scale[..., None] * scale[..., None, :])
    told_apart = (spread > 0).all(axis=-1) & (np.linalg.det(correlation) > _ALIKE)
    safe = np.where(told_apart[..., None, None], correlation, np.eye(within.shape[-1]))
    solved = np.linalg.solve(safe, across / scale[..., None]) / scale[..., None]
    return np.where(told_apart[..., None, None], solved, np.nan)
