import json
import subprocess
import sys
import time

import pytest

from bench.experiment import LatencyExperiment
from bench.problem import Problem
from bench.runner import REPOSITORY
from bench.worker import ORPHANED, Task, one_sentence


@pytest.mark.parametrize("kind", ["accuracy", "latency"])
def test_a_task_survives_the_trip_through_json(tmp_path, make_experiment, kind):
    job = make_experiment()
    if kind == "latency":
        job = LatencyExperiment((job,), (1, 16), 5)
    task = Task(job, tmp_path, tmp_path / "data", None, 2, {"rule": "params"}, "python run_all.py")
    assert Task.from_json(json.loads(json.dumps(task.to_json()))) == task


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Problem("a.jpg cannot be read"), "a.jpg cannot be read"),
        (ValueError("two\n  lines"), "ValueError: two lines"),
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


def test_a_worker_goes_when_its_parent_does(tmp_path, make_experiment):
    """It would sleep in the plugin; a closed stdin is what a parent's death leaves of it."""
    plugin = tmp_path / "sleeper.py"
    plugin.write_text("import time; print('here', flush=True); time.sleep(60)")
    task = Task(make_experiment(), tmp_path, None, plugin, 1, {}, "")
    worker = subprocess.Popen(
        [sys.executable, "-m", "bench.worker"],
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
