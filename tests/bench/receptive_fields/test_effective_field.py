"""The effective receptive field: closed forms, and what it leaves as it was."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from bench.before_training import with_settled_norms
from bench.problem import Problem
from bench.receptive_fields.gradients import EffectiveField, effective_field, noise_images
from bench.receptive_fields.spectrum import path_spectrum
from models import create_block
from models.networks.pose_network import PoseNetwork


def window(weights: list[list[float]], stride: int = 1) -> nn.Conv2d:
    kernel = torch.tensor(weights)
    side = len(kernel)
    layer = nn.Conv2d(1, 1, side, stride, padding=(side - 1) // 2, bias=False)
    layer.weight.data[:] = kernel
    return layer


def grey(number: int, size: int) -> Tensor:
    return noise_images(number, size, seed=0)[:, :1]


def test_a_uniform_window_holds_its_energy_by_ninths():
    field = effective_field(window([[1.0] * 3] * 3), grey(2, 9), seed=0)
    np.testing.assert_allclose(field.radii[:3], [0, 1, 2**0.5])
    np.testing.assert_allclose(field.held[:3], [1 / 9, 5 / 9, 1], rtol=1e-6)
    assert field.held[-1] == 1


def test_radii_count_from_the_centre_of_the_cell():
    # Four pixels a side, one cell: 4, 8 and 4 pixels at (.5, .5), (.5, 1.5) and (1.5, 1.5).
    field = effective_field(nn.AvgPool2d(4), grey(1, 16), seed=0)
    np.testing.assert_allclose(field.radii[:3] ** 2, [0.5, 2.5, 4.5])
    np.testing.assert_allclose(field.held[:3], [0.25, 0.75, 1.0], rtol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(9, 9), (8, 8), (8, 14)])
def test_a_cell_that_reads_itself_has_radius_0(height, width):
    images = torch.rand(1, 1, height, width)
    field = effective_field(nn.Identity(), images, seed=0)
    assert (field.radii[0], field.held[0]) == (0, 1)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.floats(0.25, 4), min_size=9, max_size=9),
    st.integers(1, 4),
)
def test_a_chain_of_windows_is_their_convolution(weights, depth):
    kernel = np.array(weights).reshape(3, 3)
    chain = nn.Sequential(*(window(kernel.tolist()) for _ in range(depth))).double()
    field = effective_field(chain, grey(1, 15), seed=0)
    # By hand: the weight of a pixel is the sum over all ways of steps to it.
    ways = {(0, 0): 1.0}
    for _ in range(depth):
        after: dict[tuple[int, int], float] = {}
        for (y, x), weight in ways.items():
            for row in range(3):
                for column in range(3):
                    place = (y + row - 1, x + column - 1)
                    after[place] = after.get(place, 0.0) + weight * kernel[row, column]
        ways = after
    total = sum(weight**2 for weight in ways.values())
    for share in (0.5, 0.9, 0.95):
        within = sorted((np.hypot(*place), weight**2 / total) for place, weight in ways.items())
        held, expected = 0.0, 0.0
        for radius, energy in within:
            held, expected = held + energy, radius
            if held >= share * (1 + 1e-6):
                break
        found = field.radius_holding(share)
        # Exactly at a share, rounding may decide for the ring before.
        at = sum(energy for radius, energy in within if radius <= found + 1e-9)
        assert found == pytest.approx(expected) or at == pytest.approx(share, rel=1e-5)


def test_channels_add_their_energy_and_not_their_gradients():
    # Two channels that read the centre, with opposite signs: added up, they would read nothing.
    network = nn.Conv2d(1, 2, 3, padding=1, bias=False)
    nn.init.zeros_(network.weight)
    network.weight.data[0, 0, 1, 1], network.weight.data[1, 0, 1, 1] = 1.0, -1.0
    network.weight.data[1, 0, 1, 0] = 2.0
    field = effective_field(network, grey(2000, 5), seed=0)
    # Energies 1 + 1 at the centre and 4 beside it; 2,000 pairs of signs: a deviation of .01.
    assert field.held[0] == pytest.approx(2 / 6, abs=0.03)
    assert field.held[1] == pytest.approx(1.0)


def test_input_channels_add_their_energy():
    network = nn.Conv2d(3, 1, 3, padding=1, bias=False)
    nn.init.zeros_(network.weight)
    network.weight.data[0, :, 1, 1] = torch.tensor([1.0, 1.0, 1.0])
    network.weight.data[0, 0, 0, 0] = 3.0
    field = effective_field(network, noise_images(2, 7, seed=0), seed=0)
    assert field.held[0] == pytest.approx(3 / 12)
    assert field.radius_holding(0.5) == pytest.approx(2**0.5)


@pytest.mark.parametrize("block", ["residual", "inception_residual", "ioi"])
def test_no_energy_lies_beyond_the_longest_path(block):
    torch.manual_seed(0)
    network = create_block(block, 3, 4)
    reach = (path_spectrum(network, torch.zeros(1, 3, 16, 16)).largest - 1) / 2
    field = effective_field(network, noise_images(4, 21, seed=0), seed=0)
    everything = field.radii[np.argmax(field.held >= 1 - 1e-12)]
    assert 0 < everything <= 2**0.5 * reach


def test_stages_are_told_apart():
    torch.manual_seed(0)
    network = PoseNetwork(3, "residual", 2, 8, 2)
    images = noise_images(8, 64, seed=0)
    network = with_settled_norms(network, images)
    early, late = (effective_field(network, images, seed=0, output=place) for place in (0, 1))
    assert early.radius_holding(0.9) < late.radius_holding(0.9)


def test_the_same_seed_gives_the_same_field():
    torch.manual_seed(0)
    network = create_block("ioi", 3, 4)
    fields = [effective_field(network, noise_images(3, 16, seed=7), seed=s) for s in (1, 1, 2)]
    np.testing.assert_array_equal(fields[0].held, fields[1].held)
    assert (fields[0].held != fields[2].held).any()
    assert not torch.equal(noise_images(3, 16, seed=7), noise_images(3, 16, seed=8))


def test_the_network_and_the_images_are_left_as_they_were():
    network = PoseNetwork(3, "residual", 1, 8, 1)
    network.heads.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images = noise_images(3, 16, seed=0)
    kept = images.clone()
    effective_field(network, images, seed=0)
    assert network.training
    assert network.trunks.training
    assert not network.heads.training
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(images, kept)
    assert not images.requires_grad


def test_a_first_layer_may_work_in_place():
    field = effective_field(nn.Sequential(nn.ReLU(inplace=True)), grey(8, 4), seed=0)
    assert field.held[0] == 1


def test_a_radius_is_the_first_that_holds_the_share():
    field = EffectiveField(np.array([0.0, 1.0, 2.0]), np.array([0.5, 0.9, 1.0]))
    assert [field.radius_holding(share) for share in (0.0, 0.5, 0.51, 0.9, 1.0)] == [0, 0, 1, 1, 2]


class Constant(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 0


@pytest.mark.parametrize(
    ("network", "named"),
    [
        (Constant(), "depends on no pixel"),
        (nn.AvgPool2d(2, stride=1), "no whole stride"),
        (nn.AvgPool2d((2, 1)), "no whole stride"),
        (nn.Flatten(), "returns 0 maps"),
    ],
)
def test_what_cannot_be_measured_is_refused(network, named):
    with pytest.raises(Problem, match=named):
        effective_field(network, grey(1, 8), seed=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_measures_the_same_field():
    torch.manual_seed(0)
    network = create_block("ioi", 3, 8).double()
    images = noise_images(4, 24, seed=0)
    here = effective_field(network, images, seed=0)
    there = effective_field(network.cuda(), images, seed=0)
    np.testing.assert_allclose(there.held, here.held, rtol=1e-9)
