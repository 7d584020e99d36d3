import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.heatmaps import cells_to_pixels, decode_peaks, draw_gaussians, pixels_to_cells


@given(x=st.floats(-100, 100), y=st.floats(-100, 100), stride=st.sampled_from([1, 2, 4, 8]))
def test_cells_and_pixels_undo_each_other(x, y, stride):
    point = torch.tensor([x, y], dtype=torch.float64)
    torch.testing.assert_close(cells_to_pixels(pixels_to_cells(point, stride), stride), point)


def test_the_first_cell_lies_over_the_middle_of_the_first_pixels():
    # Four pixels have their centres at 0..3, whose middle is 1.5.
    assert cells_to_pixels(torch.tensor([0.0]), 4).item() == 1.5


def test_a_gaussian_is_one_at_its_point_and_falls_as_the_formula_says():
    maps = draw_gaussians(torch.tensor([[3.0, 2.0]]), 6, 8, sigma=1.5)
    assert maps.shape == (1, 6, 8)
    assert maps[0, 2, 3] == 1
    assert maps[0, 4, 6].item() == pytest.approx(2.718281828 ** (-(9 + 4) / (2 * 1.5**2)))


@given(x=st.floats(1, 14), y=st.floats(1, 10), sigma=st.floats(0.6, 3), offset=st.floats(-9, 9))
def test_the_peak_of_a_gaussian_is_found_exactly(x, y, sigma, offset):
    point = torch.tensor([[[x, y]]], dtype=torch.float64)
    logits = draw_gaussians(point, 12, 16, sigma).clamp_min(1e-300).log() + offset
    found, score = decode_peaks(logits)
    torch.testing.assert_close(found, point, atol=1e-6, rtol=0)
    assert 0 < score.item() <= 1 + 1e-9


@given(st.integers(0, 15), st.integers(0, 11))
def test_a_single_cell_is_found_exactly_even_at_the_border(column, row):
    logits = torch.full((1, 1, 12, 16), -50.0)
    logits[0, 0, row, column] = 0
    points, score = decode_peaks(logits)
    assert points[0, 0].tolist() == [column, row]
    assert score.item() == pytest.approx(1)


def test_the_second_peak_does_not_pull_the_first():
    logits = torch.full((1, 1, 12, 16), -50.0)
    logits[0, 0, 3, 3], logits[0, 0, 9, 12] = math.log(0.6), math.log(0.4)
    points, score = decode_peaks(logits)
    assert points[0, 0].tolist() == [3, 3]
    assert score.item() == pytest.approx(0.6)


def test_a_flat_map_gives_finite_numbers():
    points, score = decode_peaks(torch.zeros(2, 3, 4, 4))
    assert torch.isfinite(points).all()
    assert score.tolist() == [[0.25] * 3] * 2  # the 2 x 2 cells of a corner
