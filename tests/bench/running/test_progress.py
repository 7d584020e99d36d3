import io

import pytest
from rich.console import Console

from bench.running.progress import Board, LiveProgress, PlainProgress, open_progress, spoken


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
    board = Board(jobs=3, trainings=3, workers=1, now=clock)
    running = board.begin("a", "ioi, seed 0")
    assert board.left() is None
    clock.time = 10
    board.update("a", {"stage": "train", "done": 0, "of": 100})
    assert board.left() is None
    clock.time = 30
    board.update("a", {"stage": "train", "done": 50, "of": 100})
    # Half of the training took 20 s, after 10 s of start: 50 s in all, and two more of those.
    assert running.stage_left(clock()) == 20
    assert board.left() == 20 + 2 * 50
    clock.time = 60
    assert board.end("a") == (running, 60)
    board.begin("b", "ioi, seed 1")
    board.update("b", {"stage": "train", "done": 0, "of": 100})
    # Nothing is known of the second but that the first took 60 s.
    assert board.left() == 60 + 60
    board.end("b")
    board.begin("c", "ioi, seed 2")
    board.end("c")
    assert board.left() is None


def test_what_was_done_before_an_interruption_took_no_time_of_this_run():
    clock = Clock()
    board = Board(jobs=1, trainings=1, workers=1, now=clock)
    running = board.begin("a", "ioi, seed 0")
    board.update("a", {"stage": "train", "done": 60, "of": 100})
    assert running.stage_left(clock()) is None
    clock.time = 10
    board.update("a", {"stage": "train", "done": 80, "of": 100})
    # A fifth of it in 10 s, and there is another fifth to come.
    assert running.stage_left(clock()) == pytest.approx(10)
    clock.time = 20
    board.update("a", {"stage": "evaluate", "done": 0, "of": 4})
    clock.time = 21
    board.update("a", {"stage": "evaluate", "done": 1, "of": 4})
    assert running.stage_left(clock()) == pytest.approx(3)


def test_what_does_not_train_is_not_expected_to_take_as_long():
    clock = Clock()
    board = Board(jobs=4, trainings=1, workers=1, now=clock)
    board.begin("a", "paf6, seed 0")
    board.update("a", {"stage": "train", "done": 0, "of": 10})
    clock.time = 50
    board.update("a", {"stage": "train", "done": 5, "of": 10})
    assert board.left() == 50  # of the others nothing is known yet
    clock.time = 100
    board.end("a")
    board.begin("b", "ceiling")
    clock.time = 107
    board.end("b")
    assert board.left() == 2 * 7


def test_experiments_at_once_share_the_time_left_but_none_is_cut_in_two():
    clock = Clock()
    board = Board(jobs=4, trainings=4, workers=2, now=clock)
    board.begin("a", "ioi, seed 0")
    board.begin("b", "aioi, seed 0")
    clock.time = 10
    board.update("a", {"stage": "train", "done": 0, "of": 10})
    clock.time = 20
    board.update("a", {"stage": "train", "done": 1, "of": 10})
    # 10 s and then ten times 10 s: 110 s, of which 90 are left; three more of such, by two workers.
    assert board.left() == (90 + 90 + 2 * 110) / 2
    board.jobs = board.trainings = 2
    assert board.left() == 90


def test_plain_lines_come_at_the_start_every_twenty_seconds_and_at_the_end():
    clock, stream = Clock(), io.StringIO()
    progress = PlainProgress(Board(2, 2, 1, clock), stream)
    progress.begin("a", "ioi, seed 0")
    for second in range(1, 46):
        clock.time = second
        event = {"stage": "train", "done": second, "of": 90, "loss": 0.25, "rate": 312.4}
        progress.update("a", event)
    progress.end("a", "done")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "[1/2] ioi, seed 0"
    assert lines[-1] == "[1/2] ioi, seed 0: done (45 s)"
    assert len(lines) == 4
    assert "train 20/90, loss 0.25, 312 images/s" in lines[1]


def test_a_terminal_shows_each_experiment_its_stage_and_the_time_left():
    clock = Clock()
    console = Console(file=io.StringIO(), force_terminal=True, width=140)
    progress = LiveProgress(Board(2, 2, 2, clock), console)
    progress.begin("a", "aioi, seed 0")
    progress.begin("b", "ioi, seed 0")
    progress.update("a", {"stage": "train", "done": 0, "of": 600})
    clock.time = 10
    progress.update("a", {"stage": "train", "done": 120, "of": 600, "loss": 0.12, "rate": 312.0})
    with console.capture() as shown:
        console.print(progress.live.get_renderable())
    one, other, _ = shown.get().splitlines()
    for piece in ("aioi, seed 0", "train", "120/600", "loss 0.12", "312 images/s", "40 s left"):
        assert piece in one
    assert "ioi, seed 0" in other and "start" in other
    progress.end("a", "failed: out of memory")
    assert "failed: out of memory" in console.file.getvalue()


def test_what_is_no_terminal_gets_plain_lines():
    stream = io.StringIO()
    with open_progress(1, 1, 1, stream) as progress:
        progress.begin("a", "ioi, seed 0")
        progress.update("a", {"stage": "train", "done": 1, "of": 2})
        progress.end("a", "done")
    assert stream.getvalue() == "[1/1] ioi, seed 0\n[1/1] ioi, seed 0: done (0 s)\n"
