import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.heatmaps import cells_to_pixels, decode_peaks, draw_gaussians, pixels_to_cells


def softmax_maps(points: torch.Tensor, height: int, width: int, sigma: float) -> torch.Tensor:
    maps = draw_gaussians(points, height, width, sigma)
    return maps / maps.sum(dim=(-2, -1), keepdim=True)


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


@given(
    x=st.floats(2, 13),
    y=st.floats(2, 9),
    sigma=st.floats(0.6, 1.2),
)
def test_a_clean_peak_is_found_to_a_tenth_of_a_cell(x, y, sigma):
    points, mass = decode_peaks(softmax_maps(torch.tensor([[[x, y]]]), 12, 16, sigma))
    assert (points[0, 0] - torch.tensor([x, y])).abs().max() < 0.1
    assert 0.85 < mass.item() <= 1 + 1e-6


@given(st.integers(0, 15), st.integers(0, 11))
def test_a_single_cell_is_found_exactly_even_at_the_border(column, row):
    maps = torch.zeros(1, 1, 12, 16)
    maps[0, 0, row, column] = 1
    points, mass = decode_peaks(maps)
    assert points[0, 0].tolist() == [column, row]
    assert mass.item() == 1


def test_the_second_peak_does_not_pull_the_first():
    maps = torch.zeros(1, 1, 12, 16)
    maps[0, 0, 3, 3], maps[0, 0, 9, 12] = 0.6, 0.4
    points, mass = decode_peaks(maps)
    assert points[0, 0].tolist() == [3, 3]
    assert mass.item() == pytest.approx(0.6)


def test_an_empty_map_gives_finite_numbers():
    points, mass = decode_peaks(torch.zeros(2, 3, 4, 4))
    assert torch.isfinite(points).all()
    assert (mass == 0).all()
