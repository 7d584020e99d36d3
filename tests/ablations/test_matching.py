import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ablations.matching import CLOSE, REFERENCE, match_block
from ablations.presets import ModelSize
from bench.problem import Problem
from models import create_pipeline, list_blocks, registry
from models.skeleton import COCO17

SIZE = ModelSize(depth=1, width=40, stages=1)
CROP = 32


def network(block, depth, width, stages=1, crop_size=CROP):
    return create_pipeline(
        "single_person",
        COCO17,
        block=block,
        depth=depth,
        width=width,
        stages=stages,
        crop_size=crop_size,
    )


def parameters(block, depth, width, stages=1):
    return sum(one.numel() for one in network(block, depth, width, stages).parameters())


@pytest.fixture
def plugin(monkeypatch):
    """Register blocks for one test alone."""
    monkeypatch.setattr(registry._blocks, "_factories", dict(registry._blocks._factories))
    return registry.register_block


@pytest.mark.parametrize("stages", [1, 2])
@pytest.mark.parametrize("block", list_blocks())
def test_parameters_are_those_of_the_real_network(block, stages):
    match = match_block("params", block, ModelSize(1, 32, stages), len(COCO17), CROP)
    assert match.value == parameters(block, match.depth, match.width, stages)
    assert match.target == parameters(REFERENCE, 1, 32, stages)


@pytest.mark.parametrize("block", list_blocks())
def test_multiply_adds_are_those_that_torch_counts(block):
    match = match_block("macs", block, SIZE, len(COCO17), CROP)
    real = network(block, match.depth, match.width).network.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        real(torch.zeros(1, 3, CROP, CROP))
    assert 2 * match.value == counter.get_total_flops()


@pytest.mark.parametrize("rule", ["params", "macs"])
@pytest.mark.parametrize("block", list_blocks())
def test_every_block_of_ours_comes_within_five_percent(block, rule):
    match = match_block(rule, block, SIZE, len(COCO17), CROP)
    assert abs(match.mismatch) <= CLOSE
    assert match.width % 2 == 0


def test_equal_parameters_are_the_deck_s_19_6_and_1_blocks():
    depths = {
        block: match_block("params", block, ModelSize(1, 128, 1), len(COCO17), CROP).depth
        for block in ("residual", "inception_residual", "ioi")
    }
    assert depths == {"residual": 19, "inception_residual": 6, "ioi": 1}


def test_a_block_heavier_than_the_budget_gets_narrower():
    match = match_block("params", "aioi", ModelSize(1, 128, 1), len(COCO17), CROP)
    assert match.depth == 1
    # Weights grow with the square of the width, and the gate makes up two thirds of the block.
    assert match.width == pytest.approx(128 * (1007616 / 3018752) ** 0.5, abs=8)


def test_blocks_shares_depth_and_width():
    match = match_block("blocks", "residual", ModelSize(6, 32, 1), len(COCO17), CROP)
    assert (match.depth, match.width, match.target, match.value) == (6, 32, 6, 6)
    assert match.mismatch == 0


def test_a_record_holds_the_documented_fields():
    match = match_block("params", "ioi", SIZE, len(COCO17), CROP).to_json()
    assert sorted(match) == ["depth", "mismatch", "rule", "target", "value", "width"]
    assert match["mismatch"] == pytest.approx(match["value"] / match["target"] - 1)


def test_the_preset_s_width_stays_where_depth_alone_will_do(plugin):
    @plugin
    def plain(in_channels, out_channels):
        return nn.Conv2d(in_channels, out_channels, 1)

    match = match_block("params", "plain", SIZE, len(COCO17), CROP)
    # One block has 40 * 40 + 40 parameters, so depth lands within half of that.
    assert match.width == 40
    assert abs(match.value - match.target) <= (40 * 40 + 40) / 2


def test_the_width_gives_way_where_depth_alone_will_not_do(plugin):
    @plugin
    def heavy(in_channels, out_channels):
        return nn.Conv2d(in_channels, out_channels, 7, padding=3)

    match = match_block("params", "heavy", ModelSize(1, 32, 1), len(COCO17), CROP)
    # At 32 channels one block has 50,208 parameters: one is too few, two are too many.
    assert match.width != 32
    assert abs(match.mismatch) <= CLOSE
    assert match.value == parameters("heavy", match.depth, match.width)


@pytest.mark.parametrize("kernel", [1, 101])
def test_a_block_that_no_size_can_match_is_a_problem(plugin, kernel):
    @plugin
    def odd(in_channels, out_channels):
        if kernel == 1:
            return nn.Identity()  # adds nothing, however deep
        return nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2)

    with pytest.raises(Problem, match="block 'odd' cannot be matched by params"):
        match_block("params", "odd", SIZE, len(COCO17), CROP)


def test_a_block_that_raises_is_a_problem(plugin):
    @plugin
    def broken(in_channels, out_channels):
        raise ValueError("no such luck")

    with pytest.raises(Problem, match=r"block 'broken' cannot be built or run .*no such luck"):
        match_block("params", "broken", SIZE, len(COCO17), CROP)


def test_a_block_that_changes_the_channels_is_a_problem_under_macs(plugin):
    @plugin
    def narrowing(in_channels, out_channels):
        return nn.Conv2d(in_channels, out_channels // 2, 1)

    with pytest.raises(Problem, match="block 'narrowing' cannot be built or run"):
        match_block("macs", "narrowing", SIZE, len(COCO17), CROP)
