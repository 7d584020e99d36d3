"""The suite of the deck's Table 5, as a plan."""

from dataclasses import replace
from pathlib import Path

import pytest

from ablations import table5
from ablations.options import Options
from ablations.pipeline_presets import PIPELINE_PRESETS
from ablations.plan import save_plan, stored_plan
from ablations.table5 import ALONE, ANNOTATOR, LONG, MIXED, NOSE, PRETRAINED, TUNED
from bench.given_boxes import TRUTH
from bench.measure import create_model
from bench.problem import Problem
from models.skeleton import CANONICAL, POSETRACK15

POSETRACK, MPII, COCO = "synthetic-posetrack", "synthetic-mpii", "synthetic-coco"


def planned(**options):
    settings = {"preset": "smoke", "device": "cpu", "data": POSETRACK, **options}
    return table5.plan(Options(**settings))


def by_name(plan, seed=0):
    return {one.variant: one for one in plan.experiments if one.seed == seed}


@pytest.mark.parametrize("preset", PIPELINE_PRESETS)
def test_every_preset_plans_every_row_once_a_seed(preset):
    plan = planned(preset=preset)
    seeds = PIPELINE_PRESETS[preset].seeds
    names = [ANNOTATOR, PRETRAINED, ALONE, MIXED, NOSE, LONG, TUNED]
    assert [one.variant for one in plan.experiments] == names * seeds
    assert len({one.key for one in plan.experiments}) == 7 * seeds
    assert len({one.training_key for one in plan.experiments}) == 7 * seeds
    assert len(plan.annotations) == seeds


@pytest.mark.parametrize("preset", PIPELINE_PRESETS)
def test_lengths_are_the_decks_in_proportion(preset):
    rows = by_name(planned(preset=preset))
    base = rows[ALONE].train.steps
    assert rows[MIXED].train.steps == rows[NOSE].train.steps == base
    assert rows[LONG].train.steps == pytest.approx(2.2 * base, abs=0.5)  # 11w over 5w
    assert rows[PRETRAINED].train.steps == base
    assert base + rows[TUNED].train.steps == pytest.approx(rows[LONG].train.steps, abs=1)
    if preset == "paper":
        assert base == 50_000


def test_steps_on_the_command_line_are_those_of_5w():
    rows = by_name(planned(steps=50))
    assert [rows[name].train.steps for name in (ALONE, LONG, TUNED)] == [50, 110, 60]


def test_rows_differ_by_what_teaches_and_how_long_and_by_nothing_else():
    plan = planned()
    rows = by_name(plan)
    del rows[ANNOTATOR]
    first = rows[ALONE]
    for one in rows.values():
        assert (one.model, one.protocol, one.seed) == (first.model, first.protocol, first.seed)
        assert replace(one.train, steps=first.train.steps) == first.train
    for name in (ALONE, MIXED, NOSE, LONG, TUNED):
        assert rows[name].judged_on.name == POSETRACK
    assert rows[PRETRAINED].judged_on.name == COCO
    taught = {name: [spec.name for spec in one.learnt_from] for name, one in rows.items()}
    everything = [POSETRACK, MPII, COCO]
    assert taught == {
        PRETRAINED: [COCO], ALONE: [POSETRACK], MIXED: everything, NOSE: everything,
        LONG: everything, TUNED: [POSETRACK, MPII],
    }  # fmt: skip


def test_noses_come_from_coco_and_go_to_mpii_alone():
    plan = planned(seeds=2)
    for seed, annotation in enumerate(plan.annotations):
        rows = by_name(plan, seed)
        assert annotation.annotator == rows[ANNOTATOR]
        assert [one.name for one in rows[ANNOTATOR].learnt_from] == [COCO]
        # It is shown the people who are to be annotated, and learns from people so shown.
        assert rows[ANNOTATOR].protocol.boxes == TRUTH
        assert rows[ANNOTATOR].model.arguments["boxes"] == "truth"
        assert (annotation.data.name, annotation.calibrated_on.name) == (MPII, POSETRACK)
        for name in (NOSE, LONG, TUNED):
            for part in rows[name].mixture:
                mine = part.data.name == MPII
                assert (part.annotated_by, part.adds) == (
                    (annotation.key, ("nose",)) if mine else ("", ())
                )
        assert all(part.annotated_by == "" for part in rows[MIXED].mixture)


def test_steps_wait_for_all_that_they_need():
    plan = planned()
    rows, noses = by_name(plan), plan.annotations[0].key
    waits = {step.experiment.variant: set(step.after) for step in plan.steps()}
    begun = rows[PRETRAINED].key
    assert waits == {
        ANNOTATOR: set(), PRETRAINED: set(), ALONE: set(), MIXED: set(), NOSE: {noses},
        LONG: {noses}, TUNED: {noses, begun},
    }  # fmt: skip


def test_a_mixtures_model_has_every_joint_and_finds_those_it_was_taught():
    rows = by_name(planned())
    assert create_model(rows[ALONE]).skeleton == POSETRACK15
    joints = {}
    for name in (PRETRAINED, MIXED, TUNED):
        model = create_model(rows[name])
        assert model.skeleton == CANONICAL
        joints[name] = set(CANONICAL.joints) - set(model.taught)
    face = {"left_eye", "right_eye", "left_ear", "right_ear"}
    assert joints == {
        PRETRAINED: {"neck", "head_top", "pelvis", "thorax"}, MIXED: set(), TUNED: face,
    }  # fmt: skip


def test_rendered_sets_are_as_unequal_as_the_real_ones_and_photographs_are_all_read():
    rows = by_name(planned(preset="cpu"))
    sizes = {spec.name: spec.train_images for spec in rows[NOSE].learnt_from}
    assert sizes == {POSETRACK: 400, MPII: 1200, COCO: 4000}
    least = by_name(planned())[NOSE].learnt_from
    assert min(spec.train_images for spec in least) >= 8


def test_a_plan_is_noted_and_read_back(tmp_path: Path):
    plan = planned()
    save_plan(tmp_path, plan)
    assert stored_plan(tmp_path) == plan


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"blocks": "io*"}, "'table5' does not compare blocks; leave --blocks out"),
        ({"data": "synthetic"}, "unknown data set of table5 'synthetic'"),
        ({"data": "posetrack18"}, "give --data-root"),
    ],
)
def test_options_that_cannot_be_met_are_refused(options, message):
    with pytest.raises(Problem, match=message):
        planned(**options)


def test_one_folder_holds_the_photographs_of_all_sets(tmp_path: Path):
    (tmp_path / "posetrack18").mkdir()
    with pytest.raises(Problem, match=str(tmp_path / "posetrack18")):
        planned(data="posetrack18", data_root=tmp_path)
