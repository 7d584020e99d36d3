"""The suite of boxes to learn from, as a plan."""

import pytest

from ablations import boxes
from ablations.options import Options
from ablations.pipeline_presets import PIPELINE_PRESETS
from ablations.plan import save_plan, stored_plan
from bench.given_boxes import box_error
from bench.problem import Problem
from models import create_pipeline
from models.skeleton import COCO17


def planned(preset="cpu", **options):
    return boxes.plan(Options(preset=preset, device="cpu", **options))


def test_every_half_starts_from_the_detector_of_its_seed():
    plan = planned(seeds=2)
    detectors = {one.seed: one for one in plan.experiments if one.variant == boxes.DETECTOR}
    assert list(detectors) == [0, 1]
    for step in plan.steps():
        one = step.experiment
        if one.variant == boxes.DETECTOR:
            assert (step.after, step.trained_by) == ((), "")
            assert one.model.arguments["learns"] == "detector"
            continue
        assert one.starts_from == detectors[one.seed].key
        assert one.model.arguments["learns"] == "person"
        # The weights of a half are trained once, on what it finds itself, and lent to the rest.
        trains = one.protocol.boxes == "none"
        assert (step.trained_by == "") == trains
        if trains:
            assert step.after == (one.starts_from,)
        else:
            assert step.after == (step.trained_by,) != ("",)


def test_ways_of_training_differ_in_boxes_and_noise_alone():
    plan = planned()
    halves = [one for one in plan.experiments if one.variant != boxes.DETECTOR]
    taught = {
        one.variant: (one.model.arguments["boxes"], one.model.arguments["jitter"]) for one in halves
    }
    assert taught == {
        "truth": ("truth", 0.0),
        "detected": ("detected", 0.0),
        "proposals": ("proposals", 0.0),
        "truth ±0.05": ("truth", 0.05),
        "truth ±0.1": ("truth", 0.1),
        "truth ±0.2": ("truth", 0.2),
    }
    rest = [{**one.model.arguments, "boxes": "", "jitter": 0.0} for one in halves]
    assert all(one == rest[0] for one in rest)
    assert len({one.train for one in halves}) == 1
    judged = {box_error(one.protocol.boxes) for one in halves}
    assert judged == {None, 0.0, 0.05, 0.1, 0.2, 0.3}
    assert len(halves) == len(taught) * len(judged)
    # A proposal must not teach more often than a person does.
    assert rest[0]["crops_per_image"] == 2


@pytest.mark.parametrize("preset", PIPELINE_PRESETS)
def test_every_preset_has_all_that_claim_5_is_about(preset):
    plan = planned(preset)
    assert len({one.key for one in plan.experiments}) == len(plan.experiments)
    names = {one.variant for one in plan.experiments}
    assert {boxes.DETECTOR, *boxes.LEARNT_FROM} < names
    noisy = [name for name in names if "±" in name]
    assert len(noisy) == (1 if preset == "smoke" else 3)


def test_the_small_pipelines_can_be_built():
    models = {one.variant: one.model for one in planned("smoke").experiments}
    weights = {
        name: set(create_pipeline(one.name, COCO17, **one.arguments).state_dict())
        for name, one in models.items()
    }
    # Whoever starts from the detector's weights has the same ones.
    assert len(weights) == 5
    assert all(one == weights[boxes.DETECTOR] for one in weights.values())


def test_the_plan_is_noted_and_read_back(tmp_path):
    plan = planned("smoke")
    save_plan(tmp_path, plan)
    assert stored_plan(tmp_path) == plan


def test_options_about_blocks_are_refused():
    with pytest.raises(Problem, match="'boxes' does not compare blocks; leave --blocks out"):
        planned(blocks="io*")
