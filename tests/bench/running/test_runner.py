"""Real worker processes with measurements of a moment, put in their place by a plugin."""

import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest

from bench.experiment import Part
from bench.jobs import AnnotationExperiment, LatencyExperiment
from bench.plan import Plan
from bench.problem import Problem
from bench.records import RECORD_FILE, read_record, write_record
from bench.runner import Setting, pending, run
from bench.running.crew import REPOSITORY
from bench.running.kept_records import timed
from bench.running.run_lock import only_run
from bench.running.worker import Task, outline

# What the variants are called decides what becomes of them.
PLUGIN = """
    import os, signal, sys, time
    import torch
    from torch import nn
    from bench import measure
    from bench.annotation import measure as annotation
    from models import register_block

    @register_block
    def quick(in_channels, out_channels):
        return nn.Identity()

    def measure_accuracy(experiment, folder, root, trained_by, report):
        report("train", 1, 2, loss=0.5, rate=10.0)
        print("a library speaks")
        if experiment.variant == "fails":
            raise ValueError("this one\\n  cannot be")
        if experiment.variant == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if experiment.variant == "leaves":
            sys.stderr.write("some C++ library gave up\\n")
            sys.stderr.flush()
            os._exit(7)
        if experiment.variant == "weights":
            stands = (folder / experiment.starts_from / "record.json").exists()
            given = [folder / part.annotated_by / "record.json" for part in experiment.mixture]
            stands = stands and all(path.exists() for path in given)
            return {"trained_by": trained_by, "stands": stands}, {}
        if experiment.variant == "long":
            found = (folder / experiment.key / "checkpoint" / "checkpoint.json").exists()
            if found:
                report("train", 40, 90, note="goes on after step 40 of 90")
                return {"went on": sorted(os.listdir(folder / experiment.key))}, {}
            (folder / experiment.key / "checkpoint").mkdir()
            (folder / experiment.key / "checkpoint" / "checkpoint.json").touch()
            (folder / experiment.key / "half a file").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if experiment.variant == "meets":
            (folder / f"seed-{experiment.seed}").touch()
            end = time.monotonic() + 60
            while not (folder / f"seed-{1 - experiment.seed}").exists():
                if time.monotonic() > end:
                    raise TimeoutError("the other has not begun")
                time.sleep(0.01)
            return {"threads": torch.get_num_threads()}, {}
        (folder / experiment.key / "detections.json").write_text("[]")
        return {"accuracy": {"AP": experiment.seed / 10}}, {}

    def measure_annotation(job, folder, root, report):
        stands = (folder / job.annotator.key / "record.json").exists()
        return {"people": 0, "joints": {}, "stands": stands}, {}

    def measure_latency(experiment, folder, report):
        return {"models": {one.key: {} for one in experiment.experiments}, "threads": 1}, {}

    measure.measure_accuracy, measure.measure_latency = measure_accuracy, measure_latency
    annotation.measure_annotation = measure_annotation
"""


class Watcher:
    """A progress that remembers."""

    def __init__(self):
        self.begun, self.events, self.results = [], [], []

    def begin(self, key, title):
        self.begun.append(title)

    def update(self, key, event):
        self.events.append(event)

    def end(self, key, result):
        self.results.append(result)


@pytest.fixture
def setting(tmp_path):
    plugin = tmp_path / "quick.py"
    plugin.write_text(textwrap.dedent(PLUGIN))
    folder = tmp_path / "results" / "suite" / "records"
    with only_run(folder) as lock:
        yield Setting(folder, None, plugin, 1, 1, "python run_all.py", lock)


def states(outcomes):
    return [outcome.status for outcome in outcomes]


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


@pytest.mark.parametrize(
    ("variant", "reason"),
    [
        ("dies", "the worker was killed by signal 9 (SIGKILL); the machine may have run out of"),
        ("leaves", "exit code 7 and left no record: some C++ library gave up"),
    ],
)
def test_a_worker_s_death_is_filed_with_its_cause(setting, make_experiment, variant, reason):
    experiment, watcher = make_experiment(variant), Watcher()
    plan = Plan((experiment,), LatencyExperiment((experiment,), (1,), 5))
    (outcome,) = run(plan, setting, watcher)
    assert outcome.status == "failed"
    assert reason in outcome.reason
    assert "\n" not in outcome.reason
    assert watcher.results == [f"failed: {outcome.reason}"]
    record, _ = read_record(setting.folder, experiment.key)
    assert (record["status"], record["reason"]) == ("failed", outcome.reason)
    assert pending(Plan((experiment,)), setting) == (1, 1)  # it is tried again


