"""How sure a number is: percentile intervals of a paired bootstrap.

A resample draws as many images as there are, with replacement. One table draws its resamples once
and gives the same ones to every model, so that what makes an image hard for all of them cancels in
a difference.
"""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]


def bootstrap_weights(images: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """Return how often each image is drawn in each resample, ``[resamples, images]``."""
    draws = np.random.default_rng(seed)
    weights = np.empty((resamples, images), dtype=np.int64)
    for row in weights:
        row[:] = np.bincount(draws.integers(images, size=images), minlength=images)
    return weights


def average_seeds(samples: Samples, seed: int) -> Samples:
    """Return the mean over trainings, resampled over the trainings too, ``[R]``.

    The models of one table share ``seed``, and their rows of ``samples`` are the same training
    seeds in the same order; then their differences are paired over seeds as well.

    With one training (S = 1) only the images vary: the interval then does not cover what another
    seed of initialisation, data order and augmentation would change. With few trainings it covers
    that only in part: the bootstrap's variance of a mean of S is too small by the factor
    (S - 1) / S, a half for S = 2.

    Args:
        samples: ``[S, R]``, a statistic of S trainings, all under the same R image resamples.
        seed: of the drawing of trainings.
    """
    trainings, resamples = samples.shape
    # A stream apart from that of bootstrap_weights: equal draws would tie seeds to images.
    draws = np.random.default_rng([seed, trainings])
    chosen = draws.integers(trainings, size=(trainings, resamples))
    return np.asarray(np.take_along_axis(samples, chosen, axis=0).mean(axis=0))


def interval(samples: Samples, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval (low, high) of bootstrap samples ``[R]``.

    A resample for which the statistic is not defined (nan: it drew no person) is left out.
    """
    low, high = np.nanquantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def paired_difference(
    samples: Samples, reference: Samples, level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of ``samples - reference``, both ``[R]`` under the same resamples."""
    return interval(samples - reference, level)
