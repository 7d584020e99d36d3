import numpy as np
import pytest
from scipy import stats

from bench.metrics.intervals import (
    average_seeds,
    bootstrap_weights,
    interval,
    paired_difference,
)


def test_every_resample_draws_as_many_images_as_there_are() -> None:
    weights = bootstrap_weights(50, 400, seed=3)
    assert weights.shape == (400, 50)
    assert (weights.sum(axis=1) == 50).all()
    assert (weights >= 0).all()
    # How often one image is drawn is binomial(n, 1/n): its variance is 1 - 1/n.
    assert weights.var() == pytest.approx(1 - 1 / 50, rel=0.05)


def test_the_seed_decides_the_resamples() -> None:
    assert (bootstrap_weights(9, 20, seed=1) == bootstrap_weights(9, 20, seed=1)).all()
    assert (bootstrap_weights(9, 20, seed=1) != bootstrap_weights(9, 20, seed=2)).any()


def test_interval_of_a_mean_is_the_textbook_one() -> None:
    values = np.random.default_rng(0).normal(size=400)
    samples = bootstrap_weights(400, 4000, seed=0) @ values / 400
    expected = stats.norm.interval(0.95, values.mean(), values.std() / 20)
    assert interval(samples) == pytest.approx(expected, abs=0.006)


def test_interval_leaves_undefined_resamples_out() -> None:
    samples = np.arange(1001.0)
    assert interval(samples) == pytest.approx((25, 975))
    assert interval(np.r_[samples, np.nan], level=0.9) == pytest.approx((50, 950))


def test_pairing_sees_what_separate_intervals_hide() -> None:
    draw = np.random.default_rng(1)
    difficulty = draw.normal(size=300)
    good = difficulty + 0.1 + draw.normal(0, 0.05, 300)
    bad = difficulty + draw.normal(0, 0.05, 300)
    weights = bootstrap_weights(300, 1000, seed=0)
    samples = np.stack([weights @ bad, weights @ good]) / 300
    low, high = paired_difference(samples[1], samples[0])
    assert 0 < low < 0.1 < high
    assert interval(samples[0])[1] > interval(samples[1])[0]  # these overlap


def test_one_training_is_left_as_it_is() -> None:
    samples = np.random.default_rng(0).random((1, 30))
    assert (average_seeds(samples, seed=0) == samples[0]).all()


def test_the_spread_of_trainings_widens_the_interval_as_much_as_stated() -> None:
    trainings = np.array([[0.1], [0.2], [0.6], [0.7]]).repeat(20_000, axis=1)
    resampled = average_seeds(trainings, seed=5)
    assert resampled.mean() == pytest.approx(0.4, abs=0.005)
    unbiased = trainings[:, 0].var(ddof=1) / 4
    assert resampled.var() == pytest.approx(unbiased * 3 / 4, rel=0.03)


def test_differences_are_paired_over_trainings_too() -> None:
    trainings = np.random.default_rng(0).normal(0, 5, (3, 1)).repeat(500, axis=1)
    better = average_seeds(trainings + 1, seed=2)
    assert paired_difference(better, average_seeds(trainings, seed=2)) == pytest.approx((1, 1))