def test_a_failure_stops_no_other_and_is_mended_by_the_next_run(setting, make_experiment):
    failing, good = make_experiment("fails"), make_experiment("quick")
    latency = LatencyExperiment((failing, good), (1,), 5)
    assert states(run(Plan((failing, good)), setting, Watcher())) == ["failed", "done"]
    assert timed(latency, setting.folder).experiments == (good,)
    assert (setting.folder / failing.key / "failure.log").read_text().count("Traceback") == 1
    # The very same experiment, for a row's name does not enter the key; now it is let succeed.
    mended = replace(failing, variant="quick")
    assert mended.key == failing.key
    assert states(run(Plan((mended, good)), setting, Watcher())) == ["done", "kept"]
    assert not (setting.folder / failing.key / "failure.log").exists()
    assert timed(latency, setting.folder).experiments == (failing, good)


def test_a_worker_that_is_killed_stops_no_other(setting, make_experiment):
    """As the system does it when the memory is out: one process is gone, without a word."""
    plan = Plan((make_experiment("dies", 0), make_experiment("quick", 1)))
    outcomes = run(plan, replace(setting, workers=2, threads=2), Watcher())
    assert states(outcomes) == ["failed", "done"]
    assert "the machine may have run out of memory" in outcomes[0].reason


def test_a_checkpoint_outlives_its_worker_and_goes_once_the_record_stands(
    setting, make_experiment, capsys
):
    experiment = make_experiment("long")
    place = setting.folder / experiment.key
    assert states(run(Plan((experiment,)), setting, Watcher())) == ["failed"]
    assert (place / "checkpoint").is_dir()
    watcher = Watcher()
    assert states(run(Plan((experiment,)), setting, watcher)) == ["done"]
    measured = read_record(setting.folder, experiment.key)[0]["measured"]
    assert measured["went on"] == ["checkpoint", "failure.log"]  # nothing else of the first
    assert capsys.readouterr().err == "long, seed 0: goes on after step 40 of 90\n"
    assert watcher.events[-1]["done"] == 40
    assert [path.name for path in place.iterdir()] == [RECORD_FILE]
    # A kill between record and removal leaves it to the next run.
    (place / "checkpoint").mkdir()
    (place / "failure.log").touch()
    assert states(run(Plan((experiment,)), setting, Watcher())) == ["kept"]
    assert [path.name for path in place.iterdir()] == [RECORD_FILE]


def filed(folder, experiment, **environment):
    """File a finished record of an experiment that nobody has run."""
    task = Task(experiment, folder, None, None, 1, {}, "", "")
    nothing = {"measured": {}, "evidence": {}, "files": [], "started": "", "seconds": 0.0}
    write_record(folder, outline(task, "") | nothing | {"environment": environment})


def test_only_a_deterministic_record_is_kept_where_it_has_to_be(setting, make_experiment):
    experiment = make_experiment("quick")
    strict = replace(setting, deterministic=True)
    for made, (usual, asked) in {False: (0, 1), True: (0, 0)}.items():
        filed(setting.folder, experiment, deterministic=made)
        assert pending(Plan((experiment,)), setting) == (usual, usual)
        assert pending(Plan((experiment,)), strict) == (asked, asked)


def test_a_disk_too_full_for_another_suite_s_record_leaves_it_to_be_run(
    setting, make_experiment, monkeypatch
):
    experiment = make_experiment("quick")
    filed(setting.folder.parents[1] / "other" / "records", experiment)

    def copy(source, target):
        target.mkdir()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("shutil.copytree", copy)
        assert pending(Plan((experiment,)), setting) == (1, 1)
        assert not [path for path in setting.folder.iterdir() if path.is_dir()]
    assert pending(Plan((experiment,)), setting) == (0, 0)


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


def test_a_second_run_in_the_same_folder_is_refused(setting, monkeypatch):
    monkeypatch.setattr("bench.running.run_lock._LOCK_SECONDS", 0.2)
    with pytest.raises(Problem, match="another run is writing to"), only_run(setting.folder):
        pass


def test_a_lock_dies_with_its_process(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from bench.running.run_lock import only_run\n"
        "with only_run(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline() == b"held\n"
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with only_run(tmp_path) as lock:
        assert lock > 0


def test_an_unwritable_folder_is_a_problem(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(Problem, match="cannot write the results folder"),
        only_run(tmp_path / "file" / "records"),
    ):
        pass


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


def test_ctrl_c_stops_the_workers(setting, make_experiment):
    class Impatient(Watcher):
        def update(self, key, event):
            raise KeyboardInterrupt

    experiments = tuple(make_experiment("meets", seed) for seed in (0, 2))
    with pytest.raises(KeyboardInterrupt):
        run(Plan(experiments), replace(setting, workers=2), Impatient())
    for experiment in experiments:
        assert read_record(setting.folder, experiment.key)[1] == "not run yet"
