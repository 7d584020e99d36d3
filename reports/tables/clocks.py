"""Clocks in full: the median with its interval, the slow tail, the rate, memory and energy."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from reports.measured.clocks import Times, Timing
from reports.measured.results import Comparison
from reports.measured.stages import StageTiming
from reports.tables.cells import UNKNOWN, figures
from reports.text.words import Words


def sweep_table(comparison: Comparison, timing: Timing, words: Words) -> pd.DataFrame:
    """Return every timed variant at every batch size; empty where none was timed."""
    rows = [
        {words.thing: variant.name, "crops a call": batch, **_cells(times, times, batch, "crop")}
        for variant in comparison.variants
        for batch, clock in zip(timing.batch_sizes, timing.clocks, strict=True)
        if (times := clock.of(variant)) is not None
    ]
    return _told(rows)


def tail_table(timing: StageTiming, words: Words) -> pd.DataFrame:
    """Return everything in one call with ``whole`` people, of every pipeline."""
    return _told(
        [
            {words.thing: one.name, **_cells(one.end_to_end, one.footprint, 1, "image")}
            for one in timing.pipelines
        ]
    )


def _cells(times: Times, taken: Mapping[str, float], images: int, thing: str) -> dict[str, Any]:
    median = times["median_ms"]
    interval = f"[{figures(times['low_ms'])}, {figures(times['high_ms'])}]"
    return {
        "median, ms a call": f"{figures(median)} {interval}",
        "p90, ms": _cell(times.get("p90_ms")),
        "p99, ms": _cell(times.get("p99_ms")),
        f"{thing}s/s": figures(1000 * images / median),
        "peak memory, MB": _cell(taken.get("peak_bytes"), 1e6),
        f"energy, J a{'n' if thing == 'image' else ''} {thing}": _cell(
            taken.get("joules_per_image")
        ),
    }


def _cell(number: float | None, unit: float = 1.0) -> str:
    return UNKNOWN if number is None else figures(number / unit)


def _told(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the table without the columns that nothing was measured for."""
    frame = pd.DataFrame(rows)
    return frame.loc[:, (frame != UNKNOWN).any()] if rows else frame
