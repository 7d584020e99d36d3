"""Records gathered into comparisons: variants, their seeds, and how sure each number is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.experiment import DataSpec, Experiment, Protocol
from bench.jobs import FieldExperiment, GateExperiment, TimedPipeline
from bench.metrics.intervals import (
    average_seeds,
    bootstrap_weights,
    interval,
    paired_difference,
)
from bench.metrics.oks import OksMatches
from bench.metrics.pck import PckCounts
from bench.metrics.posetrack import MEAN, PosetrackMatches
from bench.records import Record, read_record

RECORDS = "records"  # the folder of all records inside a suite's folder
BASELINE = "mean_pose"  # the pipeline of zero skill
AP, PCK, POSETRACK = "AP", "PCK@0.2", MEAN
SECONDARY = ("AP50", "AP75", "AR")
RESAMPLES = 1000  # the ends of a 95 % interval then stand on 25 resamples each
SEED = 0  # of the bootstrap: a report built twice from the same records is the same

Samples = NDArray[np.float64]
#: What is looked at in a trained network.
_Look = TypeVar("_Look", FieldExperiment, GateExperiment)


@dataclass(frozen=True)
class Estimate:
    """A number and the ends of its 95 % interval, or of the spread of its samples."""

    value: float
    low: float
    high: float

    @classmethod
    def certain(cls, value: float) -> Self:
        """Return a number that was counted."""
        return cls(value, value, value)

    @property
    def half_width(self) -> float:
        """Half of the interval, for ``value ± half``."""
        return (self.high - self.low) / 2

    @property
    def above_zero(self) -> bool:
        """Whether all of the interval is."""
        return self.low > 0

    @property
    def verdict(self) -> str:
        """What a difference with this interval says."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "tied within noise"


def by_variant(jobs: Sequence[_Look]) -> dict[str, list[_Look]]:
    """Return the looks at each variant, in the order of the plan."""
    found: dict[str, list[_Look]] = {}
    for job in jobs:
        found.setdefault(job.experiment.variant, []).append(job)
    return found


@dataclass(frozen=True)
class Run:
    """One finished experiment."""

    experiment: Experiment
    record: Record
    samples: dict[str, Samples]  #: of ``bootstrap`` -> [R], over images

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

    @property
    def taught(self) -> bool:
        """Whether it has learnt anything: the whole interval of its AP lies above 0."""
        return self.estimate(AP).above_zero

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
    """Variants that were trained and measured alike and may be ranked.

    Attributes:
        data: that they were trained on.
        tested: that they were measured on.
        protocol: of the measurement.
        variants: in table order.
        reference_name: the variant that the others are set beside.
    """

    data: DataSpec
    tested: DataSpec
    protocol: Protocol
    variants: tuple[Variant, ...]
    reference_name: str

    @property
    def runs(self) -> list[Run]:
        """All finished experiments, variant by variant."""
        return [run for one in self.variants for run in one.runs]

    @property
    def statistics(self) -> tuple[str, ...]:
        """AP, and of PCK and PoseTrack mAP those that every run has.

        Whole images have nobody to count PCK for, and few data sets what PoseTrack's metric needs.
        """
        runs = self.runs
        others = (PCK, POSETRACK) if runs else ()
        return (AP, *(name for name in others if all(name in run.samples for run in runs)))

    @property
    def ranked(self) -> list[Variant]:
        """Finished variants by falling AP, then the next statistic; without the baseline."""
        done = [one for one in self.variants if one.runs and not one.is_baseline]
        statistics = self.statistics
        return sorted(
            done, key=lambda one: [_mean(one.runs, name) for name in statistics], reverse=True
        )

    @property
    def baseline(self) -> Variant | None:
        """The finished row of zero skill."""
        return next((one for one in self.variants if one.runs and one.is_baseline), None)

    @property
    def reference(self) -> Variant | None:
        """The variant that the others are set beside; where it is missing, the first finished."""
        done = [one for one in self.variants if one.runs and not one.is_baseline]
        named = (one for one in done if one.name == self.reference_name)
        return next(named, next(iter(done), None))

    def finished(self, name: str) -> Variant | None:
        """Return the variant of a name; None where it is missing or did not finish."""
        return next((one for one in self.variants if one.name == name and one.runs), None)

    @property
    def images(self) -> int:
        """Validation images that the intervals resample; 0 where nothing finished."""
        runs = self.runs
        return len(runs[0].record["evidence"]["oks"]["positives"]) if runs else 0


