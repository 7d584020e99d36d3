"""PAF and MSPAF: the published counts, and that every part takes part."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from models import create_block, create_pipeline, list_blocks
from models.networks.dense_stem import dense_stem
from models.networks.paf_network import mspaf_network, paf_network
from models.networks.vgg_trunk import vgg_trunk
from models.skeleton import COCO17, MPII16, OPENPOSE18, POSETRACK15

# PAPER.md, "Networks": 19 heatmaps and 38 fields; GMAC at 224 x 224 and at 368 x 368 pixels.
COUNTED = [
    ("paf6", {}, 52_311_446, 50.36, 135.93),
    ("mspaf3", {}, 9_641_771, 32.26, 87.06),
    ("mspaf3", {"block": "ioi"}, 9_594_155, 33.14, 89.45),
    ("mspaf3", {"block": "inception_residual"}, 9_724_459, 33.56, 90.57),
    ("mspaf3", {"block": "residual"}, 9_558_059, 32.97, 88.97),
]


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def multiply_adds(network, size):
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.empty(1, 3, size, size))
    return counter.get_total_flops() / 2


@pytest.mark.parametrize(("name", "arguments", "params", "at_224", "at_368"), COUNTED)
def test_parameters_and_multiply_adds_are_the_papers(name, arguments, params, at_224, at_368):
    with torch.device("meta"):  # takes neither memory nor time
        model = create_pipeline(name, COCO17, **arguments).eval()
    assert parameters(model) == params
    assert round(multiply_adds(model.network, 224) / 1e9, 2) == at_224
    assert round(multiply_adds(model.network, 368) / 1e9, 2) == at_368


def test_the_stem_has_the_papers_parameters():
    assert parameters(dense_stem(1.0, 4)) == 1_103_104


def test_openpose_limbs_give_the_papers_maps():
    assert len(OPENPOSE18) + 1 == 19
    assert 2 * len(OPENPOSE18.limbs) == 38


def tiny_paf(**changed):
    arguments = {"width": 1 / 16, "stages": 2, "stride": 8, "trunk_depth": 13} | changed
    return paf_network(16, 15, **arguments)


def tiny_mspaf(**changed):
    arguments = {
        "blocks": ["residual"], "width": 1 / 16, "stages": 2, "stride": 4, "trunk_depth": 1,
    } | changed  # fmt: skip
    return mspaf_network(16, 15, **arguments)


@pytest.mark.parametrize("network", [tiny_paf, tiny_mspaf])
@pytest.mark.parametrize("stride", [4, 8])
@pytest.mark.parametrize("stages", [1, 3])
def test_every_stage_gives_maps_of_the_stride(network, stride, stages):
    maps = network(stride=stride, stages=stages).eval()(torch.rand(2, 3, 48, 64))
    assert len(maps) == stages
    for one in maps:
        assert one.heatmaps.shape == (2, 17, 48 // stride, 64 // stride)
        assert one.fields.shape == (2, 30, 48 // stride, 64 // stride)


@pytest.mark.parametrize("network", [tiny_paf, tiny_mspaf])
def test_another_stride_has_the_same_weights(network):
    network(stride=4).load_state_dict(network(stride=8).state_dict())


@pytest.mark.parametrize("network", [tiny_paf, tiny_mspaf])
def test_every_parameter_learns_from_the_last_stage(network):
    torch.manual_seed(0)
    model = network()
    last = model(torch.rand(2, 3, 64, 64))[-1]
    weights = [torch.randn_like(maps) for maps in last]
    sum((maps * weight).sum() for maps, weight in zip(last, weights, strict=True)).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_a_later_stage_sees_the_maps_of_the_one_before():
    torch.manual_seed(0)
    model, image = tiny_paf().eval(), torch.rand(1, 3, 64, 64)
    before = model(image)
    torch.nn.init.constant_(model.fields[0][-1].bias, 5.0)
    after = model(image)
    assert not torch.equal(before[1].heatmaps, after[1].heatmaps)
    torch.testing.assert_close(before[0].heatmaps, after[0].heatmaps)


def test_the_signal_of_a_network_without_batch_norm_neither_fades_nor_swells():
    torch.manual_seed(0)
    features = vgg_trunk(0.5, 19, 8)(torch.rand(1, 3, 64, 64) - 0.5)
    assert 0.01 < features.std() < 10


@pytest.mark.parametrize("block", list_blocks())
def test_any_block(block):
    with torch.device("meta"):
        model = create_pipeline("mspaf3", POSETRACK15, block=block, stages=1, width=0.25).eval()
        [maps] = model.network(torch.empty(1, 3, 64, 64))
    assert maps.heatmaps.shape == (1, 15 + 1, 16, 16)


@pytest.mark.parametrize("skeleton", [COCO17, MPII16, POSETRACK15], ids=lambda one: one.name)
@pytest.mark.parametrize("name", ["paf6", "mspaf3"])
def test_any_skeleton(name, skeleton):
    with torch.device("meta"):
        model = create_pipeline(name, skeleton, stages=1, width=0.25).eval()
        [maps] = model.network(torch.empty(1, 3, 64, 64))
    grouped = OPENPOSE18 if skeleton is COCO17 else skeleton
    assert maps.heatmaps.shape[1] == len(grouped) + 1
    assert maps.fields.shape[1] == 2 * len(grouped.limbs)


def test_depths_that_are_given_replace_the_budgets():
    def with_blocks(depth, rest, trunk):
        arguments = {"depth": depth, "rest": rest, "trunk_depth": trunk, "stages": 1}
        return parameters(create_pipeline("mspaf3", COCO17, block="ioi", **arguments))

    with torch.device("meta"):
        ioi, plain = (
            parameters(create_block(name, 128, 128)) for name in ("ioi", "inception_residual")
        )
        least = with_blocks(1, 0, 0)
        # A stage has two branches.
        assert with_blocks(2, 0, 0) - least == 2 * ioi
        assert with_blocks(1, 3, 0) - least == 2 * 3 * plain
        assert with_blocks(1, 0, 4) - least == 4 * plain


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: vgg_trunk(1.0, 11, 8), "depth of a VGG trunk is one of .13, 16, 19., not 11"),
        (lambda: vgg_trunk(1.0, 19, 2), "stride of a VGG trunk is one of .4, 8., not 2"),
        (lambda: dense_stem(1.0, 16), "stride of a dense stem is one of .4, 8.$"),
    ],
)
def test_what_does_not_exist_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
