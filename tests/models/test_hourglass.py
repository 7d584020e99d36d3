"""Stacked hourglass: the published counts, and that every part takes part."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from models import create_pipeline
from models.networks.hourglass import StackedHourglass
from models.skeleton import COCO17, MPII16

# PAPER.md, "Networks": with 16 outputs; GMAC at 256 x 256 pixels, where it is given.
COUNTED = [
    (1, 3_426_448, 5.15),
    (2, 6_570_400, 8.33),
    (4, 12_858_304, None),
    (8, 25_434_112, 27.44),
]


@pytest.mark.parametrize(("stacks", "params", "gmac"), COUNTED)
def test_parameters_and_multiply_adds_are_the_papers(stacks, params, gmac):
    with torch.device("meta"):  # takes neither memory nor time
        network = StackedHourglass(16, stacks).eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network(torch.empty(1, 3, 256, 256))
    assert sum(parameter.numel() for parameter in network.parameters()) == params
    if gmac is not None:
        assert round(counter.get_total_flops() / 2 / 1e9, 2) == gmac


@pytest.mark.parametrize("stacks", [1, 3])
def test_every_stack_gives_logits_at_stride_4(stacks):
    logits = StackedHourglass(5, stacks, width=8, depth=2).eval()(torch.rand(2, 3, 48, 64))
    assert [tuple(one.shape) for one in logits] == [(2, 5, 12, 16)] * stacks


def test_every_parameter_learns_from_the_last_stack():
    torch.manual_seed(0)
    network = StackedHourglass(5, 2, width=8, depth=2).double()
    last = network(torch.rand(4, 3, 64, 64, dtype=torch.float64))[-1]
    (last * torch.randn_like(last)).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        # What a batch norm takes away again cannot teach: biases right before one.
        if name.endswith("weight"):
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("feedback", ["feature_feedback", "heatmap_feedback"])
def test_a_later_stack_sees_what_the_one_before_made(feedback):
    torch.manual_seed(0)
    network, image = StackedHourglass(5, 2, width=8, depth=2).eval(), torch.rand(1, 3, 32, 32)
    before = network(image)
    torch.nn.init.zeros_(getattr(network, feedback)[0].weight)
    after = network(image)
    assert torch.equal(before[0], after[0])
    assert not torch.equal(before[1], after[1])


def test_each_resolution_of_an_hourglass_reaches_the_heatmaps():
    """A skip of depth d has the resolution H / 2**d; without it the logits are others."""
    torch.manual_seed(0)
    network, image = StackedHourglass(5, 1, width=8, depth=2).eval(), torch.rand(1, 3, 32, 32)
    [before] = network(image)
    outer = network.hourglasses[0][0]
    for level in (outer, outer.lower[2]):
        weight = level.skip.body[-1].weight
        kept = weight.detach().clone()
        torch.nn.init.zeros_(weight)
        [after] = network(image)
        assert not torch.equal(before, after)
        weight.data.copy_(kept)


def test_the_pipeline_is_the_papers_network():
    with torch.device("meta"):
        model = create_pipeline("hourglass", MPII16, stacks=2, crop_size=256)
    assert sum(parameter.numel() for parameter in model.parameters()) == 6_570_400


@pytest.mark.parametrize(("crop_size", "depth", "multiple"), [(96, 4, 64), (36, 2, 16)])
def test_a_crop_that_cannot_be_halved_is_refused(crop_size, depth, multiple):
    with pytest.raises(ValueError, match=f"multiple of {multiple}, not {crop_size}"):
        create_pipeline("hourglass", COCO17, stacks=1, crop_size=crop_size, depth=depth)
