"""Path spectra by brute force: of modules drawn at random, and of operations one at a time."""

from collections import Counter
from fractions import Fraction
from itertools import product
from math import prod
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from bench.receptive_fields.spectrum import Spectrum, path_spectrum, shares

INPUT = torch.zeros(1, 4, 16, 16)


class Branches(nn.Module):
    def __init__(self, branches: list[nn.Module], joined: str) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.joined = joined

    def forward(self, x: Tensor) -> Tensor:
        outputs = [branch(x) for branch in self.branches]
        if self.joined == "sum":
            return nn.functional.relu(sum(outputs[1:], outputs[0]))
        return torch.cat(outputs, dim=1)[:, :1]  # back to one channel


class Gated(nn.Module):
    def __init__(self, value: nn.Module, gate: nn.Module) -> None:
        super().__init__()
        self.value, self.gate = value, gate

    def forward(self, x: Tensor) -> Tensor:
        return self.value(x) * (1 - torch.sigmoid(self.gate(x)))


class Path(NamedTuple):
    width: int  # side of the receptive field less one
    weight: Fraction
    gated: bool


Drawn = tuple[nn.Module, list[Path]]


def window(kernel: int, dilation: int) -> Drawn:
    padding = (kernel - 1) * dilation // 2
    layer = nn.Conv2d(1, 1, kernel, padding=padding, dilation=dilation)
    return layer, [Path((kernel - 1) * dilation, Fraction(1), False)]


def in_a_row(parts: list[Drawn]) -> Drawn:
    ways = product(*(paths for _, paths in parts))
    paths = [
        Path(
            sum(path.width for path in way),
            prod((path.weight for path in way), start=Fraction(1)),
            any(path.gated for path in way),
        )
        for way in ways
    ]
    return nn.Sequential(*(module for module, _ in parts)), paths


def side_by_side(parts: list[Drawn], joined: str) -> Drawn:
    paths = [path._replace(weight=path.weight / len(parts)) for _, paths in parts for path in paths]
    return Branches([module for module, _ in parts], joined), paths


def gated(value: Drawn, gate: Drawn) -> Drawn:
    return Gated(value[0], gate[0]), value[1] + [path._replace(gated=True) for path in gate[1]]


leaves = st.one_of(
    st.builds(window, st.sampled_from([1, 3, 5]), st.integers(1, 3)),
    st.sampled_from([nn.Identity(), nn.ReLU(), nn.BatchNorm2d(1)]).map(
        lambda layer: (layer, [Path(0, Fraction(1), False)])
    ),
)
modules = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.builds(in_a_row, st.lists(parts, min_size=1, max_size=3)),
        st.builds(
            side_by_side, st.lists(parts, min_size=2, max_size=3), st.sampled_from(["sum", "cat"])
        ),
        st.builds(gated, parts, parts),
        # One module used twice.
        parts.map(lambda part: in_a_row([part, part])),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(modules, st.sampled_from([1, 2, 4]))
def test_random_modules_have_the_paths_that_one_finds_one_by_one(drawn: Drawn, stride: int):
    module, paths = drawn
    network = nn.Sequential(nn.Conv2d(1, 1, 1, stride=stride), module)
    values, value_weights = by_size([path for path in paths if not path.gated], stride)
    gates, gate_weights = by_size([path for path in paths if path.gated], stride)
    expected = Spectrum(Fraction(stride), values, value_weights, gates, shares(gate_weights))
    assert path_spectrum(network, INPUT[:, :1]) == expected


def by_size(paths: list[Path], stride: int) -> tuple[dict[int, int], dict[int, Fraction]]:
    sizes = [1 + stride * path.width for path in paths]
    weights: dict[int, Fraction] = {}
    for size, path in zip(sizes, paths, strict=True):
        weights[size] = weights.get(size, Fraction(0)) + path.weight
    return dict(Counter(sizes)), weights


# Operations one at a time: channels cut apart, resolution down and up again.


class SplitGates(nn.Module):
    """A value and its gate from one convolution, cut apart in three ways."""

    def __init__(self, cut) -> None:
        super().__init__()
        self.cut = cut
        self.both = nn.Conv2d(4, 8, 3, padding=1)
        self.widen = nn.Conv2d(4, 4, 5, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.cut(self.both(x))
        return torch.sigmoid(self.widen(gate)) * value


@pytest.mark.parametrize(
    "cut",
    [
        lambda y: y.chunk(2, dim=1),
        lambda y: [one.contiguous() for one in torch.chunk(y, chunks=2, dim=1)],
        lambda y: [one.contiguous() for one in y.split([4, 4], dim=1)],
        lambda y: [
            one.contiguous() for one in torch.split(y, split_size_or_sections=[4, 4], dim=1)
        ],
        lambda y: (y[:, :4], y[:, 4:]),
    ],
)
def test_slices_of_channels(cut):
    spectrum = path_spectrum(SplitGates(cut), INPUT)
    assert (spectrum.paths, spectrum.gate_paths) == ({3: 1}, {7: 1})


@pytest.mark.parametrize(
    ("layers", "stride", "size"),
    [
        ([nn.MaxPool2d(2), nn.Conv2d(4, 4, 3)], 2, 2 + 4),
        ([nn.Conv2d(4, 4, 3, stride=2), nn.AvgPool2d(3, 2), nn.Conv2d(4, 4, 3)], 4, 3 + 4 + 8),
        ([nn.Conv2d(4, 4, 3, stride=2, dilation=2), nn.Conv2d(4, 4, 3)], 2, 5 + 4),
        ([nn.MaxPool2d(4), nn.Upsample(scale_factor=2.0), nn.Conv2d(4, 4, 3)], 2, 4 + 4),
        ([nn.AvgPool2d(2), nn.Upsample(scale_factor=2.0, mode="bilinear")], 1, 2 + 2),
        ([nn.AvgPool2d(2), nn.ConvTranspose2d(4, 4, 4, 2, 1), nn.Conv2d(4, 4, 3)], 1, 2 + 2 + 2),
        # Finer than the input: three half pixels lie in two pixels.
        ([nn.Upsample(scale_factor=2.0), nn.Conv2d(4, 4, 3)], Fraction(1, 2), 2),
    ],
)
def test_strides_and_interpolations(layers, stride, size):
    spectrum = path_spectrum(nn.Sequential(*layers), INPUT)
    assert (spectrum.stride, spectrum.paths) == (stride, {size: 1})


class Pools(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(F.max_pool2d(x, 3, stride=2, padding=1), 2)


def test_pools_as_functions():
    spectrum = path_spectrum(Pools(), INPUT)
    assert (spectrum.stride, spectrum.paths) == (4, {3 + 2: 1})
