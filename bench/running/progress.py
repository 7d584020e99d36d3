"""What a person sees while experiments run: live lines in a terminal, few plain ones elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

_PLAIN_SECONDS = 20.0  # between two lines of one experiment where nobody watches
_BAR = 20  # cells
_TRAINING = "train"  # the stage that takes nearly all of an experiment's time

Now = Callable[[], float]


class Progress(Protocol):
    """Is told what happens to each experiment: ``begin``, any number of ``update``, ``end``.

    Several may run at once, told apart by their keys.
    """

    def begin(self, key: str, title: str) -> None:
        """Begin the experiment ``title``."""

    def update(self, key: str, event: dict[str, Any]) -> None:
        """Take an event of its worker: stage, done, of, and perhaps loss and rate."""

    def end(self, key: str, result: str) -> None:
        """End it with "done", or "failed: " and the reason."""


@dataclass
class Running:
    """One experiment at work.

    Attributes:
        number: 1 for the first that began.
        title: how it is called.
        begun: when.
        event: the last one of its worker.
        stage_begun: when the stage of that event began.
        stage_share: how much of it was done then; a training may go on where it was interrupted.
        said: when it was last spoken of.
        trains: whether it has been seen training.
    """

    number: int
    title: str
    begun: float
    event: dict[str, Any]
    stage_begun: float
    said: float
    trains: bool = False
    stage_share: float = 0.0

    def update(self, event: dict[str, Any], now: float) -> None:
        """Take an event of the worker."""
        changed = event["stage"] != self.event["stage"]
        self.event = event
        if changed:
            self.stage_begun, self.stage_share = now, self.share
        self.trains = self.trains or event["stage"] == _TRAINING

    @property
    def share(self) -> float:
        """How much of the stage is done, 0 to 1."""
        return self.event["done"] / self.event["of"] if self.event["of"] else 0.0

    def stage_left(self, now: float) -> float | None:
        """Return the seconds left in this stage, None while unknown."""
        gained = self.share - self.stage_share
        return (now - self.stage_begun) * (1 - self.share) / gained if gained > 0 else None

    def whole(self, now: float, typical: float | None) -> float | None:
        """Return the seconds it takes in all, None while unknown; ``typical`` is a guess."""
        left = self.stage_left(now)
        if self.event["stage"] == _TRAINING and left is not None:
            return now - self.begun + left
        return None if typical is None else max(now - self.begun, typical)


class Board:
    """Which experiments run, and when all will be over.

    Experiments that train take far longer than those that only evaluate or time, so the two are
    told apart: the first are known to be ``trainings``, and of the others nothing is expected
    until one has ended.

    Args:
        jobs: experiments in all.
        trainings: those among them that train.
        workers: that run at once.
        now: the clock, in seconds.
    """

    def __init__(self, jobs: int, trainings: int, workers: int, now: Now = time.monotonic) -> None:
        self.jobs, self.trainings, self.workers, self.now = jobs, trainings, workers, now
        self.running: dict[str, Running] = {}
        self._ended: dict[bool, list[float]] = {True: [], False: []}  # by whether it trained

    @property
    def over(self) -> int:
        """How many experiments have ended."""
        return sum(len(seconds) for seconds in self._ended.values())

    def begin(self, key: str, title: str) -> Running:
        """An experiment begins."""
        number, now = self.over + len(self.running) + 1, self.now()
        start = {"stage": "start", "done": 0, "of": 0}
        self.running[key] = Running(number, title, now, start, now, now)
        return self.running[key]

    def update(self, key: str, event: dict[str, Any]) -> Running:
        """Its worker has something to tell."""
        self.running[key].update(event, self.now())
        return self.running[key]

    def end(self, key: str) -> tuple[Running, float]:
        """It ends; return it and its seconds."""
        over = self.running.pop(key)
        seconds = self.now() - over.begun
        self._ended[over.trains].append(seconds)
        return over, seconds

    def left(self) -> float | None:
        """Return the seconds left in all, None while unknown or where nothing is left."""
        now, running = self.now(), list(self.running.values())
        waiting = self.jobs - self.over - len(running)
        # Trainings come first: what runs and has told nothing yet is one while any is due.
        due = self.trainings - len(self._ended[True]) - sum(one.trains for one in running)
        kinds = []
        for one in running:
            kinds.append(one.trains or due > 0)
            due -= kinds[-1] and not one.trains
        training = min(max(due, 0), waiting)
        other = _mean(self._ended[False])
        learnt = [one.whole(now, None) for one in running if one.trains]
        trained = _mean([*self._ended[True], *(whole for whole in learnt if whole is not None)])
        if trained is None and other is None:
            return None
        lefts = [
            (one.whole(now, trained if kind else other) or now - one.begun) - (now - one.begun)
            for one, kind in zip(running, kinds, strict=True)
        ]
        ahead = training * (trained or 0.0) + (waiting - training) * (other or 0.0)
        return max([*lefts, (sum(lefts) + ahead) / self.workers]) or None


def _mean(seconds: list[float]) -> float | None:
    return sum(seconds) / len(seconds) if seconds else None


def spoken(seconds: float | None) -> str:
    """Return a duration as people say it; "" where it is unknown."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def facts_of(event: dict[str, Any]) -> list[str]:
    """Return the loss and the rate of an event, spelled out, where it has them."""
    facts = []
    if event.get("loss") is not None:
        facts.append(f"loss {event['loss']:.4g}")
    if event.get("rate") is not None:
        facts.append(f"{event['rate']:.0f} images/s")
    return facts


