"""Worker processes at work: started with a task, listened to, and stopped all at once."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from bench.running.launch import environment_alone, environment_of_member
from bench.running.worker import Task

REPOSITORY = Path(__file__).resolve().parents[2]


class StoppedError(Exception):
    """The whole run is being stopped, so what became of one worker means nothing."""


class Crew:
    """The workers of a run; threads may employ several at once.

    Args:
        lock: file descriptor of the results folder's lock, which workers hold until they are gone;
            None for workers that write nothing there.
        meeting: under which a worker finds those of other crews that do its task with it; "" where
            it is alone.
    """

    def __init__(self, lock: int | None, meeting: str = "") -> None:
        self._lock, self._meeting = lock, meeting
        self._turn = Lock()
        self._workers: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def perform(self, task: Task, errors: int, tell: Callable[[dict[str, Any]], None]) -> int:
        """Hand a worker its task, pass its events to ``tell``, and return its exit code.

        Args:
            task: what to do.
            errors: file descriptor that takes the worker's stderr.
            tell: called with each event.

        Raises:
            StoppedError: the crew was stopped before or while the worker was at it.
        """
        with self._employed(task.threads, errors) as worker:
            assert worker.stdin is not None and worker.stdout is not None
            with suppress(BrokenPipeError):
                worker.stdin.write(json.dumps(task.to_json()) + "\n")
                worker.stdin.flush()
            for line in worker.stdout:
                if line.endswith("\n"):  # a dying worker's last line may be cut short
                    tell(json.loads(line))
            code = worker.wait()
        if self._stopped:
            raise StoppedError
        return code

    def stop(self) -> None:
        """Kill all workers and start no more."""
        with self._turn:
            self._stopped = True
            for worker in self._workers:
                worker.kill()

    @contextmanager
    def stopped_once(self, unwanted: Callable[[], bool], seconds: float) -> Iterator[None]:
        """Stop all once ``unwanted`` says so, which is asked every so many ``seconds``.

        It is for what cannot interrupt the thread that waits for a worker.
        """
        over = Event()

        def look() -> None:
            while not over.wait(seconds):
                if unwanted():
                    self.stop()
                    return

        watcher = Thread(target=look, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    @contextmanager
    def _employed(self, threads: int, errors: int) -> Iterator[subprocess.Popen[str]]:
        with self._turn:
            if self._stopped:
                raise StoppedError
            worker = self._start(threads, errors)
            self._workers.add(worker)
        assert worker.stdin is not None and worker.stdout is not None
        try:
            yield worker
        finally:
            worker.kill()
            worker.wait()
            with self._turn:
                self._workers.discard(worker)
            worker.stdout.close()
            with suppress(BrokenPipeError):
                worker.stdin.close()

    def _start(self, threads: int, errors: int) -> subprocess.Popen[str]:
        inherited = os.environ.get("PYTHONPATH")
        place = (
            environment_of_member(os.environ, self._meeting)
            if self._meeting
            else environment_alone(os.environ)
        )
        environment = place | {
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *([inherited] if inherited else [])]),
            "OMP_NUM_THREADS": str(threads),
            # Threads that spin while they wait take the core from the one they wait for as soon as
            # the machine is shared: beside one busy process on two cores, training ran 1.1 to 1.2
            # times as fast without spinning (three pairs, in turn).
            "OMP_WAIT_POLICY": "PASSIVE",
        }
        return subprocess.Popen(
            # -P: not from the folder of the user
            [sys.executable, "-P", "-m", "bench.running.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            pass_fds=[] if self._lock is None else [self._lock],
            text=True,
            encoding="utf-8",
            # Ctrl-C reaches this process alone, which then ends the workers in its own time.
            start_new_session=True,
        )
