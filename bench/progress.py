"""What a person sees while experiments run: live lines in a terminal, few plain ones elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
    """Is told what happens; ``begin``, any number of ``update``, ``end``, and again."""

    def begin(self, title: str) -> None:
        """Begin the experiment ``title``."""

    def update(self, event: dict[str, Any]) -> None:
        """Take an event of the worker: stage, done, of, and perhaps loss and rate."""

    def end(self, result: str) -> None:
        """End the experiment with "done", or "failed: " and the reason."""


@dataclass
class Estimate:
    """Time left, from the experiments already ended and the one that runs.

    Attributes:
        left: experiments that have not ended.
        now: the clock, in seconds.
    """

    left: int
    now: Now = time.monotonic
    ended: list[float] = field(default_factory=list)
    begun: float = 0.0
    stage: str = ""
    stage_begun: float = 0.0
    share: float = 0.0

    def begin(self) -> None:
        """An experiment begins."""
        self.begun, self.stage, self.share = self.now(), "", 0.0

    def update(self, stage: str, done: int, of: int) -> None:
        """``done`` of ``of`` parts of a stage are over."""
        if stage != self.stage:
            self.stage, self.stage_begun = stage, self.now()
        self.share = done / of if of else 0.0

    def end(self) -> None:
        """The experiment ends."""
        self.ended.append(self.now() - self.begun)
        self.left -= 1

    def stage_left(self) -> float | None:
        """Return the seconds left in this stage, None while unknown."""
        if self.share <= 0:
            return None
        return (self.now() - self.stage_begun) * (1 - self.share) / self.share

    def total_left(self) -> float | None:
        """Return the seconds left in all experiments, None while unknown or where none is left."""
        if self.left == 0:
            return None
        in_stage = self.stage_left()
        running = self.now() - self.begun
        if self.stage == _TRAINING and in_stage is not None:
            whole = running + in_stage
        elif self.ended:
            whole = max(running, sum(self.ended) / len(self.ended))
        else:
            return None
        typical = (sum(self.ended) + whole) / (len(self.ended) + 1)
        return whole - running + typical * (self.left - 1)


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

    def __init__(self, jobs: int, stream: TextIO, now: Now = time.monotonic) -> None:
        self._jobs, self._stream, self._now = jobs, stream, now
        self._estimate = Estimate(jobs, now)
        self._number, self._title, self._said = 0, "", 0.0

    def begin(self, title: str) -> None:
        """Begin the experiment ``title``."""
        self._number += 1
        self._title, self._said = title, self._now()
        self._estimate.begin()
        self._say(f"[{self._number}/{self._jobs}] {title}")

    def update(self, event: dict[str, Any]) -> None:
        """Take an event of the worker."""
        self._estimate.update(event["stage"], event["done"], event["of"])
        if self._now() - self._said < _PLAIN_SECONDS:
            return
        self._said = self._now()
        parts = [f"{event['stage']} {event['done']}/{event['of']}", *facts_of(event)]
        left = spoken(self._estimate.total_left())
        parts += [f"about {left} left in all"] if left else []
        self._say(f"[{self._number}/{self._jobs}] {self._title}: {', '.join(parts)}")

    def end(self, result: str) -> None:
        """End the experiment."""
        self._estimate.end()
        seconds = spoken(self._estimate.ended[-1])
        self._say(f"[{self._number}/{self._jobs}] {self._title}: {result} ({seconds})")

    def _say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class LiveProgress:
    """One live line for each experiment, and the time left in all, in a terminal."""

    def __init__(self, jobs: int, console: Console, now: Now = time.monotonic) -> None:
        self._jobs = jobs
        self._estimate = Estimate(jobs, now)
        self._console = console
        self._title = ""
        self._event: dict[str, Any] = {}
        self.live = Live(
            console=console, get_renderable=self._render, refresh_per_second=4, transient=True
        )

    def begin(self, title: str) -> None:
        """Begin the experiment ``title``."""
        self._title, self._event = title, {"stage": "start", "done": 0, "of": 0}
        self._estimate.begin()

    def update(self, event: dict[str, Any]) -> None:
        """Take an event of the worker."""
        self._estimate.update(event["stage"], event["done"], event["of"])
        self._event = event

    def end(self, result: str) -> None:
        """End the experiment."""
        self._estimate.end()
        style = "green" if result == "done" else "red"
        line = Text(f"{self._title:<30} ")
        line.append(result, style)
        line.append(f" in {spoken(self._estimate.ended[-1])}", "dim")
        self._title = ""
        self._console.print(line)

    def _render(self) -> Group:
        over = len(self._estimate.ended)
        left = spoken(self._estimate.total_left())
        overall = Text(f"{over} of {self._jobs} experiments", "bold")
        overall.append(f", about {left} left" if left else "", "dim")
        if not self._title:
            return Group(overall)
        event = self._event
        share = event["done"] / event["of"] if event["of"] else 0.0
        grid = Table.grid(padding=(0, 2))
        stage_left = spoken(self._estimate.stage_left())
        grid.add_row(
            self._title,
            event["stage"],
            _bar(share),
            f"{event['done']}/{event['of']}" if event["of"] else "",
            *facts_of(event),
            f"{stage_left} left" if stage_left else "",
        )
        return Group(grid, overall)


def _bar(share: float) -> Text:
    filled = round(share * _BAR)
    return Text("━" * filled, "cyan").append("━" * (_BAR - filled), "bright_black")


@contextmanager
def open_progress(jobs: int, stream: TextIO = sys.stdout) -> Iterator[Progress]:
    """Yield live lines where ``stream`` is a terminal, plain ones where it is not."""
    if not stream.isatty():
        yield PlainProgress(jobs, stream)
        return
    live = LiveProgress(jobs, Console(file=stream))
    with live.live:
        yield live
