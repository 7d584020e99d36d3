"""Runs of the command line that are meant to be killed, and what must not differ between them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import run_all
from bench.records import all_records

REPOSITORY = Path(run_all.__file__).parent
SECONDS = 1800  # that a run of half a minute may take on a machine that others use
RESIDUALS = ["--preset", "smoke", "--blocks", "*residual", "--match", "blocks", "--device", "cpu"]
#: Two blocks, the baseline and their timing, as small as they can be.
SMALL = [*RESIDUALS, "--threads", "1", "--steps", "3", "--set", "data.crop_size=32"]


def start(
    words: Sequence[str], out: Path, cache: Path, **environment: str
) -> subprocess.Popen[bytes]:
    """Start ``run_all.py`` with these words; its errors can be read."""
    return subprocess.Popen(
        [sys.executable, str(REPOSITORY / "run_all.py"), *words, "--out", str(out)],
        cwd=out.parent,
        env=os.environ | {"POSEARCH_CACHE": str(cache)} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # A shell that runs the tests in the background has them ignore Ctrl-C, and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def finish(words: Sequence[str], out: Path, cache: Path, **environment: str) -> None:
    """Run them to the end, which must be a good one."""
    process = start(words, out, cache, **environment)
    try:
        _, errors = process.communicate(timeout=SECONDS)
    finally:
        process.kill()  # with its workers, where it has not ended
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
        steady[record["key"]] = [
            record["status"],
            measured["accuracy"],
            measured["cost"],
            measured["match"],
            measured["training"]["final_loss"],
            record["evidence"],
            record["files"],
        ]
    return json.loads(json.dumps(steady))


def finished(out: Path) -> dict[str, str]:
    """Return the digest of each finished record of an experiment."""
    records, _ = all_records(out / "blocks" / "records")
    return {
        record["key"]: record["digest"]
        for record in records
        if record["kind"] == "accuracy" and record["status"] == "done"
    }
