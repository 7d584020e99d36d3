"""Run against a clock of the test's own, so that no test depends on the machine."""

import gc
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from scipy import stats

from bench import latency
from bench.latency import Timing, median_rank, time_models

MS = 1_000_000  # nanoseconds


@dataclass
class Machine:
    """Counts time instead of spending it; ``share`` of it is this process's."""

    wall: float = 0.0
    busy: float = 0.0
    share: float = 1.0
    called: list[str] = field(default_factory=list)

    def call(self, name: str, *milliseconds: float) -> Callable[[], None]:
        """Return a call that takes each of ``milliseconds`` in turn, the last for ever."""
        left = list(milliseconds)

        def run() -> None:
            self.called.append(name)
            spent = (left.pop(0) if len(left) > 1 else left[0]) * MS
            self.wall += spent
            self.busy += spent * self.share

        return run


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(latency, "perf_counter_ns", lambda: round(machine.wall))
    monkeypatch.setattr(latency, "process_time_ns", lambda: round(machine.busy))
    return machine


def test_each_model_gets_its_own_time(machine: Machine) -> None:
    timings = time_models(
        {"slow": machine.call("slow", 30), "fast": machine.call("fast", 5)}, 9, "cpu"
    )
    assert timings["slow"].milliseconds == (30,) * 9
    assert timings["fast"].milliseconds == (5,) * 9
    assert not timings["slow"].disturbed


def test_rounds_are_interleaved_in_an_order_that_changes_but_is_seeded(machine: Machine) -> None:
    orders = []
    for seed in (0, 0, 1):
        machine.called.clear()
        time_models({name: machine.call(name, 4) for name in "abcd"}, 12, "cpu", seed)
        timed = machine.called[-4 * 12 :]
        orders.append([tuple(timed[start : start + 4]) for start in range(0, len(timed), 4)])
    assert all(sorted(one) == list("abcd") for one in orders[0])
    assert len(set(orders[0])) > 3
    assert orders[0] == orders[1] != orders[2]


def test_a_short_call_fills_its_sample_by_repetition(machine: Machine) -> None:
    timings = time_models({"short": machine.call("short", 0.3)}, 6, "cpu")
    assert timings["short"].milliseconds == pytest.approx([0.3] * 6)
    warm = 2 * 5  # two windows that agree
    assert len(machine.called) == warm + 6 * 7  # 7 x 0.3 ms are the first to pass 2 ms


def test_a_run_too_short_for_an_interval_is_warmed_no_longer_than_it_is(machine: Machine) -> None:
    time_models({"one": machine.call("one", 20)}, 5, "cpu")
    assert len(machine.called) == 5 + 5
    machine.called.clear()
    time_models({"one": machine.call("one", 20)}, 6, "cpu")
    assert len(machine.called) == 2 * 5 + 6


def test_slow_first_calls_are_warmed_away(machine: Machine) -> None:
    call = machine.call("cold", *range(60, 10, -5), 10)
    timings = time_models({"cold": call}, 6, "cpu")
    assert timings["cold"].milliseconds == (10,) * 6


def test_a_call_that_never_settles_is_timed_all_the_same(machine: Machine) -> None:
    call = machine.call("restless", *[1.3**n for n in range(40)], 1)
    assert len(time_models({"restless": call}, 6, "cpu")["restless"].milliseconds) == 6


@pytest.mark.parametrize(("share", "disturbed"), [(1.9, False), (0.97, False), (0.7, True)])
def test_a_run_that_shares_its_core_is_repeated_once_and_marked(
    machine: Machine, share: float, disturbed: bool
) -> None:
    machine.share = share
    timings = time_models({"one": machine.call("one", 20)}, 8, "cpu")
    assert timings["one"].disturbed is disturbed
    assert timings["one"].processor_share == pytest.approx(share)
    assert len(machine.called) == 10 + 8 * (2 if disturbed else 1)


def test_a_disturbance_that_passes_is_not_held_against_the_second_run(machine: Machine) -> None:
    working = machine.call("one", 20)
    machine.share = 0.5

    def call() -> None:
        machine.share = 1.0 if len(machine.called) >= 10 + 8 else 0.5
        working()

    timings = time_models({"one": call}, 8, "cpu")
    assert not timings["one"].disturbed
    assert len(machine.called) == 10 + 8 + 8


def test_rounds_that_lose_threads_show_against_the_best_ones(machine: Machine) -> None:
    working = machine.call("one", 20)

    def call() -> None:
        machine.share = 1.9 if len(machine.called) % 3 == 0 else 1.3
        working()

    assert time_models({"one": call}, 12, "cpu")["one"].disturbed


def test_garbage_collection_rests_while_timing_and_only_then(machine: Machine) -> None:
    states = []
    working = machine.call("one", 20)

    def call() -> None:
        states.append(gc.isenabled())
        working()

    time_models({"one": call}, 6, "cpu")
    assert states[-6:] == [False] * 6
    assert gc.isenabled()


@pytest.mark.parametrize("samples", [6, 7, 10, 20, 25, 50, 100, 401])
def test_median_rank_is_the_binomial_one(samples: int) -> None:
    def coverage(rank: int) -> float:
        return float(1 - 2 * stats.binom.cdf(rank - 1, samples, 0.5))

    rank = median_rank(samples)
    assert coverage(rank) >= 0.95 > coverage(rank + 1)


# Conover, Practical Nonparametric Statistics, and any table of the sign test at 5 %.
@pytest.mark.parametrize(("samples", "rank"), [(1, 1), (5, 1), (10, 2), (20, 6), (25, 8)])
def test_median_rank_of_the_tables(samples: int, rank: int) -> None:
    assert median_rank(samples) == rank


def test_summary_of_a_hundred_and_one_samples() -> None:
    milliseconds = tuple(float(one) for one in range(101))
    values = Timing(milliseconds, disturbed=False, processor_share=1.0).to_json()
    assert values["median_ms"] == 50
    assert [values[f"p{share}_ms"] for share in ("05", "90", "95", "99")] == [5, 90, 95, 99]
    # The sign test's critical ranks for n = 101 are 41 and 61, counted from 1.
    assert (values["low_ms"], values["high_ms"]) == (40, 60)
    assert values["samples"] == 101
