"""Every registered block, by being registered; the paper's counts for those it gives."""

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from models import create_block, list_blocks

# PAPER.md: convolution weights at 128 -> 128, counted in the released network [A].
CONVOLUTION_WEIGHTS = {
    "residual": 53_248,
    "inception_residual": 159_744,
    "ioi": 1_007_616,
    "aioi": 3_018_752,
    "aioi_light": 1_175_552,
}


def convolution_weights(module: nn.Module) -> int:
    return sum(m.weight.numel() for m in module.modules() if isinstance(m, nn.Conv2d))


def test_the_table_order_is_that_of_growing_complexity():
    assert list_blocks() == ["residual", "inception_residual", "ioi", "aioi", "aioi_light"]


@pytest.mark.parametrize("name", CONVOLUTION_WEIGHTS)
def test_convolution_weights_are_the_papers(name):
    assert convolution_weights(create_block(name, 128, 128)) == CONVOLUTION_WEIGHTS[name]


def test_the_gate_holds_the_papers_share_of_aioi():
    assert convolution_weights(create_block("aioi", 128, 128).body.gate) == 2_027_520


def test_aioi_light_has_the_stated_parameters():
    block = create_block("aioi_light", 128, 128)
    assert sum(p.numel() for p in block.parameters()) == 1_183_104


@pytest.mark.parametrize("name", list_blocks())
@pytest.mark.parametrize(("in_channels", "out_channels"), [(16, 16), (12, 20), (20, 12), (3, 1)])
@pytest.mark.parametrize("size", [(8, 8), (7, 5), (1, 2)])
def test_any_width_and_size_keeps_the_resolution(name, in_channels, out_channels, size):
    block = create_block(name, in_channels, out_channels)
    y = block(torch.randn(2, in_channels, *size))
    assert y.shape == (2, out_channels, *size)
    assert torch.isfinite(y).all()
    assert (y >= 0).all()  # every block ends in a ReLU


@pytest.mark.parametrize("name", list_blocks())
def test_every_parameter_learns(name):
    torch.manual_seed(0)
    block = create_block(name, 8, 16)
    x = torch.randn(4, 8, 12, 12, requires_grad=True)
    # A plain sum would be blind to whatever a batch norm's mean removes.
    (block(x) * torch.randn(4, 16, 12, 12)).sum().backward()
    assert x.grad is not None
    for parameter_name, parameter in block.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name
        assert parameter.grad.abs().sum() > 0, parameter_name


@pytest.mark.parametrize("name", list_blocks())
def test_saved_weights_give_the_same_block(name):
    torch.manual_seed(0)
    block, other = create_block(name, 8, 8), create_block(name, 8, 8)
    x = torch.randn(2, 8, 10, 10)
    block(x)  # moves the batch norm statistics
    other.load_state_dict(load(save(dict(block.state_dict()))))
    assert torch.equal(block.eval()(x), other.eval()(x))


@pytest.mark.parametrize("name", list_blocks())
def test_evaluation_treats_each_image_alone(name):
    torch.manual_seed(0)
    block = create_block(name, 8, 8).eval()
    x = torch.randn(3, 8, 10, 10)
    torch.testing.assert_close(block(x)[1:2], block(x[1:2]))


# Receptive field by unravelling (PAPER.md): the longest path of a block has 1, 2, 6 3x3
# convolutions, so one output pixel sees 1 + 2 x that many input pixels across. The gates of the
# attention variants look further and are left out here.
@pytest.mark.parametrize(
    ("name", "reach"), [("residual", 3), ("inception_residual", 5), ("ioi", 13)]
)
def test_receptive_field_is_the_longest_path(name, reach):
    block = create_block(name, 4, 4).eval()
    for parameter in block.parameters():
        nn.init.uniform_(parameter, 0.1, 1.0)  # nothing cancels and no ReLU closes
    x = torch.rand(1, 4, 31, 31, requires_grad=True)
    block(x)[0, 0, 15, 15].backward()
    assert x.grad is not None
    seen = x.grad[0].sum(dim=0).ne(0)
    assert seen.any(dim=0).sum() == reach
    assert seen.any(dim=1).sum() == reach
