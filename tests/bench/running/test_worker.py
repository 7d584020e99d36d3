import json
import os
import subprocess
import sys
import time

import pytest
import torch

from bench.jobs import CeilingExperiment, LatencyExperiment, StageExperiment, TimedPipeline
from bench.problem import Problem
from bench.records import kind_of, read_record
from bench.running.crew import REPOSITORY
from bench.running.failures import one_sentence
from bench.running.worker import ORPHANED, Task, perform
from models import registry


@pytest.mark.parametrize("kind", ["accuracy", "ceiling", "latency", "stages"])
def test_a_task_survives_the_trip_through_json(tmp_path, make_experiment, kind):
    one = make_experiment()
    timed = TimedPipeline("paf6", one.model, 64, (0.5, 1.0), flip=True)
    job = {
        "accuracy": one,
        "ceiling": CeilingExperiment("truth", one.model, one.data, one.protocol),
        "latency": LatencyExperiment((one,), (1, 16), 5),
        "stages": StageExperiment((timed,), "coco17", 128, (1, 5), 5, 6, "cpu", "fp32"),
    }[kind]
    assert kind_of(job) == kind
    task = Task(
        job, tmp_path, tmp_path / "data", None, 2, {"rule": "params"}, "", "python run_all.py", True
    )
    assert Task.from_json(json.loads(json.dumps(task.to_json()))) == task


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Problem("a.jpg cannot be read"), "a.jpg cannot be read"),
        (ValueError("two\n  lines"), "ValueError: two lines"),
        (
            OSError(28, "No space left on device", "/home/me/a.json"),
            "a.json: No space left on device",
        ),
        (OSError(28, "No space left on device"), "No space left on device"),
        (AssertionError(), "AssertionError"),
        (MemoryError(), "out of memory; lower train.batch_size or the model's width"),
        (
            RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
            "out of memory; lower train.batch_size or the model's width",
        ),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"),
            "out of memory; lower train.batch_size or the model's width",
        ),
    ],
)
def test_what_went_wrong_is_one_sentence(error, sentence):
    assert one_sentence(error) == sentence


@pytest.fixture
def measuring(tmp_path, make_experiment, monkeypatch):
    """Perform a task in this process with a measurement of a test's own; return its record."""

    def perform_with(function, plugin=None, digest="", deterministic=False):
        monkeypatch.setattr("bench.measure.measure_accuracy", function)
        experiment = make_experiment(plugin=digest)
        task = Task(experiment, tmp_path, None, plugin, 1, {"rule": "x"}, "", "", deterministic)
        code = perform(task, lambda event: None)
        record, reason = read_record(tmp_path, task.job.key)
        assert record is not None, reason
        assert code == (0 if record["status"] == "done" else 1)
        return record

    return perform_with


def test_a_done_record_holds_measurements_match_and_artefacts(measuring):
    def measured(experiment, folder, root, trained_by, report):
        report("train", 1, 3, loss=0.5, rate=10.0)
        (folder / experiment.key).mkdir()
        (folder / experiment.key / "weights.safetensors").write_bytes(b"")
        (folder / experiment.key / "failure.log").write_bytes(b"a warning")
        return {"accuracy": {"AP": 0.5}}, {"oks": {}}

    record = measuring(measured)
    assert record["measured"] == {"accuracy": {"AP": 0.5}, "match": {"rule": "x"}}
    assert list(record["files"]) == ["weights.safetensors"]
    assert record["environment"]["torch"]
    assert (record["status"], record["reason"]) == ("done", "")


def test_a_measurement_that_raises_leaves_a_failed_record(measuring, capsys):
    def raising(experiment, folder, root, trained_by, report):
        raise ValueError("this one\n  cannot be")

    record = measuring(raising)
    assert (record["status"], record["reason"]) == ("failed", "ValueError: this one cannot be")
    assert (record["measured"], record["files"]) == ({}, {})
    assert "Traceback" in capsys.readouterr().err


def test_a_number_that_is_not_finite_fails_the_experiment(measuring):
    record = measuring(lambda *_: ({"accuracy": {"AP": float("nan")}}, {}))
    assert record["status"] == "failed"
    assert "not a finite number" in record["reason"]


def test_a_deterministic_worker_tells_torch_and_the_record(measuring, monkeypatch):
    monkeypatch.setattr("os.environ", dict(os.environ))

    def measured(experiment, folder, root, trained_by, report):
        (folder / experiment.key).mkdir(exist_ok=True)
        return {"workspace": os.environ.get("CUBLAS_WORKSPACE_CONFIG", "")}, {}

    assert measuring(measured)["environment"]["deterministic"] is False
    try:
        record = measuring(measured, deterministic=True)
    finally:
        torch.use_deterministic_algorithms(False)
    assert record["environment"]["deterministic"] is True
    # One of the two values that cuBLAS's manual gives for the same bits in each run.
    assert record["measured"]["workspace"] == ":4096:8"


def test_a_tensor_that_no_memory_holds_is_out_of_memory(measuring):
    record = measuring(lambda *_: (torch.empty(2**50), {}))
    assert record["reason"] == "out of memory; lower train.batch_size or the model's width"


def test_a_disk_with_no_room_for_the_record_may_have_some_for_the_failure(measuring, monkeypatch):
    def write(path, content):
        if len(content) > 5000:
            raise OSError(28, "The disk is full", str(path))
        path.write_bytes(content)

    def measured(experiment, folder, root, trained_by, report):
        (folder / experiment.key).mkdir()
        return {"accuracy": {"AP": 0.5}}, {"oks": [0.5] * 5000}

    monkeypatch.setattr("bench.records.write_whole", write)
    record = measuring(measured)
    assert (record["status"], record["reason"]) == ("failed", "record.json: The disk is full")
    assert (record["measured"], record["evidence"], record["files"]) == ({}, {}, {})


def test_a_plugin_that_changed_since_the_plan_is_refused(measuring, tmp_path, monkeypatch):
    monkeypatch.setattr(registry._blocks, "_factories", dict(registry._blocks._factories))
    plugin = tmp_path / "changed.py"
    plugin.write_text(
        "from models import register_block\n"
        "def block_of_test_worker(a, b): return None\n"
        "register_block(block_of_test_worker)\n"
    )
    record = measuring(lambda *_: ({}, {}), plugin, digest="0" * 64)
    assert "the plugin's file was changed after the run had started" in record["reason"]


def test_a_worker_goes_when_its_parent_does(tmp_path, make_experiment):
    """It would sleep in the plugin; a closed stdin is what a parent's death leaves of it."""
    plugin = tmp_path / "sleeper.py"
    plugin.write_text("import time; print('here', flush=True); time.sleep(60)")
    task = Task(make_experiment(), tmp_path, None, plugin, 1, {}, "", "")
    worker = subprocess.Popen(
        [sys.executable, "-m", "bench.running.worker"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    worker.stdin.write(json.dumps(task.to_json()).encode() + b"\n")
    worker.stdin.flush()
    # What a library prints reaches the log, and not the lines of JSON on stdout.
    assert worker.stderr.readline() == b"here\n"
    time.sleep(0.2)
    assert worker.poll() is None
    worker.stdin.close()
    assert worker.wait(timeout=20) == ORPHANED
    worker.stderr.close()
