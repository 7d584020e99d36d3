"""Path spectra: the paper's polynomials, brute force, and the networks' own arithmetic."""

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

from bench.problem import Problem
from bench.receptive_fields.spectrum import Spectrum, path_spectrum, share_within, shares
from models import create_block, create_pipeline, list_blocks
from models.networks.dense_stem import dense_stem
from models.networks.hourglass import StackedHourglass
from models.networks.pose_network import PoseNetwork
from models.networks.vgg_trunk import vgg_trunk
from models.skeleton import COCO17

# PAPER.md, "Receptive field by unravelling": coefficients of z^0, z^1, ..., z = one 3x3.
POLYNOMIALS = {
    "residual": [1, 1],
    "inception_residual": [2, 1, 1],
    "ioi": [15, 17, 24, 15, 10, 3, 1],
}
# Likewise: share of the paths with at most two 3x3, under three matching rules; printed digits.
SHARES = [
    (("residual", 12), 0.019, 3),
    (("inception_residual", 6), 0.168, 3),
    (("ioi", 2), 0.241, 3),
    (("residual", 19), 0.0004, 4),
    (("ioi", 1), 0.659, 3),
    (("residual", 6), 0.344, 3),
    (("ioi", 6), 0.001, 3),
]
INPUT = torch.zeros(1, 4, 16, 16)


def chain(block: str, depth: int) -> nn.Module:
    return nn.Sequential(*(create_block(block, 4, 4) for _ in range(depth)))


