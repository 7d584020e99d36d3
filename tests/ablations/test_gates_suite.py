"""The suite ``gates`` as a plan: networks of ``blocks`` that have gates, and their gates."""

from dataclasses import asdict
from json import dumps, loads

import pytest

from ablations import blocks
from ablations.gates import plan
from ablations.options import Options
from ablations.plan import save_plan, stored_plan
from ablations.presets import PRESETS
from bench.audit.faults import faults
from bench.audit.staleness import Present, experiments_of
from bench.experiment import content_key
from bench.jobs import GateExperiment, models_of
from bench.problem import Problem
from bench.running.titles import title_of

GATED = ["aioi", "aioi_light"]


def planned(**options):
    return plan(Options(**{"preset": "smoke", "device": "cpu", "blocks": "*aioi*"} | options))


@pytest.mark.parametrize("preset", PRESETS)
def test_networks_are_the_very_experiments_of_blocks(preset):
    made = planned(preset=preset)
    theirs = blocks.plan(Options(preset=preset, device="cpu", blocks="*aioi*")).experiments
    assert [one.key for one in made.experiments] == [
        one.key for one in theirs if one.variant in GATED
    ]
    assert [one.experiment for one in made.gates] == list(made.experiments)
    assert set(made.matches) == {one.key for one in made.experiments}


def test_only_blocks_with_a_gate_are_planned():
    made = planned(blocks="*", seeds=2)
    assert [one.variant for one in made.experiments] == 2 * GATED
    with pytest.raises(Problem, match=r"no block of 'ioi' has a gate; .* --blocks 'aioi\*'"):
        planned(blocks="ioi")


def test_photographs_are_refused_for_nobody_knows_what_is_hidden():
    with pytest.raises(Problem, match="how far each joint is hidden, which 'coco' does not tell"):
        planned(data="coco")


def test_a_plan_comes_back_from_its_note_and_older_notes_lack_gates(tmp_path):
    made = planned(blocks="aioi")
    save_plan(tmp_path, made)
    assert stored_plan(tmp_path).gates == made.gates
    note = tmp_path / "plan.json"
    values = loads(note.read_text())
    del values["gates"]
    note.write_text(dumps(values))
    assert stored_plan(tmp_path).gates == ()


def test_jobs_that_are_older_than_the_control_keep_their_key():
    (job,) = planned(blocks="aioi").gates
    values = loads(dumps(asdict(job)))
    del values["method"]
    older = GateExperiment.from_dict(values)
    assert older == GateExperiment(job.experiment, job.images)
    facts = {"experiment": job.experiment.key, "images": job.images}
    assert older.key == content_key("gates", facts)
    assert older.key != job.key
    (reason,) = Present().outdated(older)
    assert reason.startswith("the way of looking at gates was the first, after training only")
    assert Present().outdated(job) == []


def test_a_job_is_told_apart_and_traced_to_its_network():
    (job,) = planned(blocks="aioi").gates
    back = GateExperiment.from_dict(loads(dumps(asdict(job))))
    assert (back, back.key) == (job, job.key)
    assert job.key != job.experiment.key
    assert title_of(job) == "gates of aioi, seed 0"
    assert models_of(job) == [job.experiment.model]
    assert experiments_of(job) == [job.experiment]
    record = {"key": job.key, "kind": "gates", "status": "done", "experiment": asdict(job)}
    whole = record | {"measured": {"gates": {}, "joints": 3}, "evidence": {}}
    (fault,) = faults(whole, lambda key: (None, "not run yet"))
    assert fault.startswith(f"it looks at the weights of {job.experiment.key}, whose record is")
    assert faults(record | {"measured": {}}, lambda key: (None, "")) == [
        "it is done, and has not measured gates, joints"
    ]
