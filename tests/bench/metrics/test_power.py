"""Powers against published tables and against studies that are simulated outright."""

import math

import numpy as np
import pytest
from scipy import stats

from bench.metrics.intervals import bootstrap_weights, interval
from bench.metrics.power import (
    Variances,
    estimate_variances,
    images_needed,
    power_of,
    seeds_needed,
    smallest_seen,
)

# One-sample t test, two-sided at 5 %, power 80 %: effect in standard deviations -> sample, as
# G*Power 3.1 and Cohen's tables have it.
TABLE = [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)]


@pytest.mark.parametrize(("effect", "sample"), TABLE)
def test_images_of_the_tables(effect: float, sample: int) -> None:
    assert images_needed(effect, Variances(None, 1.0, None), seeds=1) == sample


@pytest.mark.parametrize(("effect", "sample"), TABLE)
def test_seeds_of_the_tables(effect: float, sample: int) -> None:
    assert seeds_needed(effect, Variances(1.0, 0.0, 0.0), images=500) == sample


def test_what_is_seen_is_what_needs_as_much_as_there_is() -> None:
    variances = Variances(0.3, 40.0, 20.0)
    seen = smallest_seen(variances, 4, 250)
    assert power_of(seen, variances, 4, 250) == pytest.approx(0.8)
    assert (
        images_needed(1.001 * seen, variances, 4) <= 250 < images_needed(0.99 * seen, variances, 4)
    )


def test_no_number_of_images_makes_up_for_few_seeds() -> None:
    variances = Variances(1.0, 1.0, 0.0)
    assert math.isinf(images_needed(0.5, variances, seeds=3))
    # (1.96 + 0.84) deviations of the mean are 0.5 where 1 / 60 + 1 / I = 0.032: about 66 images.
    assert 60 < images_needed(0.5, variances, seeds=60) < 75
    assert power_of(0.5, variances, seeds=1, images=10**6) == 0


def test_one_training_says_nothing_about_seeds() -> None:
    draws = np.random.default_rng(0)
    variances = estimate_variances(np.array([0.1]), draws.normal(size=(1, 50)), 100)
    assert variances.seeds is None
    with pytest.raises(ValueError, match="one training"):
        seeds_needed(0.1, variances, 100)


def test_models_that_never_differ_need_next_to_nothing() -> None:
    nothing = estimate_variances(np.zeros(3), np.zeros((3, 20)), 100)
    assert nothing == Variances(0.0, 0.0, 0.0)
    assert (images_needed(0.01, nothing, 3), seeds_needed(0.01, nothing, 100)) == (2, 1)
    assert smallest_seen(nothing, 3, 100) == 0


def study(draws: np.random.Generator, true: Variances, seeds: int, images: int) -> np.ndarray:
    """Return differences ``[S, I]`` around 0 with these variances, one an image and training."""
    assert true.seeds is not None and true.both is not None
    return (
        draws.normal(0, true.seeds**0.5, (seeds, 1))
        + draws.normal(0, true.images**0.5, (1, images))
        + draws.normal(0, true.both**0.5, (seeds, images))
    )


def test_variances_are_recovered_from_simulated_studies() -> None:
    true, seeds, images = Variances(0.02, 1.0, 3.0), 5, 80
    draws = np.random.default_rng(3)
    weights = bootstrap_weights(images, 300, seed=0) / images
    found = []
    for _ in range(300):
        measured = study(draws, true, seeds, images)
        one = estimate_variances(measured.mean(axis=1), measured @ weights.T, images)
        found.append((one.seeds, one.images, one.both))
    seeds_, images_, both = np.mean(found, axis=0)
    # The bootstrap's variance over images is (I - 1) / I of the unbiased one.
    assert images_ == pytest.approx(true.images, rel=0.1)
    assert both == pytest.approx(true.both, rel=0.05)
    assert seeds_ == pytest.approx(true.seeds, rel=0.35)  # cut at 0, so a little too large


def test_so_many_images_see_it_in_four_studies_of_five() -> None:
    """With the harness's own interval, of one pair of trained models."""
    difference = 0.25
    images = int(images_needed(difference, Variances(None, 2.0, None), 1))
    draws = np.random.default_rng(7)
    weights = bootstrap_weights(images, 400, seed=0) / images
    studies = draws.normal(difference, 2.0**0.5, (1000, images))
    seen = sum(interval(weights @ one)[0] > 0 for one in studies)
    assert seen / 1000 == pytest.approx(0.8, abs=0.04)  # three deviations of 1,000 studies


def test_so_many_seeds_see_it_in_four_studies_of_five() -> None:
    """With the t test over seeds, which is right where the images are the same in all studies."""
    difference, true, images = 0.3, Variances(0.09, 0.0, 4.0), 100
    seeds = int(seeds_needed(difference, true, images))
    draws = np.random.default_rng(11)
    means = np.stack([study(draws, true, seeds, images).mean(axis=1) for _ in range(1500)])
    found = stats.ttest_1samp(means + difference, 0, axis=1)
    seen = np.mean((found.pvalue < 0.05) & (found.statistic > 0))
    assert power_of(difference, true, seeds, images) <= seen + 0.03
    assert seen >= 0.77
    fewer = stats.ttest_1samp(means[:, :-1] + difference, 0, axis=1)
    assert np.mean((fewer.pvalue < 0.05) & (fewer.statistic > 0)) < 0.83
