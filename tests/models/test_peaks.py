"""Peaks of heatmaps: where Gaussians are drawn, they are found to a fraction of a cell."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.heatmaps import draw_gaussians
from models.peaks import find_peaks

HEIGHT, WIDTH = 9, 14


def draw(points, sigma=1.0, height=HEIGHT, width=WIDTH):
    """One image; a joint for each point, x y in cells."""
    return draw_gaussians(torch.tensor([points], dtype=torch.float32), height, width, sigma)


def places(peaks):
    return np.stack([peaks.x, peaks.y], axis=1)


@given(x=st.floats(-0.5, WIDTH - 0.5), y=st.floats(-0.5, HEIGHT - 0.5), sigma=st.floats(0.6, 2.0))
def test_a_joint_anywhere_on_the_image_is_found_where_it_is(x, y, sigma):
    """Also in the outer half of a border's cells, and where two cells are equally near."""
    peaks = find_peaks(draw([(x, y)], sigma), 0.1, 256)
    assert places(peaks).tolist() == [pytest.approx([x, y], abs=2e-3)]
    column, row = round(min(max(x, 0), WIDTH - 1)), round(min(max(y, 0), HEIGHT - 1))
    expected = ((x - column) ** 2 + (y - row) ** 2) / (2 * sigma**2)
    assert -np.log(peaks.score).item() == pytest.approx(expected, abs=1e-3)


@given(st.floats(-3.0, -0.5), st.floats(1.0, 7.0))
def test_a_joint_beyond_the_border_keeps_to_the_image(x, y):
    peaks = find_peaks(draw([(x, y)], sigma=2.0), 0.0, 256)
    assert peaks.x.tolist() == [pytest.approx(-0.5, abs=2e-3)]
    assert peaks.y.tolist() == [pytest.approx(y, abs=2e-3)]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 5), (2, 2), (2, 3), (3, 1)])
def test_maps_too_small_for_a_parabola_give_the_cell(height, width):
    peaks = find_peaks(draw([(0.2, 0.3)], height=height, width=width), 0.1, 256)
    expected = [0.2 if width > 2 else 0.0, 0.3 if height > 2 else 0.0]
    assert places(peaks).tolist() == [pytest.approx(expected, abs=1e-3)]


def test_neighbours_of_other_maps_do_not_count():
    # Joints at the ends of their maps, which lie side by side in memory.
    maps = draw([(WIDTH - 1.0, HEIGHT - 1.0), (0.0, 0.0), (WIDTH - 1.2, 3.1)])
    peaks = find_peaks(torch.cat([maps, maps.flip(1)]), 0.1, 256)
    assert peaks.channel.tolist() == [0, 1, 2, 3, 4, 5]
    assert peaks.x.tolist() == pytest.approx([13, 0, 12.8, 12.8, 0, 13], abs=1e-3)
    assert peaks.y.tolist() == pytest.approx([8, 0, 3.1, 3.1, 0, 8], abs=1e-3)


def test_a_joint_between_four_cells_stays_one_peak_under_noise():
    generator = torch.Generator().manual_seed(0)
    maps = draw([(5.5, 4.5)]).expand(200, 1, HEIGHT, WIDTH)
    noisy = maps * (1 + 0.01 * torch.rand(maps.shape, generator=generator))
    peaks = find_peaks(noisy, 0.3, 256)
    assert peaks.channel.tolist() == list(range(200))


@pytest.mark.parametrize("odd", [float("nan"), 0.0, -1.0])
def test_a_border_without_evidence_beside_it_gives_the_cell(odd):
    maps = torch.full((1, 1, HEIGHT, WIDTH), odd)
    maps[0, 0, 4, 0] = 0.8
    assert places(find_peaks(maps, 0.1, 256)).tolist() == [[0, 4]]


def test_equal_cells_side_by_side_are_one_peak():
    maps = torch.zeros(1, 1, HEIGHT, WIDTH)
    maps[0, 0, 3:6, 3:6] = 0.5
    assert len(find_peaks(maps, 0.1, 256).channel) == 1


def test_only_the_highest_peaks_of_a_joint_are_kept():
    heights = torch.tensor([0.5, 0.9, 0.3, 0.7])
    maps = torch.zeros(2, 2, 5, 20)
    maps[0, 0, 2, 2:18:4] = heights
    maps[1, 1, 2, 2:18:4] = heights.flip(0)
    peaks = find_peaks(maps, 0.1, 2)
    assert peaks.channel.tolist() == [0, 0, 3, 3]
    assert peaks.x.tolist() == [6, 14, 2, 10]
    assert peaks.score.tolist() == pytest.approx([0.9, 0.7, 0.7, 0.9])
