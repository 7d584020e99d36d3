"""One run in which much goes wrong: each fault is a row, and nothing else is lost."""

import json

import pytest
from killed_runs import SECONDS, finished, start

from bench.records import all_records

# A block that behaves is trained beside four that do not; a year passes between two looks at the
# calendar's clock, now forward and now back.
PLUGIN = """
import itertools, os, resource, signal, time

import torch
from torch import nn

from models import register_block

now, leap = time.time, itertools.cycle((0.0, 3e7, -3e7))
time.time = lambda: now() + next(leap)


def faulty(name, fault):
    class Faulty(nn.Conv2d):
        def forward(self, images):
            found = super().forward(images)
            return fault(found) if self.training and torch.is_grad_enabled() else found

    def block(in_channels, out_channels):
        return Faulty(in_channels, out_channels, 1)

    block.__name__ = f"{name}_residual"
    register_block(block)


def small_files(found):
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, resource.RLIM_INFINITY))
    return found


faulty("divergent", lambda found: found / 0)
faulty("killed", lambda found: os.kill(os.getpid(), signal.SIGKILL))
faulty("greedy", lambda found: torch.empty(2**50))
faulty("filling", small_files)
"""
KILLED = "the worker was killed by signal 9 (SIGKILL); the machine may have run out of memory"
TOLD = {
    "divergent_residual": "the loss became nan at step 1; lower the learning rate",
    "killed_residual": KILLED,
    "greedy_residual": "out of memory; lower train.batch_size or the model's width",
    "filling_residual": "weights.safetensors: File too large",
}


@pytest.mark.timeout(SECONDS)
def test_each_fault_is_told_in_a_sentence_and_the_others_go_on(tmp_path):
    plugin, out = tmp_path / "faults.py", tmp_path / "out"
    plugin.write_text(PLUGIN)
    words = ["--preset", "smoke", "--blocks", "*_residual", "--match", "blocks", "--device", "cpu"]
    words += ["--threads", "2", "--steps", "3", "--set", "data.crop_size=32"]
    run = start([*words, "--plugin", str(plugin)], out, tmp_path / "cache")
    _, errors = run.communicate(timeout=SECONDS)
    told = {f"failed: {name}, seed 0: {why}" for name, why in TOLD.items()}
    assert set(errors.decode().splitlines()) == told
    assert run.returncode == 1
    assert len(finished(out)) == 2  # inception_residual and the baseline
    report = (out / "blocks" / "report.md").read_text()
    assert all(name in report for name in TOLD)
    records, refused = all_records(out / "blocks" / "records")
    assert refused == {}
    assert len(records) == 7  # the timing of those that succeeded, too
    for record in records:
        assert 0 <= record["seconds"] < SECONDS
        training = record["measured"].get("training", {"seconds": 0.0})
        assert 0 <= training["seconds"] <= record["seconds"]
    assert "Traceback" not in json.dumps(records)
