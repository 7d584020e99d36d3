import pytest
import torch

from ablations.blocks import plan
from ablations.options import Options
from ablations.plan import save_plan, stored_plan
from bench.experiment import Experiment
from bench.plan import Plan
from bench.problem import Problem
from models import create_pipeline, list_blocks
from models.skeleton import SKELETONS

SMOKE = Options(preset="smoke", device="cpu")


def test_every_block_and_the_baseline_once_a_seed():
    experiments = plan(Options(preset="smoke", device="cpu", seeds=2)).experiments
    blocks = list_blocks()
    assert [(one.variant, one.seed) for one in experiments] == [
        *((block, 0) for block in blocks),
        *((block, 1) for block in blocks),
        ("mean_pose", 0),
    ]
    assert len({one.key for one in experiments}) == len(experiments)


def test_every_experiment_can_be_built_at_its_matched_size():
    suite = plan(SMOKE)
    for one in suite.experiments:
        model = create_pipeline(one.model.name, SKELETONS[one.data.skeleton], **one.model.arguments)
        match = suite.matches.get(one.key)
        if match is not None:
            assert sum(p.numel() for p in model.parameters()) == match["value"]
    assert suite.latency.experiments == tuple(suite.experiments)


def test_a_pattern_selects_blocks_and_changes_no_key():
    everything = {one.variant: one.key for one in plan(SMOKE).experiments}
    some = plan(Options(preset="smoke", device="cpu", blocks="io*")).experiments
    assert [one.variant for one in some] == ["ioi", "mean_pose"]
    assert all(everything[one.variant] == one.key for one in some)


def test_a_pattern_without_a_match_offers_the_nearest_block():
    with pytest.raises(Problem, match="unknown block 'resdual'; did you mean 'residual'"):
        plan(Options(preset="smoke", device="cpu", blocks="resdual"))


def test_the_baseline_counts_crops_that_were_not_moved():
    (baseline,) = [one for one in plan(SMOKE).experiments if one.variant == "mean_pose"]
    assert (baseline.train.rotation, baseline.train.scale, baseline.train.shift) == (0, 1, 0)
    assert not baseline.train.flip


def test_a_plugin_s_digest_enters_the_keys_of_its_own_blocks_alone():
    ours = {one.variant: one.key for one in plan(SMOKE).experiments}
    with_plugin = Options(preset="smoke", device="cpu", plugin="f" * 64, plugin_blocks=("ioi",))
    theirs = {one.variant: one.key for one in plan(with_plugin).experiments}
    assert {name for name in ours if ours[name] != theirs[name]} == {"ioi"}


def test_settings_reach_the_experiments():
    options = Options(preset="smoke", device="cpu", settings=("data.crop_size=32",), match="blocks")
    for one in plan(options).experiments:
        assert one.data.crop_size == one.model.arguments["crop_size"] == 32
        assert one.protocol.input_size == 32


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_where_there_is_none_is_a_problem():
    with pytest.raises(Problem, match="--device cuda: torch sees no CUDA device"):
        plan(Options(preset="smoke", device="cuda"))


def test_a_plan_comes_back_from_its_note(tmp_path):
    suite = plan(SMOKE)
    save_plan(tmp_path, suite)
    back = stored_plan(tmp_path)
    assert (back.experiments, back.latency) == (suite.experiments, suite.latency)


@pytest.mark.parametrize("text", ["{", "[]", '{"experiments": [{}], "latency": null}'])
def test_a_torn_note_of_a_plan_falls_back_on_the_records(tmp_path, text):
    (tmp_path / "plan.json").write_text(text)
    assert stored_plan(tmp_path) == Plan(())


def test_all_experiments_survive_the_trip_through_json():
    from dataclasses import asdict
    from json import dumps, loads

    for one in plan(SMOKE).experiments:
        assert Experiment.from_dict(loads(dumps(asdict(one)))) == one