def by_3x3(paths: dict[int, int]) -> list[int]:
    return [paths.get(1 + 2 * exponent, 0) for exponent in range((max(paths) + 1) // 2)]


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_a_block_has_the_papers_polynomial(name):
    spectrum = path_spectrum(create_block(name, 4, 4), INPUT)
    assert by_3x3(spectrum.paths) == POLYNOMIALS[name]
    assert spectrum.stride == 1
    assert not spectrum.gate_paths


@pytest.mark.parametrize(("blocks", "share", "digits"), SHARES)
def test_short_paths_have_the_papers_share(blocks, share, digits):
    spectrum = path_spectrum(chain(*blocks), INPUT)
    assert round(float(share_within(spectrum.paths, 5)), digits) == share


def test_equal_depths_by_the_papers_rule_see_equally_far():
    reach = {path_spectrum(chain(*blocks), INPUT).largest for blocks, _, _ in SHARES[:3]}
    assert reach == {25}


@pytest.mark.parametrize("name", ["aioi", "aioi_light"])
def test_gated_blocks_have_the_value_paths_of_ioi(name):
    spectrum = path_spectrum(create_block(name, 4, 4), INPUT)
    assert by_3x3(spectrum.paths) == POLYNOMIALS["ioi"]


@pytest.mark.parametrize("name", ["aioi", "aioi_light"])
def test_gate_paths_lead_through_the_fine_or_the_coarse_look(name):
    # Into each of three gates: a branch, then 3x3 at stride 1, or 3x3 at stride 2, 3x3 and a
    # bilinear mean of two cells at stride 2; then a 3x3 again. Sides of 3, 3 + 4 + 2 and 3.
    ways = [2 + 2, 2 + 4 + 2 + 2]
    expected: Counter[int] = Counter()
    for exponent, paths in enumerate(POLYNOMIALS["ioi"]):
        for way in ways:
            # The shortcut around the whole block enters no gate.
            expected[1 + 2 * exponent + way] += 3 * (paths - (exponent == 0))
    assert path_spectrum(create_block(name, 4, 4), INPUT).gate_paths == expected


def test_weights_share_every_merge_equally():
    # Shortcut 1/2; the body's three branches of 0, 1 and 2 3x3 share the other half.
    spectrum = path_spectrum(create_block("inception_residual", 4, 4), INPUT)
    assert spectrum.weights == {1: Fraction(2, 3), 3: Fraction(1, 6), 5: Fraction(1, 6)}


@pytest.mark.parametrize("name", list_blocks())
@pytest.mark.parametrize("channels", [(4, 4), (4, 6)])
def test_weights_sum_to_one(name, channels):
    spectrum = path_spectrum(create_block(name, *channels), INPUT)
    assert sum(spectrum.weights.values()) == 1
    assert sum(spectrum.gate_weights.values()) == (1 if "aioi" in name else 0)
    assert sum(shares(spectrum.paths).values()) == 1


# The networks' own arithmetic: with batch norms that do nothing, 1x1 kernels of ones and kxk
# kernels of zeros but t ** ((k - 1) / 2) in their middle, a network of single channels computes its
# own polynomial at t, for every path multiplies by t and every merge adds.


def as_polynomial(network: nn.Module, t: int) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.zeros_(module.weight)
            middle = module.kernel_size[0] // 2
            module.weight.data[..., middle, middle] = t**middle
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 0.0


def computed(network: nn.Module, channels: int, t: int) -> int:
    network = network.double().eval()
    as_polynomial(network, t)
    outputs = network(torch.ones(1, channels, 16, 16, dtype=torch.float64))
    return int((outputs[-1] if isinstance(outputs, list) else outputs)[0, 0, 2, 2])


@pytest.mark.parametrize("t", [1, 2, 3])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("name", POLYNOMIALS)
def test_a_chain_computes_the_polynomial_that_is_counted(name, depth, t):
    network = nn.Sequential(*(create_block(name, 1, 1) for _ in range(depth)))
    paths = path_spectrum(network, INPUT[:, :1]).paths
    assert sum(count * t ** ((size - 1) // 2) for size, count in paths.items()) == computed(
        network, 1, t
    )


@pytest.mark.parametrize("name", ["inception_residual", "ioi"])
def test_a_pose_network_of_two_stages_computes_its_number_of_paths(name):
    network = PoseNetwork(1, name, 2, 1, 2)
    network.stem[0][0].weight.data = network.stem[0][0].weight.data[:, :1]  # grey images
    network.stem[0][0].in_channels = 1
    paths = path_spectrum(network, INPUT[:, :1]).paths
    assert sum(paths.values()) == computed(network, 1, 1)


# What a gradient reaches, where nothing cancels: as far as the longest path and no further.


def reached(network: nn.Module, channels: int, size: int) -> int:
    network = network.double().eval()
    for parameter in network.parameters():
        nn.init.uniform_(parameter, 0.01, 0.1)  # nothing cancels, nothing saturates
    x = torch.rand(1, channels, size, size, dtype=torch.float64, requires_grad=True)
    y = network(x)
    y = y[-1] if isinstance(y, list) else y
    y[0, 0, y.shape[-2] // 2, y.shape[-1] // 2].backward()
    assert x.grad is not None
    return int(x.grad[0].sum(dim=0).ne(0).any(dim=0).sum())


NETWORKS = {
    "dense stem, stride 4": lambda: dense_stem(0.02, 4),
    "dense stem, stride 8": lambda: dense_stem(0.02, 8),
    "pose network": lambda: PoseNetwork(3, "inception_residual", 1, 4, 2),
    "VGG": lambda: average_pools(vgg_trunk(0.02, 16, 8)),
    "gate": lambda: create_block("aioi_light", 3, 4).body.gate,
}


def average_pools(network: nn.Sequential) -> nn.Module:
    layers = [nn.AvgPool2d(2) if isinstance(one, nn.MaxPool2d) else one for one in network]
    return nn.Sequential(*layers)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_gradient_reaches_as_far_as_the_longest_path(name):
    network = NETWORKS[name]()
    channels = 12 if name == "gate" else 3
    spectrum = path_spectrum(network, torch.zeros(1, channels, 128, 128))
    assert reached(network, channels, 128) == spectrum.largest < 128


# Brute force: modules drawn at random, and all their paths one by one.


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


# Resolution goes down and up again.


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


def test_an_hourglass_sees_the_skips_of_every_depth():
    # Pool and nearest upsampling see 2 of the cells above; residuals multiply by 1 + z at the
    # stride of their level. Depth 1: skip 1+z; below 3 residuals at twice the stride.
    spectrum = path_spectrum(StackedHourglass(2, 1, 8, depth=1), torch.zeros(1, 3, 32, 32))
    stem = {7: 1}
    for by in (2 * 2, None, 4 * 2, 4 * 2):  # residual, pool, two residuals at stride 4
        if by is None:
            stem = {size + 2: paths for size, paths in stem.items()}
        else:
            stem = multiplied(stem, {0: 1, by: 1})
    skip = multiplied(stem, {0: 1, 8: 1})
    below = {size + 4: paths for size, paths in stem.items()}
    for _ in range(3):
        below = multiplied(below, {0: 1, 16: 1})
    after = {size: skip.get(size, 0) + below.get(size, 0) for size in {*skip, *below}}
    expected = multiplied(after, {0: 1, 8: 1})
    assert spectrum.paths == expected
    assert spectrum.stride == 4


def multiplied(paths: dict[int, int], factor: dict[int, int]) -> dict[int, int]:
    result: Counter[int] = Counter()
    for (size, number), (by, times) in product(paths.items(), factor.items()):
        result[size + by] += number * times
    return dict(result)


@pytest.mark.parametrize("name", ["paf6", "mspaf3"])
def test_field_networks_are_traced_for_each_stage(name):
    network = create_pipeline(name, COCO17, width=0.05, stages=2).network
    early, late = (path_spectrum(network, torch.zeros(1, 3, 64, 64), end) for end in (1, 3))
    assert early.stride == late.stride == (8 if name == "paf6" else 4)
    assert early.largest < late.largest
    assert sum(early.weights.values()) == sum(late.weights.values()) == 1


def test_paf_sees_as_far_as_its_layers_say():
    # PAPER.md, "Networks": VGG to conv4_2, two 3x3 at stride 8; three 3x3; then five 7x7 a stage.
    network = create_pipeline("paf6", COCO17, width=0.02, stages=2).network
    spectrum = path_spectrum(network, torch.zeros(1, 3, 64, 64))
    trunk = 1 + 2 * 2 + 1 + 2 * 2 * 2 + 2 + 4 * 2 * 4 + 4 + 4 * 2 * 8
    # Both maps of the first stage, and the features beside them.
    assert spectrum.paths == {trunk + 5 * 6 * 8: 1, trunk + 3 * 2 * 8 + 5 * 6 * 8: 2}


def test_an_output_that_is_not_there_is_refused():
    with pytest.raises(Problem, match="output 1 of Shortcut is asked for, of 1"):
        path_spectrum(create_block("residual", 4, 4), INPUT, output=1)


def test_the_module_is_left_as_it_was():
    block = create_block("ioi", 4, 4)
    before = {name: value.clone() for name, value in block.state_dict().items()}
    path_spectrum(block, INPUT)
    assert block.training
    assert all(torch.equal(value, before[name]) for name, value in block.state_dict().items())


# What cannot be counted is refused by name.


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
