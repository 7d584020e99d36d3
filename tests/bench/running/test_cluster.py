"""Experiments on a Dask cluster of loopback, with measurements of a moment from a plugin."""

import os
import shutil
import signal
import textwrap
import threading
import time
from dataclasses import replace

import pytest

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")

from dask_cluster import REPOSITORY, loopback_cluster

from bench.experiment import Part
from bench.jobs import AnnotationExperiment, LatencyExperiment
from bench.plan import Plan
from bench.problem import Problem
from bench.records import read_record
from bench.runner import Setting, run
from bench.running.cluster import open_cluster
from bench.running.crew import StoppedError
from bench.running.run_lock import only_run
from bench.running.worker import Task

pytestmark = pytest.mark.timeout(600)

# What the variants are called decides what becomes of them.
PLUGIN = """
    import os, signal, time
    from pathlib import Path
    import torch
    from torch import nn
    from bench import measure
    from bench.annotation import measure as annotation
    from models import register_block

    @register_block
    def quick(in_channels, out_channels):
        return nn.Identity()

    def measure_accuracy(experiment, folder, root, trained_by, report):
        if experiment.variant == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        first = Path("PLACE") / "first"
        if experiment.variant == "sleeps" and not first.exists():
            first.touch()
            report("train", 1, 2, pid=os.getpid(), parent=os.getppid())
            time.sleep(600)
        needed = [trained_by, experiment.starts_from]
        needed += [part.annotated_by for part in experiment.mixture]
        (folder / experiment.key / "weights.safetensors").write_text("weights")
        found = [read(folder, key) for key in needed if key]
        return {"found": found, "threads": torch.get_num_threads()}, {}

    def read(folder, key):
        return (folder / key / "weights.safetensors").read_text()

    def measure_annotation(job, folder, root, report):
        (folder / job.key / "weights.safetensors").write_text("annotations")
        return {"found": [read(folder, job.annotator.key)]}, {}

    def measure_latency(experiment, folder, report):
        found = [read(folder, one.key) for one in experiment.experiments]
        return {"models": {}, "found": found, "threads": torch.get_num_threads()}, {}

    measure.measure_accuracy, measure.measure_latency = measure_accuracy, measure_latency
    annotation.measure_annotation = measure_annotation
"""


class Deaf:
    """A progress that nobody watches."""

    def begin(self, key, title): ...

    def update(self, key, event): ...

    def end(self, key, result): ...


@pytest.fixture(scope="module")
def loopback(tmp_path_factory):
    place = tmp_path_factory.mktemp("cluster")
    with loopback_cluster(place, place / "cache", workers=2) as cluster:
        yield cluster


@pytest.fixture
def cluster(loopback):
    with open_cluster(loopback.address) as cluster:
        yield cluster


@pytest.fixture
def setting(tmp_path):
    plugin = tmp_path / "quick.py"
    plugin.write_text(textwrap.dedent(PLUGIN).replace("PLACE", str(tmp_path)))
    folder = tmp_path / "results" / "suite" / "records"
    with only_run(folder) as lock:
        yield Setting(folder, None, plugin, 1, 2, "python run_all.py", lock, apart=True)


@pytest.fixture
def task(setting, make_experiment, tmp_path):
    """A task of a variant, not yet begun."""

    def make(variant):
        job = make_experiment(variant)
        (setting.folder / job.key).mkdir()
        return Task(job, setting.folder, None, setting.plugin, 1, {}, "", setting.command)

    return make


@pytest.fixture
def errors(tmp_path):
    with (tmp_path / "errors").open("wb") as file:
        yield file.fileno()


def test_weights_and_annotations_go_along_to_whoever_needs_them(setting, make_experiment, cluster):
    first = make_experiment("quick", 0)
    annotation = AnnotationExperiment(
        first, first.data, ("nose",), replace(first.data, seed=9), 0.9, "nearest-1"
    )
    mixture = (Part(first.data, 1.0, annotation.key),)
    starts = replace(first, seed=1, starts_from=first.key, mixture=mixture)
    borrows = replace(first, protocol=replace(first.protocol, flip=True))
    experiments = (first, starts, borrows)
    latency = LatencyExperiment((first,), (1,), 5)
    plan = Plan(experiments, latency, annotations=(annotation,))
    outcomes = run(plan, replace(setting, threads=2), Deaf(), cluster)
    assert [one.reason for one in outcomes] == [""] * 5
    found = {}
    for job in (*experiments, annotation, latency):
        record, reason = read_record(setting.folder, job.key)
        assert reason == ""
        found[job.key] = record["measured"]["found"]
        # No thread is shared with another worker.
        assert record["environment"]["threads"] == 2
    assert found == {
        first.key: [],
        starts.key: ["weights", "annotations"],
        borrows.key: ["weights"],
        annotation.key: ["weights"],
        latency.key: ["weights"],
    }


