import io

import pytest
from rich.console import Console

from bench.progress import Estimate, LiveProgress, PlainProgress, open_progress, spoken


class Clock:
    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, ""),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (61, "1 min 01 s"),
        (3600, "1 h 00 min"),
        (90061, "25 h 01 min"),
    ],
)
def test_durations_are_spoken(seconds, expected):
    assert spoken(seconds) == expected


def test_time_left_is_that_of_the_running_and_of_the_waiting_experiments():
    clock = Clock()
    estimate = Estimate(left=3, now=clock)
    estimate.begin()
    assert estimate.total_left() is None
    clock.time = 10
    estimate.update("train", 0, 100)
    assert estimate.total_left() is None
    clock.time = 30
    estimate.update("train", 50, 100)
    # Half of the training took 20 s, after 10 s of start: 50 s in all, and two more of those.
    assert estimate.stage_left() == 20
    assert estimate.total_left() == 20 + 2 * 50
    clock.time = 60
    estimate.end()
    estimate.begin()
    # Nothing is known of the second but that the first took 60 s.
    assert estimate.total_left() == 60 + 60
    estimate.end()
    estimate.begin()
    estimate.end()
    assert estimate.total_left() is None


def test_plain_lines_come_at_the_start_every_twenty_seconds_and_at_the_end():
    clock, stream = Clock(), io.StringIO()
    progress = PlainProgress(2, stream, clock)
    progress.begin("ioi, seed 0")
    for second in range(1, 46):
        clock.time = second
        event = {"stage": "train", "done": second, "of": 90, "loss": 0.25, "rate": 312.4}
        progress.update(event)
    progress.end("done")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "[1/2] ioi, seed 0"
    assert lines[-1] == "[1/2] ioi, seed 0: done (45 s)"
    assert len(lines) == 4
    assert "train 20/90, loss 0.25, 312 images/s" in lines[1]


def test_a_terminal_shows_the_experiment_its_stage_and_the_time_left():
    clock = Clock()
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    progress = LiveProgress(2, console, clock)
    progress.begin("aioi, seed 0")
    progress.update({"stage": "train", "done": 0, "of": 600})
    clock.time = 10
    progress.update({"stage": "train", "done": 120, "of": 600, "loss": 0.12, "rate": 312.0})
    with console.capture() as shown:
        console.print(progress.live.get_renderable())
    for piece in ("aioi, seed 0", "train", "120/600", "loss 0.12", "312 images/s", "40 s left"):
        assert piece in shown.get()
    progress.end("failed: out of memory")
    assert "failed: out of memory" in console.file.getvalue()


def test_what_is_no_terminal_gets_plain_lines():
    stream = io.StringIO()
    with open_progress(1, stream) as progress:
        progress.begin("ioi, seed 0")
    assert stream.getvalue() == "[1/1] ioi, seed 0\n"
