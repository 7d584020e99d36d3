"""Real worker processes with measurements of a moment, put in their place by a plugin."""

import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest

from bench.data.cache import file_digest
from bench.experiment import LatencyExperiment
from bench.problem import Problem
from bench.records import RECORD_FILE, read_record
from bench.runner import REPOSITORY, Setting, only_run, pending, run, timed

# What the variants are called decides what becomes of them.
PLUGIN = """
    import os, signal, sys
    from torch import nn
    from bench import measure
    from models import register_block

    @register_block
    def quick(in_channels, out_channels):
        return nn.Identity()

    def measure_accuracy(experiment, folder, root, report):
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
        if experiment.variant == "diverges":
            return {"accuracy": {"AP": float("nan")}}, {}
        (folder / experiment.key / "detections.json").write_text("[]")
        return {"accuracy": {"AP": experiment.seed / 10}}, {}

    def measure_latency(experiment, folder, report):
        return {"models": {one.key: {} for one in experiment.experiments}, "threads": 1}, {}

    measure.measure_accuracy, measure.measure_latency = measure_accuracy, measure_latency
"""


class Watcher:
    """A progress that remembers."""

    def __init__(self):
        self.begun, self.events, self.results = [], [], []

    def begin(self, title):
        self.begun.append(title)

    def update(self, event):
        self.events.append(event)

    def end(self, result):
        self.results.append(result)


@pytest.fixture
def setting(tmp_path):
    plugin = tmp_path / "quick.py"
    plugin.write_text(textwrap.dedent(PLUGIN))
    with only_run(tmp_path / "records") as lock:
        yield Setting(tmp_path / "records", None, plugin, 1, "python run_all.py", {}, lock)


def states(outcomes):
    return [outcome.status for outcome in outcomes]


def test_finished_experiments_are_kept_and_the_rest_runs(setting, make_experiment):
    experiments = [make_experiment("quick", 0), make_experiment("quick", 1)]
    latency = LatencyExperiment(tuple(experiments), (1,), 5)
    watcher = Watcher()
    assert states(run(experiments[:1], None, setting, watcher)) == ["done"]
    assert watcher.events[0]["loss"] == 0.5
    assert pending(experiments, latency, setting) == 2
    watcher = Watcher()
    outcomes = run(experiments, latency, setting, watcher)
    assert states(outcomes) == ["kept", "done", "done"]
    assert watcher.begun == ["quick, seed 1", "latency of 1 models"]
    assert pending(experiments, latency, setting) == 0
    assert states(run(experiments, latency, setting, Watcher())) == ["kept"] * 3
    # Two seeds of a variant are one network to a clock, and another clock is another time.
    assert outcomes[-1].job.experiments == (experiments[0],)
    assert pending(experiments, latency, replace(setting, threads=2)) == 1
    record, _ = read_record(setting.folder, experiments[1].key)
    assert record["measured"] == {"accuracy": {"AP": 0.1}, "match": {}}
    assert list(record["files"]) == ["detections.json"]
    assert record["command"] == "python run_all.py"


@pytest.mark.parametrize(
    ("variant", "reason"),
    [
        ("fails", "ValueError: this one cannot be"),
        ("dies", "the worker was killed by signal 9 (SIGKILL); the machine may have run out of"),
        ("leaves", "exit code 7 and left no record: some C++ library gave up"),
        ("diverges", "a measured value is not a finite number"),
    ],
)
def test_a_failure_is_filed_with_its_reason(setting, make_experiment, variant, reason):
    experiment, watcher = make_experiment(variant), Watcher()
    (outcome,) = run([experiment], LatencyExperiment((experiment,), (1,), 5), setting, watcher)
    assert outcome.status == "failed"
    assert reason in outcome.reason
    assert "\n" not in outcome.reason
    assert watcher.results == [f"failed: {outcome.reason}"]
    record, _ = read_record(setting.folder, experiment.key)
    assert (record["status"], record["reason"]) == ("failed", outcome.reason)
    assert pending([experiment], None, setting) == 1  # it is tried again


def test_a_failure_stops_no_other_and_is_mended_by_the_next_run(setting, make_experiment):
    # The same experiment under another row's name: it fails once, then is let succeed.
    failing, good = make_experiment("fails"), make_experiment("quick")
    latency = LatencyExperiment((failing, good), (1,), 5)
    outcomes = run([failing, good], latency, setting, Watcher())
    assert states(outcomes) == ["failed", "done", "done"]
    assert outcomes[-1].job.experiments == (good,)
    assert (setting.folder / failing.key / "failure.log").read_text().count("Traceback") == 1
    mended = replace(failing, variant="quick")
    assert mended.key == failing.key
    assert states(run([mended, good], None, setting, Watcher())) == ["done", "kept"]
    assert not (setting.folder / failing.key / "failure.log").exists()
    assert timed(latency, setting.folder).experiments == (failing, good)


def test_a_torn_record_is_run_again(setting, make_experiment):
    experiment = make_experiment("quick")
    run([experiment], None, setting, Watcher())
    path = setting.folder / experiment.key / RECORD_FILE
    path.write_text(path.read_text()[:-20])
    assert states(run([experiment], None, setting, Watcher())) == ["done"]
    assert read_record(setting.folder, experiment.key)[1] == ""


def test_a_kept_record_takes_the_rule_of_the_present_run(setting, make_experiment):
    experiment = make_experiment("quick")
    run([experiment], None, setting, Watcher())
    matched = replace(setting, matches={experiment.key: {"rule": "macs"}})
    assert states(run([experiment], None, matched, Watcher())) == ["kept"]
    record, reason = read_record(setting.folder, experiment.key)
    assert record["measured"] == {"accuracy": {"AP": 0.0}, "match": {"rule": "macs"}}, reason


def test_a_plugin_that_changed_since_the_plan_is_refused(setting, make_experiment):
    same = make_experiment("quick", plugin=file_digest(setting.plugin))
    other = make_experiment("quick", plugin="0" * 64)
    outcomes = run([same, other], None, setting, Watcher())
    assert states(outcomes) == ["done", "failed"]
    assert "plugin's file was changed" in outcomes[1].reason


def test_a_second_run_in_the_same_folder_is_refused(setting, monkeypatch):
    monkeypatch.setattr("bench.runner._LOCK_SECONDS", 0.2)
    with pytest.raises(Problem, match="another run is writing to"), only_run(setting.folder):
        pass


def test_a_lock_dies_with_its_process(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from bench.runner import only_run\n"
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


def test_ctrl_c_stops_the_worker_and_keeps_what_is_finished(setting, make_experiment):
    done, broken = make_experiment("quick", 0), make_experiment("quick", 1)

    class Impatient(Watcher):
        def update(self, event):
            if self.begun[-1] == "quick, seed 1":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([done, broken], None, setting, Impatient())
    assert read_record(setting.folder, done.key)[1] == ""
    assert read_record(setting.folder, broken.key)[1] == "not run yet"