def test_a_process_that_dies_at_a_worker_is_filed_with_its_cause(setting, make_experiment, cluster):
    (outcome,) = run(Plan((make_experiment("dies"),)), setting, Deaf(), cluster)
    assert (outcome.status, outcome.reason.split(";")[0]) == (
        "failed",
        "the worker was killed by signal 9 (SIGKILL)",
    )


def test_a_stopped_run_leaves_no_process_at_a_worker(task, cluster, errors):
    begun, pids, raised = threading.Event(), [], []

    def tell(event):
        pids.append(event["pid"])
        begun.set()

    def perform():
        try:
            cluster.perform(task("sleeps"), errors, tell)
        except StoppedError as error:
            raised.append(error)

    thread = threading.Thread(target=perform)
    thread.start()
    assert begun.wait(300)
    cluster.stop()
    thread.join(60)
    assert len(raised) == 1
    end = time.monotonic() + 60
    while _runs(pids[0]):
        assert time.monotonic() < end
        time.sleep(0.1)
    with pytest.raises(StoppedError):
        cluster.perform(task("quick"), errors, tell)


def _runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_worker_leaves_undone_is_done_by_another(
    tmp_path, setting, make_experiment, ended_by
):
    told = []

    class Ending(Deaf):
        def update(self, key, event):
            told.append(event)
            if "parent" in event:
                os.kill(event["parent"], ended_by)

    with (
        loopback_cluster(tmp_path / "two", tmp_path / "cache", workers=2) as two,
        open_cluster(two.address) as cluster,
    ):
        (outcome,) = run(Plan((make_experiment("sleeps"),)), setting, Ending(), cluster)
    assert (outcome.status, outcome.reason) == ("done", "")
    (note,) = (event["note"] for event in told if "note" in event)
    assert note.startswith("lost with Dask worker tcp://127.0.0.1:")


def test_a_run_whose_scheduler_is_gone_ends_and_says_so(tmp_path, task, errors, monkeypatch):
    with loopback_cluster(tmp_path / "one", tmp_path / "cache", workers=1) as loopback:
        # As long as it is waited for.
        monkeypatch.setattr("bench.running.cluster._ANSWER_SECONDS", 5.0)
        with (
            open_cluster(loopback.address) as cluster,
            pytest.raises(Problem, match=f"scheduler {loopback.address} is gone; what is finished"),
        ):
            cluster.perform(task("sleeps"), errors, lambda event: loopback.scheduler.kill())


def test_a_gpu_s_experiments_need_workers_with_that_resource(cluster, loopback):
    assert cluster.slots(on_gpu=False) == 2
    with pytest.raises(Problem, match=f"none with .* GPU; .*{loopback.address} .*resources GPU=1"):
        cluster.slots(on_gpu=True)


@pytest.mark.parametrize(
    ("rooms", "complaint"),
    [
        (("bench", "models"), "has other code in models/ or bench/ than is here; bring both"),
        ((), "No module named 'bench'; install this project there"),
    ],
)
def test_a_worker_with_other_code_or_none_is_refused(
    tmp_path, task, cluster, errors, rooms, complaint
):
    for room in rooms:
        shutil.copytree(REPOSITORY / room, tmp_path / "code" / room)
        with (tmp_path / "code" / room / "__init__.py").open("a") as file:
            file.write("\n# changed\n")
    if not rooms:
        # As if it were not installed, wherever else this Python would find it.
        absent = tmp_path / "code" / "bench" / "__init__.py"
        absent.parent.mkdir(parents=True)
        absent.write_text("raise ModuleNotFoundError(\"No module named 'bench'\", name='bench')\n")
    with loopback_cluster(tmp_path / "other", tmp_path / "cache", workers=0) as other:
        other.add_worker(code=tmp_path / "code")
        with open_cluster(other.address) as foreign, pytest.raises(Problem, match=complaint):
            foreign.perform(task("quick"), errors, lambda event: None)
