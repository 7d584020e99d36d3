"""A launch of two on loopback: real workers that really meet, with measurements of a moment."""

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest
from quick_runs import Watcher, quick_setting
from side_by_side_processes import free_port, loopback

from bench.jobs import LatencyExperiment
from bench.plan import Plan
from bench.problem import Problem
from bench.records import read_record
from bench.runner import run
from bench.running.crew import REPOSITORY
from bench.running.launch import Launch
from bench.running.team import open_team

LAUNCH = Launch(0, 2, 2)
SECONDS = 1800  # on a machine that others use
# What the variants are called decides what becomes of them, and of the second process.
PLUGIN = """
    import os, signal, time
    import torch.distributed as dist
    from torch import nn
    from bench import measure
    from models import register_block

    @register_block
    def quick(in_channels, out_channels):
        return nn.Identity()

    def measure_accuracy(experiment, folder, root, trained_by, report):
        report("train", 1, 2, loss=0.5, rate=10.0)
        second = dist.get_rank() == 1
        if second and experiment.variant == "raises":
            raise ValueError("not here")
        if second and experiment.variant == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if second and experiment.variant == "orphaned":
            os.kill(os.getppid(), signal.SIGKILL)
        if experiment.variant in ("raises", "dies", "waits"):
            time.sleep(3600)  # for the other, as in a collective operation
        (folder / experiment.key / f"of {dist.get_rank()}").touch()
        return {"processes": dist.get_world_size()}, {}

    def measure_latency(experiment, folder, report):
        places = [name for name in os.environ if name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")]
        return {"models": {}, "threads": 1, "places": places}, {}

    measure.measure_accuracy, measure.measure_latency = measure_accuracy, measure_latency
"""
FOLLOW = (
    "import os; from bench.running.launch import launch_of; from bench.running.member import "
    "follow; follow(launch_of(os.environ))"
)


@pytest.fixture
def setting(tmp_path):
    with quick_setting(tmp_path, "torchrun run_all.py", PLUGIN, apart=True) as made:
        yield made


@pytest.fixture
def team(monkeypatch):
    """The team of which this process is the first; the second does nothing but follow."""
    port = free_port()
    for name, value in loopback(0, 2, port).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TORCHELASTIC_USE_AGENT_STORE", raising=False)

    @contextmanager
    def opened():
        second = subprocess.Popen(
            [sys.executable, "-c", FOLLOW],
            cwd=REPOSITORY,
            env=os.environ | loopback(1, 2, port),
        )
        try:
            with open_team(LAUNCH) as team:
                yield team
            second.wait(SECONDS)
        finally:
            second.kill()
            second.wait()

    return opened


@pytest.mark.timeout(900)
def test_what_fails_in_one_process_is_filed_with_its_reason_and_stops_no_other_task(
    setting, team, make_experiment
):
    one, two, good = experiments = (
        make_experiment("raises", 0),
        make_experiment("dies", 1),
        make_experiment("quick", 2),
    )
    latency = LatencyExperiment((good,), (1,), 5)
    with team() as launched:
        outcomes = run(Plan(experiments, latency), setting, Watcher(), launched)
    assert [outcome.status for outcome in outcomes] == ["failed", "failed", "done", "done"]
    assert outcomes[0].reason == "process 1 of 2: ValueError: not here"
    assert outcomes[1].reason.startswith("process 1 of 2: the worker was killed by signal 9")
    log = (setting.folder / one.key / "failure.log").read_text()
    assert "ValueError: not here" in log
    record, _ = read_record(setting.folder, good.key)
    assert record["measured"]["processes"] == 2
    # What every process touches lies in one folder; one alone has filed the record.
    assert list(record["files"]) == ["of 0", "of 1"]
    timed, _ = read_record(setting.folder, outcomes[3].job.key)
    assert timed["measured"]["places"] == []  # and waits for nobody
    assert read_record(setting.folder, two.key)[0]["status"] == "failed"


@pytest.mark.timeout(900)
def test_a_process_that_is_gone_ends_the_run_with_one_sentence(
    setting, team, make_experiment, monkeypatch
):
    monkeypatch.setattr("bench.running.team._END_SECONDS", 0.5)
    monkeypatch.setattr("bench.running.team._LEAVE_SECONDS", 0.5)
    told = "process 1 of 2 does not answer; what is finished is kept"
    with pytest.raises(Problem, match=told), team() as launched:
        run(Plan((make_experiment("orphaned"),)), setting, Watcher(), launched)


@pytest.mark.timeout(900)
def test_ctrl_c_ends_them_all(setting, team, make_experiment):
    class Impatient(Watcher):
        def update(self, key, event):
            raise KeyboardInterrupt

    experiment = make_experiment("waits")
    with pytest.raises(KeyboardInterrupt), team() as launched:
        run(Plan((experiment,)), setting, Impatient(), launched)
    assert read_record(setting.folder, experiment.key)[1] == "not run yet"
