"""The command line with a Dask cluster of loopback, one worker of which is lost midway."""

import sys
import time

import pytest
from dask_cluster import loopback_cluster
from killed_runs import SMALL, finish, results, start

import run_all
from bench.audit.side_by_side import verdict
from bench.records import all_records

WORKERS = 3
NO_DASK = "the extra 'cluster' is not installed"


@pytest.fixture
def refused(capsys):
    """Run the command line, which must end with code 2; return its one sentence."""

    def run(*arguments):
        assert run_all.main([*arguments]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line.removeprefix("error: ")

    return run


@pytest.mark.timeout(900)
def test_a_lost_worker_s_experiment_is_done_elsewhere_and_all_equals_a_local_run(tmp_path):
    pytest.importorskip("distributed", reason=NO_DASK)
    finish(SMALL, tmp_path / "local", tmp_path / "cache")
    with loopback_cluster(tmp_path / "cluster", tmp_path / "cache", WORKERS) as loopback:
        remote = [*SMALL, "--executor", "dask", "--scheduler", loopback.address]
        process = start(remote, tmp_path / "remote", tmp_path / "cache")
        try:
            while (victim := loopback.busy()) is None:
                time.sleep(0.05)
                assert process.poll() is None
            time.sleep(0.5)  # it has said so by then, and its process is still importing torch
            victim.kill()
            _, errors = process.communicate(timeout=600)
        finally:
            process.kill()
    assert process.returncode == 0, errors.decode()
    assert "lost with Dask worker tcp://127.0.0.1:" in errors.decode()
    expected = results(tmp_path / "local")
    assert len(expected) == 4  # two blocks, the baseline and their timing
    assert results(tmp_path / "remote") == expected
    there, _ = all_records(tmp_path / "remote" / "blocks" / "records")
    here, _ = all_records(tmp_path / "local" / "blocks" / "records")
    before = {record["key"]: record for record in here if record["kind"] == "accuracy"}
    for record in there:
        assert record["environment"]["threads"] == 1
        if record["key"] in before:
            assert "results are identical" in verdict(before[record["key"]], record)
        assert "127.0.0.1" not in record["command"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--executor", "dask"], "--executor dask needs --scheduler tcp://HOST:PORT"),
        (["--scheduler", "tcp://127.0.0.1:1"], "--scheduler is for --executor dask; give both"),
        (["--executor", "slurm"], "invalid choice: 'slurm'"),
    ],
)
def test_words_that_do_not_go_together_are_refused(refused, words, complaint):
    assert complaint in refused(*words)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere", "tcp://127.0.0.1:x"])
def test_a_scheduler_that_does_not_answer_is_named(refused, monkeypatch, address):
    pytest.importorskip("distributed", reason=NO_DASK)
    monkeypatch.setattr("bench.running.cluster._ANSWER_SECONDS", 1.0)
    told = refused("--executor", "dask", "--scheduler", address)
    assert told.startswith(f"--scheduler {address}: no Dask scheduler answers there; start one")


def test_a_missing_dask_is_told_with_what_installs_it(refused, monkeypatch):
    monkeypatch.delitem(sys.modules, "bench.running.cluster", raising=False)
    for name in ("dask", "distributed"):
        monkeypatch.setitem(sys.modules, name, None)
    told = refused("--executor", "dask", "--scheduler", "tcp://127.0.0.1:1")
    assert told == "--executor dask: dask is not installed; pip install -e '.[cluster]'"
