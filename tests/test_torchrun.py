"""The command line started by torchrun: two processes on loopback at one training."""

import os
import re
import subprocess
import sys

import pytest
from killed_runs import REPOSITORY, SECONDS

import run_all
from bench.records import all_records
from bench.running import team
from bench.running.launch import Launch

TINY = ["--suite", "blocks", "--preset", "smoke", "--blocks", "residual", "--match", "blocks"]
TINY += ["--device", "cpu", "--threads", "1", "--steps", "3"]
SMALL_CROPS = ["--set", "data.crop_size=32", "--set", "data.train_images=40"]
SMALL_CROPS += ["--set", "data.val_images=20"]


def torchrun(words, place):
    """Run the command line in two processes; return the exit code, its output and its errors."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {"POSEARCH_CACHE": str(place / "cache"), "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(
        [sys.executable, *launcher, str(REPOSITORY / "run_all.py"), *words, "--out", str(place)],
        cwd=place,
        env=os.environ | environment | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.timeout(SECONDS)
def test_two_processes_bring_a_suite_to_one_record_each(tmp_path, capsys, monkeypatch):
    code, output, errors = torchrun([*TINY, *SMALL_CROPS], tmp_path)
    assert code == 0, errors
    records, refused = all_records(tmp_path / "blocks" / "records")
    assert refused == {}
    assert sorted(record["kind"] for record in records) == ["accuracy", "accuracy", "latency"]
    assert {record["status"] for record in records} == {"done"}
    processes = {
        record["experiment"]["variant"]: record["measured"]["training"]["processes"]
        for record in records
        if record["kind"] == "accuracy"
    }
    assert processes == {"residual": 2, "mean_pose": 1}  # the latter learns by counting
    assert all(one["command"].startswith("torchrun --nproc-per-node 2 ") for one in records)
    # The first process alone has spoken.
    assert output.count("residual, seed 0: done (") == 1
    assert output.count("report.md") == 1
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path / "cache"))
    assert run_all.main(["--check-records", str(tmp_path)]) == 0
    assert "sound and up to date" in capsys.readouterr().out


@pytest.mark.timeout(SECONDS)
def test_batches_that_cannot_be_shared_are_one_sentence_said_once(tmp_path):
    code, _, errors = torchrun([*TINY, "--set", "train.batch_size=15"], tmp_path)
    assert code != 0
    told = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert len(told) == 1
    assert "2 processes cannot share batches of 15 equally; choose a multiple of 2" in told[0]
    assert set(re.findall(r"exitcode\s*:\s*(\d+)", errors)) == {"2"}  # torchrun's own is 1
    assert not (tmp_path / "blocks").exists()


@pytest.fixture
def refused(monkeypatch, capsys):
    """Run the first process of a launch, which must end with code 2; return its one sentence."""

    class Silent:
        is_own = False

        def write(self, name, value):
            pass

    monkeypatch.setattr(team, "Board", Silent)
    monkeypatch.setattr(run_all, "launch_of", lambda environment: Launch(0, 2, 2))

    def run(*words):
        assert run_all.main([*words]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line.removeprefix("error: ")

    return run


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--executor", "dask"], "torchrun has all its processes do one experiment, and"),
        (["--scheduler", "tcp://127.0.0.1:1"], "torchrun has all its processes do one experiment"),
        (["--workers", "2"], "under torchrun all processes do one experiment; leave --workers out"),
        (["--set", "train.batch_size=15"], "2 processes cannot share batches of 15 equally"),
        (["--set", "train.batch_size=2"], "2 processes have one image each, and batch norms"),
        (["--rerun", "0123"], "--rerun runs an experiment in one process; leave torchrun out"),
        (["--preset", "smokey"], "unknown preset 'smokey'"),
    ],
)
def test_words_that_do_not_go_with_torchrun_are_refused(refused, tmp_path, words, complaint):
    assert complaint in refused(*TINY, *words, "--out", str(tmp_path / "results"))
    assert not (tmp_path / "results").exists()


def test_a_launch_without_ranks_is_refused(monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)
    assert run_all.main(["--list"]) == 2
    assert "start several processes with torchrun, or unset" in capsys.readouterr().err
