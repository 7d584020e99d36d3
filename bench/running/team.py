"""The processes that torchrun started as one: the first carries the plan out, and all train.

Each only starts and watches worker processes, as a run on one machine does, so what dies with a
worker is no more than its task. An experiment, which trains or sees all validation images, is done
by a worker of each process together (``bench.ranks``); anything else by one of the first's alone,
while the others wait.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.experiment import Experiment
from bench.plan import Plan
from bench.problem import Problem
from bench.records import write_record
from bench.running.board import Board
from bench.running.crew import Crew, StoppedError
from bench.running.launch import Launch
from bench.running.member import (
    OVER,
    End,
    Tell,
    all_left,
    end_name,
    meeting_name,
    take_part,
    task_name,
)
from bench.running.resources import cores, on_gpu
from bench.running.worker import FAILURE_LOG, Task, unmeasured

# For the others to end once the first one's part has; torchrun itself notices one that is gone.
_END_SECONDS = 300.0
_LEAVE_SECONDS = 10.0  # for the others to read that all is over


class Team:
    """A launch at work for its first process.

    Args:
        launch: of this process.
        board: on which they write for one another.
    """

    def __init__(self, launch: Launch, board: Board) -> None:
        self.launch, self.board = launch, board
        self._tasks = 0

    @property
    def threads(self) -> int:
        """Of the processor, for each process: its share of what there is."""
        return max(1, cores() // self.launch.local_processes)

    def slots(self, on_gpu: bool) -> int:
        """Return how many tasks are done at once."""
        return 1

    def crew(self, lock: int) -> "TeamCrew":
        """Return who does the tasks of a run, whose folder's lock is ``lock``."""
        return TeamCrew(self, lock)

    def next_number(self) -> int:
        """Return the number of the next task that all do together."""
        self._tasks += 1
        return self._tasks - 1

    def check(self, plan: Plan, workers: int | None) -> None:
        """Refuse a plan that cannot be carried out by so many processes.

        Args:
            plan: what is to be done.
            workers: how many experiments at once are asked for.

        Raises:
            Problem: several experiments at once, batches of which not all have the same share, or
                one of a single image on a processor, or more processes than GPUs.
        """
        many, here = self.launch.processes, self.launch.local_processes
        if workers is not None and workers > 1:
            raise Problem("under torchrun all processes do one experiment; leave --workers out")
        batches = {(one.train.device, one.train.batch_size) for one in plan.experiments}
        for device, size in sorted(batches):
            if size % many:
                raise Problem(
                    f"{many} processes cannot share batches of {size} equally; choose a multiple "
                    f"of {many} with --set train.batch_size=, or another --nproc-per-node"
                )
            if device == "cpu" and size < 2 * many:
                raise Problem(
                    f"of batches of {size}, {many} processes have one image each, and batch norms "
                    f"on a processor need two; choose --set train.batch_size={2 * many} or more"
                )
        if on_gpu(plan):
            import torch

            gpus = torch.cuda.device_count()
            if here > gpus:
                raise Problem(
                    f"this machine has {here} processes, and GPUs {gpus}; give as many with "
                    "--nproc-per-node"
                )


class TeamCrew:
    """The workers of a launch at one run; see ``Crew``."""

    def __init__(self, team: Team, lock: int) -> None:
        self._team, self._lock = team, lock
        self._alone = Crew(lock)
        self._together: Crew | None = None
        self._stopped = False

    def perform(self, task: Task, errors: int, tell: Tell) -> int:
        """Have the task done; return the exit code of the first one's worker. See ``Crew.perform``.

        Raises:
            StoppedError: the run was stopped before or while they were at it.
            Problem: the other processes cannot be reached.
            OSError: the folder of records cannot be written.
        """
        if not isinstance(task.job, Experiment):
            return self._alone.perform(task, errors, tell)
        started, clock = datetime.now(UTC), time.monotonic()
        board, number = self._team.board, self._team.next_number()
        self._together = Crew(self._lock, meeting_name(board, number))
        if self._stopped:
            raise StoppedError
        board.write(task_name(number), _for_all(task))
        log = task.folder / task.job.key / FAILURE_LOG
        own = take_part(board, number, 0, task, self._together, log, errors, tell)
        if self._stopped:
            raise StoppedError
        failed = [end for end in (own, *self._others(number)) if end.reason]
        if not failed:
            return 0
        culprit = min(failed, key=lambda end: (end.lost, end.rank))
        if culprit.rank:
            _append(errors, culprit.log)
            reason = f"process {culprit.rank} of {self._team.launch.processes}: {culprit.reason}"
            seconds = time.monotonic() - clock
            write_record(task.folder, unmeasured(task, reason, started, seconds))
        return culprit.code

    def stop(self) -> None:
        """Kill all workers of this process and start no more; the others' go when all is over."""
        self._stopped = True
        for crew in (self._alone, self._together):
            if crew is not None:
                crew.stop()

    def _others(self, number: int) -> Iterator[End]:
        """Yield how the parts of the others ended."""
        board, many = self._team.board, self._team.launch.processes
        deadline = time.monotonic() + _END_SECONDS
        for rank in range(1, many):
            name = end_name(number, rank)
            while not board.wait(name, seconds=1.0):
                if self._stopped:
                    raise StoppedError
                if time.monotonic() > deadline:
                    raise Problem(
                        f"process {rank} of {many} does not answer; what is finished is kept, and "
                        "the same command goes on"
                    )
            yield End(**board.read(name))


@contextmanager
def open_team(launch: Launch) -> Iterator[Team]:
    """Yield the team of ``launch`` to its first process; the others may go once it is left.

    Raises:
        Problem: the other processes cannot be reached.
    """
    board = Board()
    try:
        yield Team(launch, board)
    finally:
        with suppress(Problem):  # then they are gone already
            board.write(OVER, os.getpid())
            if board.is_own:
                all_left(board, launch, _LEAVE_SECONDS)


def _for_all(task: Task) -> dict[str, Any]:
    """Return the task as plain values, with folders that are the same wherever one stands."""
    values = task.to_json()
    folders = {"folder": task.folder, "data_root": task.data_root, "plugin": task.plugin}
    return values | {
        name: str(Path(one).resolve()) for name, one in folders.items() if one is not None
    }


def _append(errors: int, log: str) -> None:
    with os.fdopen(os.dup(errors), "wb") as file:
        file.write(log.encode())
