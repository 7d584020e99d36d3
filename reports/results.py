"""Records gathered into comparisons: variants, their seeds, and how sure each number is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.experiment import DataSpec, Experiment, LatencyExperiment, Protocol
from bench.metrics.intervals import (
    average_seeds,
    bootstrap_weights,
    interval,
    paired_difference,
)
from bench.metrics.oks import OksMatches
from bench.metrics.pck import PckCounts
from bench.records import Record, read_record

RECORDS = "records"  # the folder of all records inside a suite's folder
BASELINE = "mean_pose"  # the pipeline of zero skill
REFERENCE = "residual"  # the block that the others are set beside
AP, PCK = "AP", "PCK@0.2"
RESAMPLES = 1000  # the ends of a 95 % interval then stand on 25 resamples each
SEED = 0  # of the bootstrap: a report built twice from the same records is the same

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A number and the ends of its 95 % interval, or of the spread of its samples."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of the interval, for ``value ± half``."""
        return (self.high - self.low) / 2

    @property
    def verdict(self) -> str:
        """What a difference with this interval says."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "tied within noise"


@dataclass(frozen=True)
class Run:
    """One finished experiment."""

    experiment: Experiment
    record: Record
    samples: dict[str, Samples]  #: statistic -> [R], the bootstrap over images

    @property
    def measured(self) -> dict[str, Any]:
        """What was measured, as the record holds it."""
        measured: dict[str, Any] = self.record["measured"]
        return measured

    def accuracy(self, statistic: str) -> float:
        """Return ``statistic`` as a fraction."""
        return float(self.measured["accuracy"][statistic])

    def estimate(self, statistic: str) -> Estimate:
        """Return ``statistic`` as a fraction with its interval over images."""
        return Estimate(self.accuracy(statistic), *interval(self.samples[statistic]))


@dataclass(frozen=True)
class Unfinished:
    """An experiment without a finished record, and why."""

    experiment: Experiment
    reason: str


@dataclass(frozen=True)
class Variant:
    """One row of the tables: the same model, trained with one or several seeds."""

    name: str
    place: int  #: among the variants, so that it keeps its colour in every plot
    experiments: tuple[Experiment, ...]
    runs: tuple[Run, ...]  #: the finished ones
    unfinished: tuple[Unfinished, ...]

    @property
    def is_baseline(self) -> bool:
        """Whether this is zero skill, which is never ranked."""
        return self.experiments[0].model.name == BASELINE

    def estimate(self, statistic: str) -> Estimate:
        """Return ``statistic`` as a fraction, averaged over the seeds, with its interval."""
        ends = interval(_averaged(self.runs, statistic))
        return Estimate(_mean(self.runs, statistic), *ends)

    def difference(self, reference: "Variant", statistic: str) -> Estimate | None:
        """Return by how much this variant is above ``reference``, paired over images and seeds.

        Only seeds that both have count, but against the baseline all do: its seeds decide next to
        nothing. None where there is no seed in common.
        """
        mine, others = self.runs, reference.runs
        if not (self.is_baseline or reference.is_baseline):
            shared = {run.experiment.seed for run in mine} & {run.experiment.seed for run in others}
            mine = tuple(run for run in mine if run.experiment.seed in shared)
            others = tuple(run for run in others if run.experiment.seed in shared)
        if not mine or not others:
            return None
        value = _mean(mine, statistic) - _mean(others, statistic)
        ends = paired_difference(_averaged(mine, statistic), _averaged(others, statistic))
        return Estimate(value, *ends)


@dataclass(frozen=True)
class Comparison:
    """Variants that were measured alike and may be ranked: one data set, one protocol."""

    data: DataSpec
    protocol: Protocol
    variants: tuple[Variant, ...]

    @property
    def ranked(self) -> list[Variant]:
        """Finished variants by falling AP (where that is equal, PCK), without the baseline."""
        done = [one for one in self.variants if one.runs and not one.is_baseline]
        return sorted(done, key=_score, reverse=True)

    @property
    def baseline(self) -> Variant | None:
        """The finished row of zero skill."""
        return next((one for one in self.variants if one.runs and one.is_baseline), None)

    @property
    def reference(self) -> Variant | None:
        """The variant that the others are set beside: residual, or else the first finished."""
        done = [one for one in self.variants if one.runs and not one.is_baseline]
        return next((one for one in done if one.name == REFERENCE), next(iter(done), None))

    @property
    def images(self) -> int:
        """Validation images that the intervals resample; 0 where nothing finished."""
        runs = [run for one in self.variants for run in one.runs]
        return len(runs[0].record["evidence"]["oks"]["positives"]) if runs else 0


@dataclass(frozen=True)
class Timing:
    """The latency record, or why there is none.

    Attributes:
        record: of the one interleaved run.
        reason: "" or why there is no record to trust.
        batch_sizes: images a call, as asked for.
    """

    record: Record | None
    reason: str
    batch_sizes: tuple[int, ...]

    def of(self, variant: Variant, batch: int) -> dict[str, float] | None:
        """Return the times of a variant's first timed seed in ms; None where it was not timed."""
        if self.record is None:
            return None
        models = self.record["measured"]["models"]
        for experiment in variant.experiments:
            times: dict[str, float] | None = models.get(experiment.key, {}).get(str(batch))
            if times is not None:
                return times
        return None


