"""How long a call takes: several models timed in one interleaved run.

Models that are timed one after another are compared across minutes in which a machine changes its
clock and its load. Here every round times every model once, in an order shuffled anew, so that
such drifts meet all of them alike.
"""

import gc
import random
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, comb
from statistics import median
from time import perf_counter_ns, process_time_ns
from typing import Any

import numpy as np
import torch

Call = Callable[[], object]

# A sample lasts at least this long, so that the clock and one interruption weigh little in it.
_SAMPLE_MS = 2.0
# Warm: two windows of calls whose medians differ by at most 5 %; given up after 3 s or 100 calls.
_WINDOW = 5
_WARM_TOLERANCE = 0.05
_WARM_MS = 3000.0
_WARM_CALLS = 100
_LEAST_ROUNDS = 6  # of which the lowest and the highest enclose the median at 95 %
# Undisturbed, a process computes all the time. Rounds below 90 % of a core, or of what this run's
# best tenth of rounds shows it can use on several, lost the rest to another process.
_BUSY = 0.9
_LEVEL = 0.95


@dataclass(frozen=True)
class Timing:
    """How long one call takes.

    Attributes:
        milliseconds: one number a round, in order of the rounds.
        disturbed: another process took part of the processor during the run.
        processor_share: processor time by wall time of the run's median round, all models and
            threads together: 1.0 is one core that never waited.
    """

    milliseconds: tuple[float, ...]
    disturbed: bool
    processor_share: float

    def to_json(self) -> dict[str, Any]:
        """Return the median with its 95 % interval (low, high), and the spread of the samples.

        The spread: 5th, 90th, 95th and 99th percentiles, interpolated. Of fewer than 100 samples
        the last lies beside the slowest.
        """
        ordered = sorted(self.milliseconds)
        rank = median_rank(len(ordered))
        p05, p90, p95, p99 = np.quantile(ordered, [0.05, 0.9, 0.95, 0.99])
        return {
            "median_ms": float(median(ordered)),
            "p05_ms": float(p05),
            "p90_ms": float(p90),
            "p95_ms": float(p95),
            "p99_ms": float(p99),
            "low_ms": ordered[rank - 1],
            "high_ms": ordered[-rank],
            "samples": len(ordered),
        }


def median_rank(samples: int) -> int:
    """Return the rank r such that the r-th smallest and r-th largest enclose the median.

    They do so with a probability of at least 95 %, whatever the distribution of independent
    samples (binomial order statistics). Below six samples no rank reaches that; then it is 1,
    the whole range.
    """
    rank, outside = 1, 2 / 2**samples  # both tails beyond the smallest and the largest
    while True:
        outside += 2 * comb(samples, rank) / 2**samples
        if outside > 1 - _LEVEL:
            return rank
        rank += 1


def time_models(
    calls: dict[str, Call], rounds: int, device: str, seed: int = 0
) -> dict[str, Timing]:
    """Time every model in each of ``rounds`` interleaved rounds.

    All are warmed first. A short call is repeated within a sample, which then is the mean of its
    repetitions. A run on a CPU in which another process took part of the processor is repeated
    once; one that is disturbed again is marked. Steady competition for some of several threads'
    cores can escape the check.

    Args:
        calls: by name; each does all that is to be timed. The caller sets and states the threads.
        rounds: samples of each model; at least 6 for an interval of 95 %. Fewer show only that
            everything runs, and are preceded by no more calls than they are themselves.
        device: "cpu", or "cuda", which is timed by CUDA events on the current stream.
        seed: of the order within the rounds.
    """
    clock = _cuda_ms if device == "cuda" else _cpu_ms
    repeats = {
        name: max(1, ceil(_SAMPLE_MS / _warm_ms(call, clock, rounds)))
        for name, call in calls.items()
    }
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()  # a collection would fall into one model's sample
    try:
        samples, share, disturbed = _run(calls, repeats, rounds, clock, seed)
        if disturbed and device == "cpu":
            samples, share, disturbed = _run(calls, repeats, rounds, clock, seed)
    finally:
        if collecting:
            gc.enable()
    # While a GPU works its host may sleep: its share of the processor then says nothing.
    marked = disturbed and device == "cpu"
    return {name: Timing(tuple(one), marked, share) for name, one in samples.items()}


def _run(
    calls: dict[str, Call],
    repeats: dict[str, int],
    rounds: int,
    clock: Callable[[Call, int], float],
    seed: int,
) -> tuple[dict[str, list[float]], float, bool]:
    """Return the samples, the median round's share of the processor, and if it was disturbed."""
    samples: dict[str, list[float]] = {name: [] for name in calls}
    shares = []
    order = list(calls)
    shuffle = random.Random(seed).shuffle
    for _ in range(rounds):
        shuffle(order)
        wall, busy = perf_counter_ns(), process_time_ns()
        for name in order:
            samples[name].append(clock(calls[name], repeats[name]))
        # The whole round at once: the process clock of several threads is coarse.
        shares.append((process_time_ns() - busy) / (perf_counter_ns() - wall))
    usual, best = np.quantile(shares, [0.5, 0.9])
    return samples, float(usual), bool(usual < _BUSY * max(1.0, best))


def _warm_ms(call: Call, clock: Callable[[Call, int], float], rounds: int) -> float:
    """Call until the time is stable and return the time of a warm call in milliseconds."""
    most = _WARM_CALLS if rounds >= _LEAST_ROUNDS else rounds
    times: list[float] = []
    while len(times) < most and sum(times) < _WARM_MS:
        times.append(clock(call, 1))
        before, now = times[-2 * _WINDOW : -_WINDOW], times[-_WINDOW:]
        if len(before) == _WINDOW:
            change = abs(median(now) - median(before))
            if change <= _WARM_TOLERANCE * median(before):
                break
    return median(times[-_WINDOW:])


def _cpu_ms(call: Call, repeats: int) -> float:
    start = perf_counter_ns()
    for _ in range(repeats):
        call()
    return (perf_counter_ns() - start) / 1e6 / repeats


def _cuda_ms(call: Call, repeats: int) -> float:
    # The second event is recorded when the last call has returned, so work of the host between
    # kernels and after them is inside.
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    start.record()
    for _ in range(repeats):
        call()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / repeats
