"""Workers that die, full disks, locks and Ctrl-C, and what the next run makes of them."""

import subprocess
import sys
from dataclasses import replace

import pytest
from quick_runs import Watcher, filed, states

from bench.jobs import LatencyExperiment
from bench.plan import Plan
from bench.problem import Problem
from bench.records import RECORD_FILE, read_record
from bench.runner import pending, run
from bench.running.crew import REPOSITORY
from bench.running.kept_records import timed
from bench.running.run_lock import only_run


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


def test_ctrl_c_stops_the_workers(setting, make_experiment):
    class Impatient(Watcher):
        def update(self, key, event):
            raise KeyboardInterrupt

    experiments = tuple(make_experiment("meets", seed) for seed in (0, 2))
    with pytest.raises(KeyboardInterrupt):
        run(Plan(experiments), replace(setting, workers=2), Impatient())
    for experiment in experiments:
        assert read_record(setting.folder, experiment.key)[1] == "not run yet"
