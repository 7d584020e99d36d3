"""Latency columns: how long which of the trained models takes, from whatever run timed it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.jobs import LatencyExperiment
from bench.records import Record
from bench.running.kept_records import timed
from reports.measured.results import RECORDS, Variant, finished

#: What ``bench.latency.Timing.to_json`` gives: median_ms, p05_ms, p95_ms, low_ms, high_ms, samples;
#: and since later p90_ms and p99_ms, and of crops what ``bench.footprint`` gives.
Times = Mapping[str, float]


@dataclass(frozen=True)
class Clock:
    """One kind of latency.

    Attributes:
        column: its heading in a table, with the unit.
        axis: its label in a plot.
        field: how its columns in ``results.csv`` begin.
        times: experiment key -> times, for those experiments whose very model was timed.
        disturbed: another load took part of the machine while they were timed.
    """

    column: str
    axis: str
    field: str
    times: Mapping[str, Times]
    disturbed: bool

    def of(self, variant: Variant) -> Times | None:
        """Return the times of a variant's first timed seed; None where it was not timed."""
        keys = (experiment.key for experiment in variant.experiments)
        return next((self.times[key] for key in keys if key in self.times), None)


@dataclass(frozen=True)
class Timing:
    """The timing of crops by a ``LatencyExperiment``, or why there is none.

    Attributes:
        record: of the one interleaved run.
        reason: "" or why there is no record to trust.
        batch_sizes: crops a call, as asked for.
    """

    record: Record | None
    reason: str
    batch_sizes: tuple[int, ...]

    @property
    def clocks(self) -> list[Clock]:
        """One for each batch size, empty of times where there is no record."""
        measured = self.record["measured"] if self.record else {}
        models = measured.get("models", {})
        return [
            Clock(
                column=f"latency b{batch}, ms",
                axis=f"latency of a call of {batch} crop{'' if batch == 1 else 's'} (ms)",
                field=f"latency_b{batch}",
                times={
                    key: times[str(batch)] for key, times in models.items() if str(batch) in times
                },
                disturbed=measured.get("disturbed", False),
            )
            for batch in self.batch_sizes
        ]


def read_timing(folder: Path, latency: LatencyExperiment | None) -> Timing:
    """Return the timing of a suite's finished models; one that is missing or failed says why.

    Args:
        folder: of the suite; holds ``records``.
        latency: the timing that was planned for all of them.
    """
    if latency is None:
        return Timing(None, "no timing was planned", ())
    possible = timed(latency, folder / RECORDS)
    if possible is None:
        return Timing(None, "no finished model was to be timed", ())
    record, reason = finished(folder / RECORDS, possible.key)
    return Timing(record, reason, latency.batch_sizes)


def has_times(clock: Clock, variants: Sequence[Variant]) -> bool:
    """Return whether any of ``variants`` was timed."""
    return any(clock.of(variant) is not None for variant in variants)
