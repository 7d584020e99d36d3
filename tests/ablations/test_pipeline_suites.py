"""The suites of pipelines, as plans."""

import importlib

import pytest

from ablations import SUITES
from ablations.options import Options
from ablations.pipeline_presets import PIPELINE_PRESETS
from ablations.plan import save_plan, stored_plan
from bench.problem import Problem
from models import create_pipeline, list_blocks
from models.skeleton import COCO17

NAMES = ("pipelines", "table1", "mspaf_blocks")


def planned(name: str, **options):
    settings = {"preset": "smoke", "device": "cpu", **options}
    return importlib.import_module(f"ablations.{name}").plan(Options(**settings))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("preset", PIPELINE_PRESETS)
def test_every_preset_is_a_plan_of_pipelines_that_can_be_built(name, preset):
    plan = planned(name, preset=preset)
    seeds = PIPELINE_PRESETS[preset].seeds
    assert {one.seed for one in plan.experiments} == set(range(seeds))
    assert len({one.key for one in plan.experiments}) == len(plan.experiments)
    if preset in ("smoke", "cpu"):
        for one in [*plan.experiments, *plan.ceilings]:
            create_pipeline(one.model.name, COCO17, **one.model.arguments)


def test_pipelines_are_trained_once_and_the_bottom_up_ones_measured_under_every_view():
    plan = planned("pipelines", preset="cpu")
    trained = [step.experiment for step in plan.steps() if not step.trained_by]
    assert [one.variant for one in trained] == [
        "paf6",
        "mspaf3",
        "mask_rcnn",
        "detector_hourglass",
    ]
    keys = {one.variant: one.key for one in trained}
    others = [step for step in plan.steps() if step.trained_by]
    assert [step.experiment.variant for step in others] == ["paf6", "mspaf3"] * 2
    for step in others:
        one = step.experiment
        trainer = keys[one.variant]
        assert (step.after, step.trained_by) == ((trainer,), trainer)
        assert one.protocol.flip or len(one.protocol.scales) == 4
    grids = {(one.protocol.input_size, one.model.arguments["stride"]) for one in plan.ceilings}
    assert grids == {(128, 4), (128, 8), (256, 4), (256, 8)}


def test_table1_trains_what_pipelines_trains_and_times_the_published_networks():
    table1, pipelines = planned("table1"), planned("pipelines")
    assert {one.key for one in table1.experiments} <= {one.key for one in pipelines.experiments}
    longer = planned("table1", preset="cpu").stages
    assert [one.pipelines[0].input_size for one in longer] == [224, 368]
    assert [one.pipelines[0].input_size for one in table1.stages] == [224]
    for stage in (*table1.stages, *longer):
        assert [one.model.arguments for one in stage.pipelines] == [{}, {}]


def test_every_block_makes_branches_and_its_plugin_enters_the_key():
    plan = planned("mspaf_blocks")
    assert [one.variant for one in plan.experiments] == list_blocks()
    theirs = planned("mspaf_blocks", plugin="f" * 64, plugin_blocks=("ioi",))
    changed = {
        one.variant
        for one, other in zip(plan.experiments, theirs.experiments, strict=True)
        if one.key != other.key
    }
    assert changed == {"ioi"}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("pipelines", {"blocks": "io*"}, "'pipelines' does not compare blocks; leave --blocks out"),
        ("table1", {"match": "macs"}, "'table1' does not compare blocks; leave --match out"),
        ("pipelines", {"plugin": "f"}, "leave --plugin out"),
        ("mspaf_blocks", {"match": "blocks"}, "leave --match out"),
        ("mspaf_blocks", {"blocks": "resdual"}, "did you mean 'residual'"),
        ("pipelines", {"settings": ("data.crop_size=64",)}, "data.crop_size does not apply"),
        ("pipelines", {"settings": ("model.width_factor=0",)}, "at least 0.015625"),
    ],
)
def test_options_that_do_not_apply_are_refused(name, options, message):
    with pytest.raises(Problem, match=message):
        planned(name, **options)


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_is_noted_and_read_back(name, tmp_path):
    plan = planned(name)
    save_plan(tmp_path, plan)
    assert stored_plan(tmp_path) == plan


def test_every_suite_has_a_plan_and_a_report():
    for name in SUITES:
        assert callable(importlib.import_module(f"ablations.{name}").plan)
        assert callable(importlib.import_module(f"reports.suites.{name}").write_report)
