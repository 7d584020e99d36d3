"""One process of a launch at its part of a task; those but the first do nothing else."""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.problem import Problem
from bench.running.board import LOOK_SECONDS, Board
from bench.running.crew import Crew, StoppedError
from bench.running.failures import cause_of_death
from bench.running.launch import Launch
from bench.running.worker import FAILED, Task

OVER: Final = "over"  # stands on the board when there are no more tasks
_STOPPED = -9  # the exit code of a worker that is stopped
_LOG_CHARACTERS = 20_000  # of a worker's stderr, its last: what is needed of it is a traceback

Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class End:
    """How a process's part of a task ended.

    Attributes:
        rank: of the process.
        code: of its worker's exit.
        reason: why its worker failed; "" where it did not, or was stopped because another had.
        lost: whether it failed for no more than that it lost touch with another.
        log: what its worker wrote on stderr; "" of the first, whose is in the record's folder.
    """

    rank: int
    code: int
    reason: str
    lost: bool = False
    log: str = ""


def task_name(number: int) -> str:
    """Return where on the board the task of that number stands."""
    return f"{number}/task"


def end_name(number: int, rank: int) -> str:
    """Return where on the board stands how a process's part of a task ended."""
    return f"{number}/end/{rank}"


def meeting_name(board: Board, number: int) -> str:
    """Return the name under which the workers of a task meet."""
    return f"{board.name}/{number}/meeting"


def take_part(
    board: Board,
    number: int,
    rank: int,
    task: Task,
    crew: Crew,
    log: Path,
    errors: int,
    tell: Tell,
) -> End:
    """Have a worker of ``crew`` do this process's part, and tell all how it ended.

    It is stopped where the part of another has failed, which it would wait for.

    Args:
        board: of the launch.
        number: of the task.
        rank: of this process.
        task: what to do.
        crew: for this task alone.
        log: where the worker's stderr can be read.
        errors: file descriptor of it, to be written to.
        tell: called with each event of the worker.

    Raises:
        Problem: the other processes cannot be reached.
    """
    failure: dict[str, Any] = {}

    def hear(event: dict[str, Any]) -> None:
        if event["event"] == FAILED:
            failure.update(event)
        else:
            tell(event)

    try:
        with crew.stopped_once(partial(_is_in_vain, board, number), LOOK_SECONDS):
            code = crew.perform(task, errors, hear)
    except StoppedError:
        end = End(rank, _STOPPED, "")
    else:
        reason = failure.get("reason", "") or (cause_of_death(code, log) if code else "")
        end = End(rank, code, reason, failure.get("lost", False))
    if end.reason:
        board.write(_failed_name(number), rank)
    written = log.read_text(encoding="utf-8", errors="replace") if rank else ""
    board.write(end_name(number, rank), asdict(end) | {"log": written[-_LOG_CHARACTERS:]})
    return end


def follow(launch: Launch) -> None:
    """Take part in every task that the first process hands out, until there are no more.

    Raises:
        Problem: the other processes cannot be reached.
    """
    try:
        board, number = Board(), 0
        while True:
            board.wait(task_name(number), OVER)
            values = board.read(task_name(number))
            if values is None:
                break
            with tempfile.NamedTemporaryFile(prefix="posearch-") as log:
                take_part(
                    board,
                    number,
                    launch.rank,
                    Task.from_json(values),
                    Crew(None, meeting_name(board, number)),
                    Path(log.name),
                    log.fileno(),
                    lambda event: None,
                )
            number += 1
        board.write(f"left/{launch.rank}", os.getpid())
    except KeyboardInterrupt:
        return  # all hear it, and the first says so


def all_left(board: Board, launch: Launch, seconds: float) -> None:
    """Wait until all processes but this have taken leave, or ``seconds`` are over."""
    end = time.monotonic() + seconds
    for rank in range(1, launch.processes):
        board.wait(f"left/{rank}", seconds=end - time.monotonic())


def _failed_name(number: int) -> str:
    return f"{number}/failed"


def _is_in_vain(board: Board, number: int) -> bool:
    """Return whether another's part has failed, all is over, or nobody can be reached."""
    try:
        return bool(board.wait(_failed_name(number), OVER, seconds=0.0))
    except Problem:
        return True
