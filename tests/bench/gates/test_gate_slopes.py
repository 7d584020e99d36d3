"""Slopes from sums: against least squares on the samples themselves, and where there are none."""

import numpy as np
import pytest

from bench.gates.slopes import Moments, joint_slopes, moment_sums, pooled_slopes
from bench.metrics.intervals import bootstrap_weights

IMAGES, JOINTS, SAMPLES = 12, 3, 300


@pytest.fixture
def samples():
    """Factors that go together, gates that follow them and the joint, and noise."""
    draws = np.random.default_rng(0)
    factors = draws.normal(size=(SAMPLES, 3)) @ np.array([[1, 0.6, 0], [0, 1, 0.4], [0, 0, 1]])
    joint = draws.integers(JOINTS, size=SAMPLES)
    gates = factors @ draws.normal(size=(3, 2)) + 5 * joint[:, None] + draws.normal(size=(1, 2))
    gates += 0.1 * draws.normal(size=gates.shape)
    return factors + joint[:, None], gates, joint, draws.integers(IMAGES, size=SAMPLES)


def summed(samples) -> Moments:
    return moment_sums(*samples, JOINTS, IMAGES)


def whole(samples) -> Moments:
    moments = summed(samples)
    return Moments(moments.factors.sum(axis=0), moments.gates.sum(axis=0))


def fitted(factors, gates, groups):
    """Least squares with a constant for each group, as numpy solves it."""
    constants = groups[:, None] == np.unique(groups)
    rows = np.concatenate([factors, constants], axis=1)
    return np.linalg.lstsq(rows, gates, rcond=None)[0][: factors.shape[1]]


def test_slopes_are_those_of_least_squares(samples):
    factors, gates, joint, _ = samples
    np.testing.assert_allclose(pooled_slopes(whole(samples)), fitted(factors, gates, joint))
    within = joint_slopes(whole(samples))
    for one in range(JOINTS):
        mine = joint == one
        expected = fitted(factors[mine], gates[mine], joint[mine])
        np.testing.assert_allclose(within[one], expected, rtol=1e-6, atol=1e-9)


def test_a_factor_by_itself_is_regressed_on_alone(samples):
    factors, gates, joint, _ = samples
    alone = pooled_slopes(whole(samples), alone=True)
    for one in range(factors.shape[1]):
        expected = fitted(factors[:, [one]], gates, joint)
        np.testing.assert_allclose(alone[[one]], expected, rtol=1e-6, atol=1e-9)
    assert np.abs(alone - pooled_slopes(whole(samples))).max() > 0.1, "the two must differ here"


def test_a_resample_is_the_images_drawn_so_often(samples):
    weights = bootstrap_weights(IMAGES, 4, seed=3)
    drawn = pooled_slopes(summed(samples).drawn(weights))
    factors, gates, joint, image = samples
    for row, expected in zip(weights, drawn, strict=True):
        again = np.repeat(np.arange(SAMPLES), row[image])
        np.testing.assert_allclose(
            expected, fitted(factors[again], gates[again], joint[again]), rtol=1e-6, atol=1e-9
        )


def test_what_one_joint_has_more_of_than_another_counts_for_nothing():
    # The second joint has more of the factor and a higher gate; within each the gate falls.
    factors = np.array([[0.0], [1.0], [10.0], [11.0]])
    gates = np.array([[0.5], [0.4], [0.9], [0.8]])
    joint = np.array([0, 0, 1, 1])
    sums = moment_sums(factors, gates, joint, np.zeros(4, dtype=np.int64), 2, 1)
    assert pooled_slopes(Moments(sums.factors[0], sums.gates[0]))[0, 0] == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("second", "why"),
    [(lambda x: 0 * x + 7.3, "it is constant"), (lambda x: 3 * x + 1, "it is the first again")],
    ids=["constant", "the same"],
)
def test_without_a_spread_of_its_own_a_factor_has_no_slope(second, why):
    x = np.random.default_rng(0).uniform(size=40)
    factors = np.stack([x, second(x)], axis=1)
    here = np.zeros(40, dtype=np.int64)
    sums = moment_sums(factors, x[:, None], here, here, 2, 1)
    total = Moments(sums.factors[0], sums.gates[0])
    assert np.isnan(pooled_slopes(total)).all(), why
    assert pooled_slopes(total, alone=True)[0, 0] == pytest.approx(1)
    assert np.isnan(joint_slopes(total)[1]).all(), "nobody was seen with the second joint"
    assert sums.samples.tolist() == [40, 0]
