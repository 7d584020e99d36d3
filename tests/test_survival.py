"""A run that is killed, and started again until it ends, has the records of one that was not."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import run_all
from bench.records import all_records

REPOSITORY = Path(run_all.__file__).parent
KILLS = int(os.environ.get("POSEARCH_KILLS", "3"))
WHAT = ["--preset", "smoke", "--blocks", "*residual", "--match", "blocks", "--device", "cpu"]
HOW = ["--threads", "1", "--steps", "3", "--set", "data.crop_size=32"]


def start(out: Path, cache: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(REPOSITORY / "run_all.py"), *WHAT, *HOW, "--out", str(out)],
        cwd=out.parent,
        env=os.environ | {"POSEARCH_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # A shell that runs the tests in the background has them ignore Ctrl-C, and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def finish(out: Path, cache: Path) -> None:
    process = start(out, cache)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors.decode()


def results(out: Path) -> dict[str, Any]:
    """Return what must not differ between two runs: everything but clocks and what they say."""
    records, refused = all_records(out / "blocks" / "records")
    assert refused == {}
    steady = {}
    for record in records:
        if record["kind"] == "latency":
            steady[record["key"]] = sorted(record["measured"]["models"])
            continue
        measured = record["measured"]
        training = measured["training"]["final_loss"]
        steady[record["key"]] = [
            record["status"],
            measured["accuracy"],
            measured["cost"],
            measured["match"],
            training,
            record["evidence"],
            record["files"],
        ]
    return json.loads(json.dumps(steady))


@pytest.mark.timeout(600)
def test_killed_runs_end_with_the_records_of_an_undisturbed_one(tmp_path):
    """Killed at random moments, by default three; POSEARCH_KILLS asks for more."""
    begin = time.monotonic()
    finish(tmp_path / "whole", tmp_path / "cache-whole")
    whole_seconds = time.monotonic() - begin
    chance = random.Random(KILLS)
    killed = 0
    for _ in range(KILLS):
        process = start(tmp_path / "killed", tmp_path / "cache-killed")
        try:
            # Early and late in what is left to do, and at times after all of it.
            process.wait(timeout=chance.uniform(0.1, 0.7) * whole_seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
    assert killed > 0
    finish(tmp_path / "killed", tmp_path / "cache-killed")
    expected = results(tmp_path / "whole")
    assert len(expected) == 4  # two blocks, the baseline and their timing
    assert results(tmp_path / "killed") == expected


@pytest.mark.timeout(600)
def test_ctrl_c_ends_with_one_sentence_and_code_130(tmp_path):
    process = start(tmp_path / "stopped", tmp_path / "cache")
    records = tmp_path / "stopped" / "blocks" / "records"
    while not any(path.is_dir() for path in records.glob("*")):
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.decode().splitlines() == [
        "interrupted: what is finished is kept, and the same command goes on from there"
    ]