def gather(folder: Path, experiments: Sequence[Experiment]) -> list[Comparison]:
    """Return the comparisons of a suite, in order of appearance.

    Args:
        folder: of the suite; holds ``records``.
        experiments: all that were planned; one without a finished record is kept with its reason.
    """
    names = list(dict.fromkeys(experiment.variant for experiment in experiments))
    groups: dict[tuple[DataSpec, Protocol], dict[str, list[Experiment]]] = {}
    for experiment in experiments:
        group = groups.setdefault((experiment.data, experiment.protocol), {})
        group.setdefault(experiment.variant, []).append(experiment)
    return [
        Comparison(
            data,
            protocol,
            tuple(
                _variant(folder / RECORDS, name, names.index(name), tuple(planned))
                for name, planned in variants.items()
            ),
        )
        for (data, protocol), variants in groups.items()
    ]


def read_timing(folder: Path, latency: LatencyExperiment | None) -> Timing:
    """Return the timing of the suite; one that is missing or failed says why."""
    if latency is None:
        return Timing(None, "no finished model was to be timed", ())
    record, reason = _finished(folder / RECORDS, latency.key)
    return Timing(record, reason, latency.batch_sizes)


def _variant(folder: Path, name: str, place: int, experiments: tuple[Experiment, ...]) -> Variant:
    runs, unfinished = [], []
    for experiment in experiments:
        record, reason = _finished(folder, experiment.key)
        if record is None:
            unfinished.append(Unfinished(experiment, reason))
        else:
            runs.append(Run(experiment, record, _bootstrap(record["evidence"])))
    runs.sort(key=lambda run: run.experiment.seed)  # equal order, so that seeds are paired
    return Variant(name, place, experiments, tuple(runs), tuple(unfinished))


def _finished(folder: Path, key: str) -> tuple[Record | None, str]:
    record, reason = read_record(folder, key)
    if record is not None and record["status"] != "done":
        return None, record["reason"] or "failed without a reason"
    return record, reason


def _bootstrap(evidence: dict[str, Any]) -> dict[str, Samples]:
    oks = OksMatches.from_json(evidence["oks"])
    pck = PckCounts.from_json(evidence["pck"])
    # Equal image counts give equal weights, so all variants of a comparison are paired.
    weights = bootstrap_weights(len(oks.positives), RESAMPLES, SEED)
    return {AP: oks.statistics(weights)["AP"], PCK: pck.statistics(weights)[pck.name]}


def _score(variant: Variant) -> tuple[float, float]:
    return _mean(variant.runs, AP), _mean(variant.runs, PCK)


def _averaged(runs: Sequence[Run], statistic: str) -> Samples:
    return average_seeds(np.stack([run.samples[statistic] for run in runs]), SEED)


def _mean(runs: Sequence[Run], statistic: str) -> float:
    return float(np.mean([run.accuracy(statistic) for run in runs]))
