"""How many trainings and images it takes to see a difference between two models.

The difference of a statistic between two models, each trained with S seeds and judged on the same
I images, varies for three reasons (a two-way layout of seeds and images, both drawn at random):

    variance(S, I) = seeds / S + images / I + both / (S I)

``seeds`` is what another training changes on all images, ``images`` what other images change for
all trainings, ``both`` what is left: the images on which one training happens to be right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL: Final = 0.95
POWER: Final = 0.8
_MOST: Final = 10**9  # images or seeds; what needs more needs what nobody has


@dataclass(frozen=True)
class Variances:
    """Of one seed and one image, as above, in the statistic's unit squared.

    Attributes:
        seeds: None where there was a single training, which says nothing about others.
        images: with a single training, ``both`` is in it: it is that of these two trained models.
        both: None likewise.
    """

    seeds: float | None
    images: float
    both: float | None

    def of_the_mean(self, seeds: int, images: int) -> float:
        """Return the variance of a difference over so many seeds and images."""
        return (self.seeds or 0.0) / seeds + (self.images + (self.both or 0.0) / seeds) / images


def estimate_variances(
    differences: NDArray[np.float64], samples: NDArray[np.float64], images: int
) -> Variances:
    """Return the variances behind a difference that was measured with one or several seeds.

    The variance over images of a single training's difference is ``images + both``, that of the
    mean of S trainings ``images + both / S``, and between the trainings' differences on one and
    the same images lies ``seeds + both / I``. Negative estimates are cut to 0.

    Args:
        differences: ``[S]``, of each pair of trainings, on all images.
        samples: ``[S, R]``, of the same pairs under a bootstrap of the images, the same R
            resamples for each.
        images: I, of a resample.
    """
    trainings = len(differences)
    drawn = samples[:, ~np.isnan(samples).any(axis=0)]
    alone = images * float(drawn.var(axis=1, ddof=1).mean())
    if trainings == 1:
        return Variances(None, alone, None)
    together = images * float(drawn.mean(axis=0).var(ddof=1))
    both = max(0.0, (alone - together) * trainings / (trainings - 1))
    between = float(np.var(differences, ddof=1))
    return Variances(max(0.0, between - both / images), max(0.0, alone - both), both)


def power_of(difference: float, variances: Variances, seeds: int, images: int) -> float:
    """Return how often a true ``difference`` is told from 0 at 95 %, in its own direction.

    By the t test whose degrees of freedom weigh the S - 1 of the seeds against the many of the
    images (Satterthwaite, Biometrics Bulletin 2, 1946): few seeds know their own spread badly.
    """
    variance = variances.of_the_mean(seeds, images)
    if variance == 0:
        return 1.0
    of_seeds = ((variances.seeds or 0.0) + (variances.both or 0.0) / images) / seeds
    if of_seeds == 0:
        freedom = images - 1.0
    elif seeds == 1:
        return 0.0
    else:
        of_images = variance - of_seeds
        freedom = variance**2 / (of_seeds**2 / (seeds - 1) + of_images**2 / (images - 1))
    threshold = stats.t.ppf((1 + LEVEL) / 2, freedom)
    return float(stats.nct.sf(threshold, freedom, difference / np.sqrt(variance)))


def images_needed(difference: float, variances: Variances, seeds: int) -> float:
    """Return the fewest images with which ``difference`` is seen; infinite where none suffice.

    Seen: told from 0 at 95 % in 80 % of all studies.
    """
    return _fewest(lambda images: power_of(difference, variances, seeds, images), 2)


def seeds_needed(difference: float, variances: Variances, images: int) -> float:
    """Return the fewest seeds with which ``difference`` is seen; infinite where none suffice.

    Raises:
        ValueError: a single training was measured, from which this cannot be told.
    """
    if variances.seeds is None:
        raise ValueError("one training says nothing about how trainings differ")
    return _fewest(lambda seeds: power_of(difference, variances, seeds, images), 1)


def smallest_seen(variances: Variances, seeds: int, images: int) -> float:
    """Return the smallest difference that is seen with so many seeds and images."""
    low, high = 0.0, np.sqrt(variances.of_the_mean(seeds, images))
    if high == 0:
        return 0.0
    while power_of(high, variances, seeds, images) < POWER:
        low, high = high, 2 * high
        if not np.isfinite(high):
            return inf
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (
            (low, middle) if power_of(middle, variances, seeds, images) >= POWER else (middle, high)
        )
    return float(high)


def _fewest(power: Callable[[int], float], least: int) -> float:
    """Return the smallest number from ``least`` on that gives the power asked for."""
    high = least
    while power(high) < POWER:
        high *= 2
        if high > _MOST:
            return inf
    low = high // 2  # too few, or below the least
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if middle >= least and power(middle) >= POWER else (middle, high)
    return high
