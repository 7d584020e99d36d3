"""What has no path spectrum is refused by name."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.problem import Problem
from bench.receptive_fields.spectrum import path_spectrum
from models import create_block, create_pipeline
from models.skeleton import COCO17

INPUT = torch.zeros(1, 4, 16, 16)


class Calls(nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.function = function
        self.layer = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.layer(x), x)


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (lambda y, x: torch.flip(y, [-1]), "flip"),
        (lambda y, x: y @ x, "matmul"),
        (torch.maximum, "maximum"),
        (lambda y, x: y * x, "'mul'.*0 of its two factors"),
        (lambda y, x: torch.sigmoid(y) * torch.sigmoid(x), "'mul'.*2 of its two factors"),
        (lambda y, x: y + x.mean(dim=(2, 3), keepdim=True), "mean"),
        (lambda y, x: y[..., ::2], "'getitem'.*cuts"),
        (lambda y, x: torch.cat([y, x], dim=2), "'cat'.*cuts"),
        (lambda y, x: y + F.interpolate(x[:, :, :1, :1], size=(16, 16)), "'getitem'.*cuts"),
        (lambda y, x: F.interpolate(y, size=(16, 8)), "'interpolate'.*differently"),
        (lambda y, x: F.interpolate(y, scale_factor=0.5, mode="area"), "'interpolate'.*area"),
        (lambda y, x: y if y.sum() > 0 else x, "cannot be traced"),
        (lambda y, x: torch.zeros(1), "does not depend"),
    ],
)
def test_an_operation_that_is_not_known_is_named(function, named):
    with pytest.raises(Problem, match=named):
        path_spectrum(Calls(function), INPUT)


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (nn.Conv2d(4, 4, (1, 3)), "'Conv2d'.*not square"),
        (nn.Conv2d(4, 4, 3, stride=(2, 1)), "'Conv2d'.*not square"),
        (nn.MaxPool2d((2, 1)), "'MaxPool2d'.*not square"),
        (nn.ConvTranspose2d(4, 4, 3, 2), "'ConvTranspose2d'.*different numbers"),
        (nn.GroupNorm(2, 4), "GroupNorm"),
        (nn.AdaptiveAvgPool2d(1), "AdaptiveAvgPool2d"),
    ],
)
def test_a_layer_that_is_not_known_is_named(layer, named):
    with pytest.raises(Problem, match=named):
        path_spectrum(nn.Sequential(layer), INPUT)


def test_an_odd_size_at_which_strides_do_not_meet_is_refused():
    with pytest.raises(Problem, match="multiples of the largest stride"):
        path_spectrum(create_block("aioi", 4, 4), torch.zeros(1, 4, 15, 15))


def test_detection_decides_by_values_and_says_so():
    network = create_pipeline("mask_rcnn", COCO17, backbone="resnet18").network
    with pytest.raises(Problem, match="KeypointRCNN cannot be traced"):
        path_spectrum(network, torch.zeros(1, 3, 64, 64))
    backbone = network.get_submodule("backbone")
    finest, *_, coarsest = (
        path_spectrum(backbone, torch.zeros(1, 3, 128, 128), level) for level in range(5)
    )
    assert (finest.stride, coarsest.stride) == (4, 64)


def test_an_output_that_is_not_there_is_refused():
    with pytest.raises(Problem, match="output 1 of Shortcut is asked for, of 1"):
        path_spectrum(create_block("residual", 4, 4), INPUT, output=1)
