"""Golden counts by hand: weights x places, from the textbook sizes of layers."""

import pytest
import torch
from torch import nn

from bench.counting.closed_form import closed_form_macs


@pytest.mark.parametrize(
    ("layer", "shape", "macs"),
    [
        (nn.Conv1d(4, 6, 3, padding=1), (2, 4, 10), 2 * 10 * 6 * 4 * 3),
        (nn.Conv2d(8, 4, (3, 5)), (1, 8, 16, 16), 14 * 12 * 4 * 8 * 15),
        (nn.Conv2d(8, 8, 3, padding=2, dilation=2), (1, 8, 16, 16), 256 * 8 * 8 * 9),
        (nn.Conv2d(8, 16, 3, padding=1, groups=4), (1, 8, 16, 16), 256 * 16 * 2 * 9),
        (nn.Conv3d(2, 3, 2), (1, 2, 4, 4, 4), 27 * 3 * 2 * 8),
        (nn.ConvTranspose2d(8, 4, 4, stride=2, groups=2), (1, 8, 5, 5), 25 * 8 * 2 * 16),
        (nn.Linear(7, 3), (5, 2, 7), 5 * 2 * 7 * 3),
    ],
)
def test_weights_times_places(layer: nn.Module, shape: tuple[int, ...], macs: int) -> None:
    assert closed_form_macs(layer, [torch.rand(shape)]) == macs


def test_a_layer_counts_as_often_as_it_is_called_and_not_beyond() -> None:
    shared = nn.Conv2d(3, 3, 1)
    images = [torch.rand(1, 3, 4, 4)]
    once = 3 * 3 * 16
    assert closed_form_macs(nn.Sequential(shared, nn.ReLU(), shared), images) == 2 * once
    shared(images[0])  # counted by nobody
    assert closed_form_macs(shared, images) == once
