"""The smoke suite under a hundred kills: no finished record is lost, and the metrics are the same.

Outside the unit tests, for it takes half an hour and more: ``tox -e chaos``. POSEARCH_KILLS asks
for another number of kills, POSEARCH_SEED for other moments.
"""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from killed_runs import finish, finished, results, start

KILLS = int(os.environ.get("POSEARCH_KILLS", "100"))
SEED = int(os.environ.get("POSEARCH_SEED", "0"))
SMOKE = ["--preset", "smoke", "--device", "cpu", "--threads", "2"]
# The smoke suite's trainings are over before a checkpoint is due. Python imports this module in
# every process; those that train then save every step.
SITE = """
from contextlib import suppress

with suppress(ImportError):
    from bench import train
    from bench.training import checkpoints

    checkpoints._LEAST_SECONDS, checkpoints._SHARE = 0.0, 1.0
    train._REPORT_SECONDS = 0.0
"""
POLL_SECONDS = 0.003


@dataclass(frozen=True)
class Moment:
    """When a run is killed: at random after something new shows among its results.

    Attributes:
        signs: patterns of files below the suite's folder; none for any moment of the run.
        seconds: within which it is killed after the first of them appeared or changed.
    """

    signs: tuple[str, ...]
    seconds: float


MOMENTS = {
    "any": Moment((), 0.0),
    "training": Moment(("records/*/checkpoint/*",), 0.5),
    "evaluation": Moment(("records/*/weights.safetensors",), 0.5),
    "record writing": Moment(("records/*/*.partial", "records/*/record.json"), 0.01),
    "report writing": Moment(("results.csv",), 3.0),
}


def states(suite: Path, signs: tuple[str, ...]) -> set[tuple[Path, int]]:
    """Return the files that are signs, each with the time of its last change."""
    found = set()
    for path in (path for sign in signs for path in suite.glob(sign)):
        try:
            found.add((path, path.stat().st_mtime_ns))
        except FileNotFoundError:  # it was there a moment ago
            continue
    return found


def strike(
    process: subprocess.Popen[bytes],
    suite: Path,
    moment: Moment,
    chance: random.Random,
    usual: float,
) -> bool:
    """Wait for the moment and kill; return False where the run ended first.

    Args:
        process: the run.
        suite: the folder of its results.
        moment: when.
        chance: the dice.
        usual: seconds that an undisturbed run takes.
    """
    before = states(suite, moment.signs)
    while moment.signs and not states(suite, moment.signs) - before:
        if process.poll() is not None:
            return False
        time.sleep(POLL_SECONDS)
    delay = chance.uniform(0.0, moment.seconds if moment.signs else usual)
    try:
        process.wait(timeout=delay)
    except subprocess.TimeoutExpired:
        pass
    else:
        return False
    workers = list(children(process.pid))
    if workers and chance.random() < 1 / 3:  # one worker alone, as when memory runs out
        kill(chance.choice(workers))
        return True
    for one in (process.pid, *workers):
        kill(one)
    return True


def children(parent: int) -> Iterator[int]:
    """Yield the processes that ``parent`` has started; none where the system does not tell."""
    for path in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            yield from map(int, path.read_text().split())
        except OSError:  # the thread has ended
            continue


def kill(process: int) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself
        os.kill(process, signal.SIGKILL)


@pytest.mark.timeout(6 * 3600)
def test_a_hundred_kills_lose_no_finished_record_and_change_no_metric(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITE)
    begin = time.monotonic()
    # Without any checkpoint, so that these are known to change nothing either.
    finish(SMOKE, tmp_path / "whole", tmp_path / "cache")
    usual = time.monotonic() - begin
    expected = results(tmp_path / "whole")
    chance = random.Random(SEED)
    struck: Counter[str] = Counter()
    resumed = rounds = 0
    while struck.total() < KILLS:
        rounds += 1
        out, cache = tmp_path / f"round-{rounds}", tmp_path / f"cache-{rounds}"
        ended = False
        while not ended and struck.total() < KILLS:
            kept = finished(out)
            process = start(SMOKE, out, cache, PYTHONPATH=str(tmp_path / "site"))
            name = chance.choice(list(MOMENTS))
            hit = strike(process, out / "blocks", MOMENTS[name], chance, usual)
            _, errors = process.communicate()
            struck[name] += hit
            resumed += errors.count(b"goes on after step")
            assert b"Traceback" not in errors, errors.decode()
            now = finished(out)
            assert {key: now.get(key) for key in kept} == kept, (name, struck.total())
            ended = process.returncode == 0
            assert ended or process.returncode in (-signal.SIGKILL, 1 if hit else 0)
        finish(SMOKE, out, cache)
        found = results(out)
        # Where a worker alone was killed, the others were timed without its experiment, too.
        assert {key: found.get(key) for key in expected} == expected, f"round {rounds}"
        assert finished(out).keys() == finished(tmp_path / "whole").keys()
    print(f"{dict(struck)}, {rounds} rounds, {resumed} trainings resumed")
    assert resumed >= KILLS // 20  # else nothing was learnt of checkpoints
