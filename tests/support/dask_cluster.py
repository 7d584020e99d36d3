"""A Dask cluster on loopback, each part of it a process that a test may kill."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import run_all

REPOSITORY = Path(run_all.__file__).parent
_START_SECONDS = 240  # on a machine that others use
_LISTENS = re.compile(r"Scheduler at: *(tcp://\S+)")


class LoopbackCluster:
    """A scheduler, which knows nothing of this project, and workers of one thread each.

    Args:
        place: a folder for logs and scratch files.
        cache: that all workers share, as they would share a home directory.
    """

    def __init__(self, place: Path, cache: Path) -> None:
        self._place, self._cache = place, cache
        self._processes: list[subprocess.Popen[bytes]] = []
        self._scratch: dict[Path, subprocess.Popen[bytes]] = {}
        place.mkdir(parents=True, exist_ok=True)
        self.scheduler = self._start(
            "scheduler",
            ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
            {},
        )
        self.address = self._listens()

    def add_worker(self, code: Path = REPOSITORY) -> None:
        """Start one that finds the project at ``code``."""
        number = len(self._scratch)
        scratch = self._place / f"scratch-{number}"
        plain = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", scratch]
        self._scratch[scratch] = self._start(
            f"worker-{number}",
            ["worker", self.address, *map(str, plain)],
            {"PYTHONPATH": str(code), "POSEARCH_CACHE": str(self._cache), "OMP_NUM_THREADS": "1"},
        )

    def busy(self) -> subprocess.Popen[bytes] | None:
        """Return a worker that is at a task; None where none is."""
        for scratch, process in self._scratch.items():
            if any(path.is_dir() for path in scratch.glob("*/*/posearch-*/records/*")):
                return process
        return None

    def end(self) -> None:
        """Kill all of it."""
        for process in self._processes:
            process.kill()
            process.wait()

    def _start(
        self, name: str, words: list[str], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        inherited = {name: one for name, one in os.environ.items() if name != "PYTHONPATH"}
        with (self._place / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                # -P: not from the folder of whoever runs the tests.
                [sys.executable, "-P", "-m", "dask", *words],
                cwd=self._place,
                env=inherited | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def _listens(self) -> str:
        log = self._place / "scheduler.log"
        end = time.monotonic() + _START_SECONDS
        while not (found := _LISTENS.search(log.read_text())):
            assert self.scheduler.poll() is None, log.read_text()
            assert time.monotonic() < end, "the scheduler does not begin to listen"
            time.sleep(0.1)
        return found.group(1)


@contextmanager
def loopback_cluster(place: Path, cache: Path, workers: int) -> Iterator[LoopbackCluster]:
    """Yield a cluster with ``workers`` that are ready; kill it at the end."""
    from distributed import Client

    cluster = LoopbackCluster(place, cache)
    try:
        for _ in range(workers):
            cluster.add_worker()
        if workers:
            with Client(cluster.address, timeout=_START_SECONDS, set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=_START_SECONDS)
        yield cluster
    finally:
        cluster.end()
