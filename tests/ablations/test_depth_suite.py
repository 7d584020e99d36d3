from functools import cache

import pytest

from ablations import blocks, depth
from ablations.depth import FACTORS
from ablations.options import Options
from ablations.presets import PRESETS
from bench.problem import Problem
from models import list_blocks

CPU = Options(preset="cpu", device="cpu")


plan = cache(depth.plan)  # sizing every block takes seconds


def depths(options: Options) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for one in plan(options).experiments:
        arguments = one.model.arguments
        found.setdefault(arguments["block"], []).append(arguments["depth"])
    return {block: sorted(values) for block, values in found.items()}


def test_every_preset_has_depths():
    assert FACTORS.keys() == PRESETS.keys()


def test_every_block_at_multiples_of_its_depth_in_blocks():
    planned = depths(CPU)
    assert planned.keys() == set(list_blocks())
    # The deck's equal parameters: 19 residual, 6 inception-residual, 1 IOI.
    assert planned["residual"] == [6, 19, 38, 57]
    assert planned["inception_residual"] == [2, 6, 12, 18]
    assert planned["ioi"] == [1, 2, 3], "a third of an IOI is none"


def test_at_the_depth_of_blocks_the_experiments_are_those_of_blocks():
    theirs = {one.key: one for one in blocks.plan(CPU).experiments if one.variant != "mean_pose"}
    ours = {one.key: one for one in plan(CPU).experiments}
    assert theirs.keys() <= ours.keys()
    other = [one for key, one in ours.items() if key not in theirs]
    assert len(other) + len(theirs) == len(ours)
    for one in other:
        like = next(
            those
            for those in theirs.values()
            if those.model.arguments["block"] == one.model.arguments["block"]
        )
        assert one.model.arguments["width"] == like.model.arguments["width"]
        assert (one.data, one.train, one.protocol) == (like.data, like.train, like.protocol)


def test_the_deepest_come_first_and_rows_tell_depth_and_block():
    planned = plan(Options(preset="smoke", device="cpu", blocks="ioi", seeds=2)).experiments
    told = [(one.variant, one.seed) for one in planned]
    assert told == [("2 × ioi", 0), ("2 × ioi", 1), ("1 × ioi", 0), ("1 × ioi", 1)]


def test_with_equal_blocks_all_have_the_same_depths():
    planned = depths(Options(preset="cpu", device="cpu", match="blocks"))
    assert set(map(tuple, planned.values())) == {(1, 2, 3)}


def test_an_unknown_block_is_refused():
    with pytest.raises(Problem, match="did you mean 'residual'"):
        plan(Options(preset="smoke", device="cpu", blocks="resdual"))
