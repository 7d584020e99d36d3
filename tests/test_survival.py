"""A run that is killed, and started again until it ends, has the records of one that was not.

``tests/chaos`` kills far more often.
"""

import random
import signal
import subprocess
import time

import pytest
from killed_runs import SMALL, finish, results, start

KILLS = 3


@pytest.mark.timeout(600)
def test_killed_runs_end_with_the_records_of_an_undisturbed_one(tmp_path):
    begin = time.monotonic()
    finish(SMALL, tmp_path / "whole", tmp_path / "cache-whole")
    whole_seconds = time.monotonic() - begin
    chance = random.Random(KILLS)
    killed = 0
    for _ in range(KILLS):
        process = start(SMALL, tmp_path / "killed", tmp_path / "cache-killed")
        try:
            # Early and late in what is left to do, and at times after all of it.
            process.wait(timeout=chance.uniform(0.1, 0.7) * whole_seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
    assert killed > 0
    finish(SMALL, tmp_path / "killed", tmp_path / "cache-killed")
    expected = results(tmp_path / "whole")
    assert len(expected) == 4  # two blocks, the baseline and their timing
    assert results(tmp_path / "killed") == expected


@pytest.mark.timeout(600)
def test_ctrl_c_ends_with_one_sentence_and_code_130(tmp_path):
    process = start(SMALL, tmp_path / "stopped", tmp_path / "cache")
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
