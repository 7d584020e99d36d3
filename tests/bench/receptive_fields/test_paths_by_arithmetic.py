"""Path spectra of networks, by what the networks themselves compute, reach and are made of."""

from collections import Counter
from itertools import product

import pytest
import torch
from torch import nn

from bench.receptive_fields.spectrum import path_spectrum
from models import create_block, create_pipeline
from models.networks.dense_stem import dense_stem
from models.networks.hourglass import StackedHourglass
from models.networks.pose_network import PoseNetwork
from models.networks.vgg_trunk import vgg_trunk
from models.skeleton import COCO17

INPUT = torch.zeros(1, 1, 16, 16)

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
@pytest.mark.parametrize("name", ["residual", "inception_residual", "ioi"])
def test_a_chain_computes_the_polynomial_that_is_counted(name, depth, t):
    network = nn.Sequential(*(create_block(name, 1, 1) for _ in range(depth)))
    paths = path_spectrum(network, INPUT).paths
    assert sum(count * t ** ((size - 1) // 2) for size, count in paths.items()) == computed(
        network, 1, t
    )


@pytest.mark.parametrize("name", ["inception_residual", "ioi"])
def test_a_pose_network_of_two_stages_computes_its_number_of_paths(name):
    network = PoseNetwork(1, name, 2, 1, 2)
    network.stem[0][0].weight.data = network.stem[0][0].weight.data[:, :1]  # grey images
    network.stem[0][0].in_channels = 1
    paths = path_spectrum(network, INPUT).paths
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


# What the layers say.


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