class PlainProgress:
    """A line at the start, every 20 seconds and at the end of each experiment."""

    def __init__(self, board: Board, stream: TextIO) -> None:
        self._board, self._stream = board, stream

    def begin(self, key: str, title: str) -> None:
        """Begin the experiment ``title``."""
        self._say(self._board.begin(key, title), "")

    def update(self, key: str, event: dict[str, Any]) -> None:
        """Take an event of the worker."""
        running = self._board.update(key, event)
        now = self._board.now()
        if now - running.said < _PLAIN_SECONDS:
            return
        running.said = now
        parts = [f"{event['stage']} {event['done']}/{event['of']}", *facts_of(event)]
        left = spoken(self._board.left())
        parts += [f"about {left} left in all"] if left else []
        self._say(running, f": {', '.join(parts)}")

    def end(self, key: str, result: str) -> None:
        """End the experiment."""
        over, seconds = self._board.end(key)
        self._say(over, f": {result} ({spoken(seconds)})")

    def _say(self, one: Running, text: str) -> None:
        print(f"[{one.number}/{self._board.jobs}] {one.title}{text}", file=self._stream, flush=True)


class LiveProgress:
    """One live line for each experiment that runs, and the time left in all, in a terminal."""

    def __init__(self, board: Board, console: Console) -> None:
        self._board, self._console = board, console
        self.live = Live(
            console=console, get_renderable=self._render, refresh_per_second=4, transient=True
        )

    def begin(self, key: str, title: str) -> None:
        """Begin the experiment ``title``."""
        self._board.begin(key, title)

    def update(self, key: str, event: dict[str, Any]) -> None:
        """Take an event of the worker."""
        self._board.update(key, event)

    def end(self, key: str, result: str) -> None:
        """End the experiment."""
        over, seconds = self._board.end(key)
        line = Text(f"{over.title:<30} ")
        line.append(result, "green" if result == "done" else "red")
        line.append(f" in {spoken(seconds)}", "dim")
        self._console.print(line)

    def _render(self) -> Group:
        board = self._board
        left = spoken(board.left())
        overall = Text(f"{board.over} of {board.jobs} experiments", "bold")
        overall.append(f", about {left} left" if left else "", "dim")
        grid = Table.grid(padding=(0, 2))
        for one in list(board.running.values()):  # drawn by a thread of its own
            stage_left = spoken(one.stage_left(board.now()))
            grid.add_row(
                one.title,
                one.event["stage"],
                _bar(one.share),
                f"{one.event['done']}/{one.event['of']}" if one.event["of"] else "",
                "  ".join(facts_of(one.event)),
                f"{stage_left} left" if stage_left else "",
            )
        return Group(grid, overall)


class _InTurn:
    """Lets one thread at a time tell a progress."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._turn = progress, Lock()

    def begin(self, key: str, title: str) -> None:
        with self._turn:
            self._progress.begin(key, title)

    def update(self, key: str, event: dict[str, Any]) -> None:
        with self._turn:
            self._progress.update(key, event)

    def end(self, key: str, result: str) -> None:
        with self._turn:
            self._progress.end(key, result)


def _bar(share: float) -> Text:
    filled = round(share * _BAR)
    return Text("━" * filled, "cyan").append("━" * (_BAR - filled), "bright_black")


@contextmanager
def open_progress(
    jobs: int, trainings: int, workers: int, stream: TextIO | None = None
) -> Iterator[Progress]:
    """Yield live lines where ``stream``, or else stdout, is a terminal; plain ones where not.

    What is yielded may be told by several threads at once; the numbers are those of ``Board``.
    """
    stream = sys.stdout if stream is None else stream
    board = Board(jobs, trainings, workers)
    if not stream.isatty():
        yield _InTurn(PlainProgress(board, stream))
        return
    live = LiveProgress(board, Console(file=stream))
    with live.live:
        yield _InTurn(live)
