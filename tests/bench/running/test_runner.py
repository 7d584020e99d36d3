"""Real worker processes with quick measurements: what runs, what is kept, and what waits."""

from dataclasses import replace

from quick_runs import Watcher, filed, states

from bench.experiment import Part
from bench.jobs import AnnotationExperiment, LatencyExperiment
from bench.plan import Plan
from bench.records import RECORD_FILE, read_record
from bench.runner import pending, run
from bench.running.run_lock import only_run


def test_finished_experiments_are_kept_and_the_rest_runs(setting, make_experiment):
    experiments = (make_experiment("quick", 0), make_experiment("quick", 1))
    latency = LatencyExperiment(experiments, (1,), 5)
    watcher = Watcher()
    assert states(run(Plan(experiments[:1]), setting, watcher)) == ["done"]
    assert watcher.events[0]["loss"] == 0.5
    assert pending(Plan(experiments, latency), setting) == (2, 1)
    watcher = Watcher()
    outcomes = run(Plan(experiments, latency), setting, watcher)
    assert states(outcomes) == ["kept", "done", "done"]
    assert watcher.begun == ["quick, seed 1", "latency of 1 models"]
    assert pending(Plan(experiments, latency), setting) == (0, 0)
    assert states(run(Plan(experiments, latency), setting, Watcher())) == ["kept"] * 3
    # Two seeds of a variant are one network to a clock, and another clock is another time.
    assert outcomes[-1].job.experiments == (experiments[0],)
    assert pending(Plan(experiments, latency), replace(setting, threads=2)) == (1, 0)
    record, _ = read_record(setting.folder, experiments[1].key)
    assert record["measured"] == {"accuracy": {"AP": 0.1}, "match": {}}
    assert list(record["files"]) == ["detections.json"]
    assert record["command"] == "python run_all.py"


def test_only_a_deterministic_record_is_kept_where_it_has_to_be(setting, make_experiment):
    experiment = make_experiment("quick")
    strict = replace(setting, deterministic=True)
    for made, (usual, asked) in {False: (0, 1), True: (0, 0)}.items():
        filed(setting.folder, experiment, deterministic=made)
        assert pending(Plan((experiment,)), setting) == (usual, usual)
        assert pending(Plan((experiment,)), strict) == (asked, asked)


def test_a_torn_record_is_run_again_and_a_kept_one_takes_the_present_rule(setting, make_experiment):
    experiment = make_experiment("quick")
    run(Plan((experiment,)), setting, Watcher())
    path = setting.folder / experiment.key / RECORD_FILE
    path.write_text(path.read_text()[:-20])
    assert states(run(Plan((experiment,)), setting, Watcher())) == ["done"]
    matched = Plan((experiment,), matches={experiment.key: {"rule": "macs"}})
    assert states(run(matched, setting, Watcher())) == ["kept"]
    record, reason = read_record(setting.folder, experiment.key)
    assert record["measured"] == {"accuracy": {"AP": 0.0}, "match": {"rule": "macs"}}, reason


def test_several_experiments_run_at_once_and_are_reported_in_order(setting, make_experiment):
    """Each waits for the other to have begun: one after the other they would wait in vain."""
    experiments = tuple(make_experiment("meets", seed) for seed in (0, 1))
    watcher = Watcher()
    outcomes = run(Plan(experiments), replace(setting, threads=2, workers=2), watcher)
    assert [one.job for one in outcomes] == list(experiments)
    assert states(outcomes) == ["done", "done"], [one.reason for one in outcomes]
    for experiment in experiments:
        assert read_record(setting.folder, experiment.key)[0]["measured"]["threads"] == 1


def test_a_second_protocol_is_measured_with_the_weights_of_the_first(setting, make_experiment):
    first = make_experiment("weights", 1)
    second = replace(first, protocol=replace(first.protocol, flip=True))
    assert first.training_key == second.training_key
    assert first.key != second.key
    outcomes = run(Plan((second, first)), setting, Watcher())
    assert states(outcomes) == ["done", "done"]
    # Which of them trains is decided by the plan's order.
    for experiment, trained_by in ((second, ""), (first, second.key)):
        record, _ = read_record(setting.folder, experiment.key)
        assert record["measured"]["trained_by"] == trained_by


def test_a_training_that_starts_from_weights_waits_for_them(setting, make_experiment):
    base = make_experiment("weights", 1)
    refined = replace(base, seed=2, starts_from=base.key)
    outcomes = run(Plan((refined, base)), replace(setting, workers=2, threads=2), Watcher())
    assert states(outcomes) == ["done", "done"]
    assert read_record(setting.folder, refined.key)[0]["measured"]["stands"] is True


def test_a_training_waits_for_the_weights_and_the_annotations_that_it_needs(
    setting, make_experiment
):
    base = make_experiment("weights", 1)
    noses = AnnotationExperiment(base, base.data, ("nose",), base.data, 0.9, "any")
    parts = (Part(base.data, 1.0, noses.key, ("nose",)),)
    mixed = replace(base, seed=2, starts_from=base.key, mixture=parts)
    plan = Plan((mixed, base), annotations=(noses,))
    assert pending(plan, setting) == (3, 2)
    outcomes = run(plan, replace(setting, workers=2, threads=2), Watcher())
    assert [one.job for one in outcomes] == [mixed, base, noses]
    for one in (mixed, noses):
        assert read_record(setting.folder, one.key)[0]["measured"]["stands"] is True


def test_what_another_suite_has_run_is_taken_over(setting, make_experiment):
    plan = Plan((make_experiment("quick", 1),))
    run(plan, setting, Watcher())
    folder = setting.folder.parents[1] / "other" / "records"
    with only_run(folder) as lock:
        other = replace(setting, folder=folder, lock=lock)
        assert pending(plan, other) == (0, 0)
        assert states(run(plan, other, Watcher())) == ["kept"]
    key = plan.experiments[0].key
    assert read_record(folder, key)[0] == read_record(setting.folder, key)[0]
