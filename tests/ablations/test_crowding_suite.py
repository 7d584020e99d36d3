"""The suite ``crowding`` as a plan: one training, many scenes, one factor at a time."""

import importlib
from dataclasses import asdict

import pytest

from ablations import SUITES
from ablations.crowding import BOTTOM_UP, FACTORS, SCENES, TOP_DOWN, moved, plan
from ablations.options import Options
from ablations.pipeline_presets import PIPELINE_PRESETS
from ablations.plan import save_plan, stored_plan
from bench.data.datasets import describe_data
from bench.data.synthetic.factors import DEFAULT_FACTORS, POSETRACK_FACTORS
from bench.problem import Problem

MOVED_TOGETHER = {
    "crowding": {"crowded", "group_width"},
    "people": {"people"},
    "size": {"height"},
    "blur": {"blur", "motion", "streak"},
    "cut": {"cut"},
    "everything": set(POSETRACK_FACTORS.changes()),
}
#: Factors that move random draws, by the renderer's own word.
DRAWS_MOVE = {"people", "occluders", "clutter"}


def planned(**options):
    return plan(Options(**{"preset": "cpu", "device": "cpu", **options}))


@pytest.mark.parametrize("preset", PIPELINE_PRESETS)
def test_every_pipeline_is_trained_once_a_seed(preset):
    made = planned(preset=preset)
    trained = [step.experiment for step in made.steps() if not step.trained_by]
    seeds = PIPELINE_PRESETS[preset].seeds
    assert sorted((one.variant, one.seed) for one in trained) == sorted(
        (name, seed) for name in (*BOTTOM_UP, *TOP_DOWN) for seed in range(seeds)
    )
    assert all(one.tested is None and not one.data.factors for one in trained)
    assert len({one.key for one in made.experiments}) == len(made.experiments)
    keys = {(one.variant, one.seed): one.key for one in trained}
    for step in made.steps():
        if step.trained_by:
            own = keys[step.experiment.variant, step.experiment.seed]
            assert (step.after, step.trained_by) == ((own,), own)


@pytest.mark.parametrize("suite", ["pipelines", "table1", "table2"])
@pytest.mark.parametrize("preset", ["smoke", "cpu"])
def test_trainings_are_those_of_other_suites(suite, preset):
    options = Options(preset=preset, device="cpu")
    theirs = importlib.import_module(f"ablations.{suite}").plan(options).experiments
    ours = {one.variant: one.key for one in planned(preset=preset).experiments if not one.tested}
    plain = {
        one.variant: one.key
        for one in theirs
        if one.protocol.scales == (1.0,) and not one.protocol.flip and one.variant in ours
    }
    assert {"paf6", "mspaf3"} <= plain.keys()
    assert plain.items() <= ours.items()


def test_every_pipeline_sees_every_level_once():
    made = planned()
    seen: dict[str, list] = {}
    for one in made.experiments:
        if one.tested:
            seen.setdefault(one.variant, []).append(one.tested)
    levels = {level.factors for factor in FACTORS for level in factor.levels}
    for data in seen.values():
        assert {one.factors for one in data} == levels
        assert len(data) == len(levels)
        assert {one.val_images for one in data} == {SCENES["cpu"]}
    assert SCENES["cpu"] < PIPELINE_PRESETS["cpu"].synthetic.val_images


@pytest.mark.parametrize("factor", FACTORS, ids=lambda one: one.name)
def test_levels_are_distinct_and_move_one_factor(factor):
    factors = [level.factors for level in factor.levels]
    assert len(set(factors)) == len({level.label for level in factor.levels}) == len(factors)
    assert () in factors, "the default is a level"
    names = {name for changes in factors for name, _ in changes}
    assert names == MOVED_TOGETHER[factor.name]
    assert factor.paired == (not names & DRAWS_MOVE)


def test_the_value_of_posetrack_frames_is_a_level_of_every_factor():
    for factor in FACTORS:
        own = {name: getattr(POSETRACK_FACTORS, name) for name in MOVED_TOGETHER[factor.name]}
        different = {name: value for name, value in own.items() if value != _default(name)}
        assert different in [dict(level.factors) for level in factor.levels]


def _default(name):
    return getattr(DEFAULT_FACTORS, name)


@pytest.mark.parametrize("factor", FACTORS, ids=lambda one: one.name)
def test_everything_else_is_as_in_synthetic(factor):
    made = planned()
    size = asdict(PIPELINE_PRESETS["cpu"].synthetic) | {"val_images": SCENES["cpu"]}
    tested = {one.tested for one in made.experiments}
    for level in factor.levels:
        assert describe_data("synthetic", None, **size, factors=level.changes) in tested


def test_smoke_moves_both_kinds_of_factors_between_their_ends():
    factors = moved("smoke")
    assert {one.paired for one in factors} == {True, False}
    for one in factors:
        whole = next(other for other in FACTORS if other.name == one.name)
        assert one.levels == (whole.levels[0], whole.levels[-1])
    made = planned(preset="smoke")
    assert len(made.experiments) == 4 * (1 + 2 * 2)  # as trained, and both ends of two factors
    assert moved("cpu") == moved("gpu") == FACTORS


def test_no_level_has_more_scenes_than_there_are_to_validate():
    made = planned(settings=("data.val_images=50",))
    assert {one.judged_on.val_images for one in made.experiments} == {50}
    assert sum(not one.judged_on.factors for one in made.experiments) == 4, "not measured twice"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": "synthetic-posetrack"}, "factors of 'synthetic' and of nothing else"),
        ({"data": "coco"}, "leave --data out"),
        ({"blocks": "io*"}, "does not compare blocks; leave --blocks out"),
    ],
)
def test_options_that_do_not_apply_are_refused(options, message):
    with pytest.raises(Problem, match=message):
        planned(**options)


def test_a_plan_is_noted_and_read_back(tmp_path):
    made = planned(preset="smoke")
    save_plan(tmp_path, made)
    assert stored_plan(tmp_path) == made


def test_the_suite_is_on_the_list():
    assert SUITES["crowding"].presets is PIPELINE_PRESETS
