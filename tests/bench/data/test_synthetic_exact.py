"""Random streams and elementary functions against Python's own mathematics."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data.synthetic.exact import (
    Draws,
    compose,
    exponential,
    mix,
    rotate,
    rotation,
    sine_cosine,
)


@given(st.floats(-20, 20, width=32))
def test_sine_and_cosine_agree_with_the_mathematics_library(angle: float) -> None:
    sine, cosine = sine_cosine(torch.tensor([angle]))
    assert sine.item() == pytest.approx(math.sin(angle), abs=4e-6)
    assert cosine.item() == pytest.approx(math.cos(angle), abs=4e-6)


@given(st.floats(-4, 4, width=32))
def test_exponential_agrees_with_the_mathematics_library(value: float) -> None:
    assert exponential(torch.tensor([value])).item() == pytest.approx(math.exp(value), rel=1e-4)


@settings(max_examples=30)
@given(st.tuples(*[st.floats(-3, 3, width=32)] * 3))
def test_rotation_is_flexion_after_bend_after_twist(angles: tuple[float, ...]) -> None:
    a, b, c = angles
    about_x = [[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]]
    about_z = [[math.cos(b), -math.sin(b), 0], [math.sin(b), math.cos(b), 0], [0, 0, 1]]
    about_y = [[math.cos(c), 0, math.sin(c)], [0, 1, 0], [-math.sin(c), 0, math.cos(c)]]
    expected = np.array(about_x) @ np.array(about_z) @ np.array(about_y)
    matrix = rotation(torch.tensor(angles))
    np.testing.assert_allclose(matrix.numpy(), expected, atol=3e-6)
    vector = torch.tensor([0.3, -1.2, 0.7])
    np.testing.assert_allclose(rotate(matrix, vector), expected @ vector.numpy(), atol=1e-5)
    np.testing.assert_allclose(compose(matrix, matrix), expected @ expected, atol=1e-5)


def test_mixing_keeps_numbers_apart_and_within_32_bits() -> None:
    values = torch.cat([torch.arange(200_000), 2**32 - 1 - torch.arange(200_000)])
    mixed = mix(values)
    assert len(mixed.unique()) == len(values)
    assert mixed.min() >= 0 and mixed.max() < 2**32


def test_no_scene_of_one_split_shares_its_stream_with_any_other_scene() -> None:
    indices = torch.arange(20_000)
    keys = torch.cat([Draws.of_scenes(indices, split, seed=3).keys for split in ("train", "val")])
    assert len(keys.unique()) == 40_000


def test_uniform_draws_fill_their_range_evenly_and_are_not_correlated() -> None:
    draws = Draws.of_scenes(torch.arange(400), "train", seed=0).uniform(100)
    counts = torch.histc(draws, bins=10, min=0, max=1)
    # 4,000 expected in a bin, with a standard deviation of 60.
    assert (counts - 4000).abs().max() < 6 * 60
    neighbours = torch.corrcoef(torch.stack([draws[:, :-1].flatten(), draws[:, 1:].flatten()]))
    scenes = torch.corrcoef(torch.stack([draws[:-1].flatten(), draws[1:].flatten()]))
    # The standard deviation of a correlation of 40,000 independent pairs is 0.005.
    assert abs(neighbours[0, 1]) < 0.03 and abs(scenes[0, 1]) < 0.03


def test_bell_has_mean_zero_and_variance_one() -> None:
    bell = Draws.of_scenes(torch.arange(400), "val", seed=1).bell(100)
    assert abs(bell.mean().item()) < 0.03 and abs(bell.var().item() - 1) < 0.04
