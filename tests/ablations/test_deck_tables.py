"""The suites of the deck's Tables 2 to 4, as plans."""

import importlib
import re
from dataclasses import replace

import pytest

import run_all
from ablations import SUITES
from ablations.options import Options
from ablations.pipeline_presets import PIPELINE_PRESETS
from ablations.plan import save_plan, stored_plan
from bench.problem import Problem
from models import create_pipeline
from models.skeleton import SKELETONS

# The deck's methods in its order; Mask R-CNN twice in Table 2.
ROWS = {
    "table2": ["paf6", "mspaf3", "mask_rcnn", "mask_rcnn"],
    "table3": ["mspaf3", "mask_rcnn"],
    "table4": ["mspaf3", "mask_rcnn", "detector_hourglass"],
}


def planned(name, **options):
    settings = {"preset": "smoke", "device": "cpu", "data": SUITES[name].data, **options}
    return importlib.import_module(f"ablations.{name}").plan(Options(**settings))


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("preset", PIPELINE_PRESETS)
def test_every_preset_plans_the_decks_rows_once_a_seed(name, preset):
    plan = planned(name, preset=preset)
    seeds = range(PIPELINE_PRESETS[preset].seeds)
    expected = [(seed, model) for seed in seeds for model in ROWS[name]]
    assert [(one.seed, one.model.name) for one in plan.experiments] == expected
    assert len({one.key for one in plan.experiments}) == len(expected)


@pytest.mark.parametrize("name", ROWS)
def test_rows_can_be_built(name):
    for one in planned(name).experiments:
        create_pipeline(one.model.name, SKELETONS[one.data.skeleton], **one.model.arguments)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("preset", PIPELINE_PRESETS)
def test_rows_are_trained_and_judged_alike_and_timed_in_one_run(name, preset):
    plan = planned(name, preset=preset)
    first = plan.experiments[0]
    for one in plan.experiments:
        assert (one.data, one.judged_on, one.protocol) == (first.data, first.data, first.protocol)
        # What suits a pipeline may differ, and nothing else.
        suited = {"learning_rate": first.train.learning_rate, "steps": first.train.steps}
        assert replace(one.train, **suited) == first.train
    (timing,) = plan.stages
    assert [(one.variant, one.model) for one in timing.pipelines] == [
        (one.variant, one.model) for one in plan.experiments if one.seed == 0
    ]


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("preset", PIPELINE_PRESETS)
def test_rows_share_their_records_with_the_suite_of_pipelines(name, preset):
    data = SUITES[name].data
    pipelines = {one.key for one in planned("pipelines", preset=preset, data=data).experiments}
    bottom_up = [
        one.key
        for one in planned(name, preset=preset).experiments
        if one.model.name in ("paf6", "mspaf3")
    ]
    assert bottom_up and set(bottom_up) <= pipelines


def test_table4_has_the_very_rows_of_table3():
    table3, table4 = planned("table3"), planned("table4")
    assert {one.key for one in table3.experiments} < {one.key for one in table4.experiments}


@pytest.mark.parametrize("preset", PIPELINE_PRESETS)
def test_the_second_mask_rcnn_differs_by_a_larger_backbone_alone(preset):
    *_, one, deeper = planned("table2", preset=preset, seeds=1).experiments
    changed = {
        name for name, value in one.model.arguments.items() if deeper.model.arguments[name] != value
    }
    assert changed == {"backbone"}
    layers = [
        int(model.arguments["backbone"].removeprefix("resnet"))
        for model in (one.model, deeper.model)
    ]
    assert layers[0] < layers[1]
    if preset == "paper":
        assert layers == [50, 101]  # the deck's


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("table2", {"blocks": "io*"}, "'table2' does not compare blocks; leave --blocks out"),
        ("table3", {"match": "macs"}, "'table3' does not compare blocks; leave --match out"),
        ("table4", {"plugin": "f"}, "'table4' does not compare blocks; leave --plugin out"),
    ],
)
def test_options_that_do_not_apply_are_refused(name, options, message):
    with pytest.raises(Problem, match=message):
        planned(name, **options)


@pytest.mark.parametrize("name", ROWS)
def test_a_plan_is_noted_and_read_back(name, tmp_path):
    plan = planned(name)
    save_plan(tmp_path, plan)
    assert stored_plan(tmp_path) == plan


@pytest.mark.parametrize(
    ("suite", "words", "data"),
    [
        ("table2", [], "synthetic"),
        ("table3", [], "synthetic-posetrack"),
        ("table4", [], "synthetic-posetrack"),
        ("table4", ["--data", "synthetic"], "synthetic"),
    ],
)
def test_the_command_line_takes_the_suites_own_data_unless_it_names_other(
    monkeypatch, suite, words, data
):
    asked = []

    def plan(options):
        asked.append(options.data)
        raise Problem("planned enough")

    monkeypatch.setattr(f"ablations.{suite}.plan", plan)
    assert run_all.main(["--suite", suite, *words]) == run_all.BAD_INPUT
    assert asked == [data]


def test_help_tells_every_suites_own_data(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "1000")  # nothing is wrapped
    with pytest.raises(SystemExit):
        run_all.main(["--help"])
    told = re.search(r"default: (synthetic for .*)", capsys.readouterr().out).group(1)
    of_suite = {}
    for part in told.split("; "):
        data, suites = part.split(" for ")
        of_suite |= dict.fromkeys(suites.strip().split(", "), data)
    assert of_suite == {name: suite.data for name, suite in SUITES.items()}