def gather(folder: Path, experiments: Sequence[Experiment], reference: str) -> list[Comparison]:
    """Return the comparisons of a suite in order of appearance, those of one view first.

    Args:
        folder: of the suite; holds ``records``.
        experiments: all that were planned; one without a finished record is kept with its reason.
        reference: the variant that the others are set beside.
    """
    names = list(dict.fromkeys(experiment.variant for experiment in experiments))
    groups: dict[tuple[DataSpec, DataSpec, Protocol], dict[str, list[Experiment]]] = {}
    for experiment in sorted(experiments, key=lambda one: not is_plain(one.protocol)):
        alike = (experiment.data, experiment.judged_on, experiment.protocol)
        group = groups.setdefault(alike, {})
        group.setdefault(experiment.variant, []).append(experiment)
    return [
        Comparison(
            data,
            tested,
            protocol,
            tuple(
                _variant(folder / RECORDS, name, names.index(name), tuple(planned))
                for name, planned in variants.items()
            ),
            reference,
        )
        for (data, tested, protocol), variants in groups.items()
    ]


def plain(comparisons: Sequence[Comparison]) -> Comparison | None:
    """Return the first comparison in which the network sees each image once, as it is."""
    return next((one for one in comparisons if is_plain(one.protocol)), None)


def is_plain(seen: Protocol | TimedPipeline) -> bool:
    """Return whether the network sees each image once, as it is: one scale, no mirror image."""
    return seen.scales == (1.0,) and not seen.flip


def finished(folder: Path, key: str) -> tuple[Record | None, str]:
    """Return the record of a job that was done and "", or None and the reason why there is none.

    Args:
        folder: of all records.
        key: of the job.
    """
    record, reason = read_record(folder, key)
    if record is not None and record["status"] != "done":
        return None, record["reason"] or "failed without a reason"
    return record, reason


def bootstrap(evidence: dict[str, Any]) -> dict[str, Samples]:
    """Return every statistic with evidence under every resample of the images, ``[R]``.

    AP; PCK and PoseTrack mAP where they were counted, the latter with the AP of each group of
    joints that anybody has.
    """
    oks = OksMatches.from_json(evidence["oks"])
    # Equal image counts give equal weights, so all variants of a comparison are paired.
    weights = bootstrap_weights(len(oks.positives), RESAMPLES, SEED)
    samples = {AP: oks.statistics(weights)["AP"]}
    if "pck" in evidence:
        pck = PckCounts.from_json(evidence["pck"])
        samples[PCK] = pck.statistics(weights)[pck.name]
    if "posetrack" in evidence:
        points = PosetrackMatches.from_json(evidence["posetrack"]).statistics(weights)
        samples |= {name: drawn for name, drawn in points.items() if not np.isnan(drawn).all()}
    return samples


def _variant(folder: Path, name: str, place: int, experiments: tuple[Experiment, ...]) -> Variant:
    runs, unfinished = [], []
    for experiment in experiments:
        record, reason = finished(folder, experiment.key)
        if record is None:
            unfinished.append(Unfinished(experiment, reason))
        else:
            runs.append(Run(experiment, record, bootstrap(record["evidence"])))
    runs.sort(key=lambda run: run.experiment.seed)  # equal order, so that seeds are paired
    return Variant(name, place, experiments, tuple(runs), tuple(unfinished))


def _averaged(runs: Sequence[Run], statistic: str) -> Samples:
    return average_seeds(np.stack([run.samples[statistic] for run in runs]), SEED)


def _mean(runs: Sequence[Run], statistic: str) -> float:
    return float(np.mean([run.accuracy(statistic) for run in runs]))
