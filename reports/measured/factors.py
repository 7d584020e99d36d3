"""What moving a factor of the scenes does to pipelines, and to the gap between two of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ablations.crowding import FACTORS, Factor, Level
from bench.metrics.intervals import average_seeds, bootstrap_weights, interval
from bench.metrics.oks import OksMatches
from reports.measured.results import AP, SEED, Comparison, Estimate, Run, Samples, Variant

_ELSEWHERE: Final = SEED + 1  # resamples of scenes that are not those of the first level


@dataclass(frozen=True)
class Place:
    """A level of a factor, and what was measured there."""

    level: Level
    comparison: Comparison

    @property
    def is_default(self) -> bool:
        """Whether these are scenes like those of training."""
        return not self.level.factors

    def variant(self, name: str) -> Variant | None:
        """Return a pipeline, if it finished here."""
        return self.comparison.finished(name)


@dataclass(frozen=True)
class Moved:
    """A factor with those of its levels that were planned, two at least."""

    factor: Factor
    places: tuple[Place, ...]

    @property
    def ends(self) -> tuple[Place, Place]:
        """The first level and the last."""
        return self.places[0], self.places[-1]


@dataclass(frozen=True)
class Shift:
    """How a number is at the last level of a factor against the first.

    Attributes:
        points: by how much it is higher, as a fraction.
        kept: of a pipeline, the share of its AP that is left; of a gap, the difference of two such
            shares. None where there was nothing to lose.
    """

    points: Estimate
    kept: Estimate | None


def moved_factors(comparisons: Sequence[Comparison]) -> list[Moved]:
    """Return every factor of which two levels or more were planned.

    Args:
        comparisons: of the suite.
    """
    # Scenes as in training are there twice, all of them and as many as at every level: these count.
    levels_last = sorted(comparisons, key=lambda one: one.tested != one.data)
    at = {one.tested.factors: one for one in levels_last}
    found = [
        Moved(
            factor,
            tuple(
                Place(level, at[level.factors]) for level in factor.levels if level.factors in at
            ),
        )
        for factor in FACTORS
    ]
    return [one for one in found if len(one.places) > 1]


def as_trained(comparisons: Sequence[Comparison]) -> Comparison:
    """Return the comparison on training's own validation scenes, all of them."""
    own = (one for one in comparisons if one.tested == one.data)
    return next(own, comparisons[0])


def ranked_of(trained: Comparison, kind: Iterable[str]) -> list[str]:
    """Return the variants that are among some pipelines and finished, by falling AP."""
    names = set(kind)
    return [one.name for one in trained.ranked if one.experiments[0].model.name in names]


def shift(moved: Moved, name: str) -> Shift | None:
    """Return how a pipeline's AP moves; None where it has no seed at both ends.

    With paired scenes both ends are resampled alike; else each by itself.
    """
    ends = _ends(moved, [name])
    if ends is None:
        return None
    (one,) = ends
    return Shift(one.points, one.kept)


def gap(place: Place, top_down: str, bottom_up: str) -> Estimate | None:
    """Return by how much one pipeline's AP is above another's at a level, paired."""
    one, other = place.variant(top_down), place.variant(bottom_up)
    return None if one is None or other is None else one.difference(other, AP)


def gap_shift(moved: Moved, top_down: str, bottom_up: str) -> Shift | None:
    """Return how the gap between two pipelines moves; None where they share no seed at both ends.

    Both are resampled alike at a level, and with paired scenes at both ends too.
    """
    ends = _ends(moved, [top_down, bottom_up])
    if ends is None:
        return None
    one, other = ends
    points = Estimate(
        one.change - other.change, *interval(one.sampled_change - other.sampled_change)
    )
    if not (one.first and other.first):
        return Shift(points, None)
    kept = one.sampled_share - other.sampled_share
    return Shift(points, Estimate(one.share - other.share, *interval(kept)))


@dataclass(frozen=True)
class _Ends:
    """AP of one pipeline at both ends of a factor, and under every resample ``[R]``."""

    first: float
    last: float
    sampled_first: Samples
    sampled_last: Samples

    @property
    def change(self) -> float:
        return self.last - self.first

    @property
    def sampled_change(self) -> Samples:
        return self.sampled_last - self.sampled_first

    @property
    def share(self) -> float:
        return self.last / self.first

    @property
    def sampled_share(self) -> Samples:
        """Share that is kept; nan where a resample had nothing to lose."""
        there = self.sampled_first > 0
        return np.divide(
            self.sampled_last,
            self.sampled_first,
            out=np.full_like(self.sampled_first, np.nan),
            where=there,
        )

    @property
    def points(self) -> Estimate:
        return Estimate(self.change, *interval(self.sampled_change))

    @property
    def kept(self) -> Estimate | None:
        if not self.first:
            return None
        return Estimate(self.share, *interval(self.sampled_share))


def _ends(moved: Moved, names: Sequence[str]) -> list[_Ends] | None:
    """Return the ends of some pipelines, over the seeds that all of them have at both."""
    first, last = moved.ends
    variants = [(first.variant(name), last.variant(name)) for name in names]
    both = [(one, other) for one, other in variants if one is not None and other is not None]
    if len(both) < len(names):
        return None
    seeds = set.intersection(*(_seeds(one) for pair in both for one in pair))
    if not seeds:
        return None
    stream = SEED if moved.factor.paired else _ELSEWHERE
    return [
        _Ends(
            _mean(one, seeds),
            _mean(other, seeds),
            _sampled(one, seeds, SEED),
            _sampled(other, seeds, stream),
        )
        for one, other in both
    ]


def _seeds(variant: Variant) -> set[int]:
    return {run.experiment.seed for run in variant.runs}


def _mean(variant: Variant, seeds: set[int]) -> float:
    return float(
        np.mean([one.accuracy(AP) for one in variant.runs if one.experiment.seed in seeds])
    )


def _sampled(variant: Variant, seeds: set[int], stream: int) -> Samples:
    """Return AP ``[R]``; equal streams draw equal images, and trainings are always drawn alike."""
    runs = [one for one in variant.runs if one.experiment.seed in seeds]
    return average_seeds(np.stack([_of_run(one, stream) for one in runs]), SEED)


def _of_run(run: Run, stream: int) -> Samples:
    if stream == SEED:
        return run.samples[AP]
    matches = OksMatches.from_json(run.record["evidence"]["oks"])
    resamples = len(run.samples[AP])
    weights = bootstrap_weights(len(matches.positives), resamples, stream)
    return matches.statistics(weights)["AP"]
