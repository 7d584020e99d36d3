"""What the detections of a comparison's variants have wrong, with intervals over images."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.metrics.errors import ErrorAnatomy
from bench.metrics.intervals import average_seeds, bootstrap_weights, interval
from bench.metrics.oks import OksMatches
from bench.metrics.people_found import Group
from reports.measured.results import AP, SEED, Estimate, Samples, Variant

# A report has hundreds of these numbers; the ends of an interval stand on five resamples each.
RESAMPLES: Final = 200

Weights = NDArray[np.int64]


@dataclass(frozen=True)
class Dissected:
    """One variant; its trainings' anatomies in the order of their seeds, at least one."""

    name: str
    anatomies: tuple[ErrorAnatomy, ...]

    @property
    def shares(self) -> dict[str, Estimate | None]:
        """The share of good joints and of each kind of error; None where nothing was judged."""
        return self._estimates(ErrorAnatomy.shares)

    @property
    def costs(self) -> dict[str, Estimate | None]:
        """The AP, as a fraction, that each kind of error costs by itself."""
        return self._estimates(ErrorAnatomy.costs)

    def joint(self, joint: int) -> Estimate | None:
        """Return the AP of one joint; None where nobody has it."""
        return self._ap(one.joint(joint) for one in self.anatomies)

    def groups(self, trait: str) -> list[tuple[str, int, Estimate | None]]:
        """Return the bounds of each group of people by a trait, how many they are, and their AP."""
        return [
            (_bounds(same[0]), same[0].people, self._ap(g.oks for g in same))
            for same in zip(*(one.groups(trait) for one in self.anatomies), strict=True)
        ]

    def _ap(self, found: Iterable[OksMatches]) -> Estimate | None:
        values, samples = [], []
        for one in found:
            weights = _weights(len(one.positives))
            values.append(float(one.statistics()[AP]))
            samples.append(one.statistics(weights)[AP])
        return _estimate(values, samples)

    def _estimates(
        self, measure: Callable[[ErrorAnatomy, Weights | None], dict[str, Samples]]
    ) -> dict[str, Estimate | None]:
        values = [measure(one, None) for one in self.anatomies]
        drawn = [measure(one, _weights(len(one.oks.positives))) for one in self.anatomies]
        return {
            name: _estimate([float(one[name]) for one in values], [one[name] for one in drawn])
            for name in values[0]
        }


def dissected(variant: Variant) -> Dissected | None:
    """Return the errors of a variant; None where a record is from before they were kept."""
    evidence = [run.record["evidence"] for run in variant.runs]
    if not evidence or not all("errors" in one for one in evidence):
        return None
    anatomies = [
        ErrorAnatomy.from_json(one["errors"], OksMatches.from_json(one["oks"])) for one in evidence
    ]
    return Dissected(variant.name, tuple(anatomies))


def _bounds(group: Group) -> str:
    ends = dict.fromkeys(f"{end:.3g}" for end in (group.low, group.high))
    return "–".join(ends)


def _weights(images: int) -> Weights:
    return bootstrap_weights(images, RESAMPLES, SEED)


def _estimate(values: Sequence[float], samples: Sequence[Samples]) -> Estimate | None:
    if np.isnan(values).any():
        return None
    return Estimate(float(np.mean(values)), *interval(average_seeds(np.stack(samples), SEED)))
