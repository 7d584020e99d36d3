"""The effective receptive fields of trained networks, with intervals over images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.before_training import AFTER, BEFORE
from bench.jobs import FieldExperiment
from bench.metrics.intervals import (
    average_seeds,
    bootstrap_weights,
    interval,
    paired_difference,
)
from bench.receptive_fields.gradients import EffectiveField
from bench.receptive_fields.measure import CROPS, FIELDS, NOISE
from bench.records import Record
from reports.measured import results
from reports.measured.results import RECORDS, Estimate, Samples, by_variant, finished

KINDS: Final = (CROPS, NOISE)

#: From radii ``[R]`` and shares of the energy ``[..., R]`` to a number each, ``[...]``.
Statistic = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Look:
    """One trained network as it was looked at.

    Attributes:
        experiment: that was done.
        record: of it.
        radii: ``[R]`` in pixels.
        held: (kind of images, before or after training) -> ``[N, R]``, the share of each image's
            energy within each radius.
    """

    experiment: FieldExperiment
    record: Record
    radii: NDArray[np.float64]
    held: dict[tuple[str, str], NDArray[np.float64]]

    @property
    def seed(self) -> int:
        """The seed of the training."""
        return self.experiment.experiment.seed

    @property
    def near(self) -> float:
        """The radius in pixels that a short path sees."""
        return float(self.record["measured"]["near"])

    def images(self, kind: str) -> int:
        """Return how many images of a kind were shown."""
        return int(self.record["measured"]["images"][kind])

    def samples(self, kind: str, when: str, statistic: Statistic) -> Samples:
        """Return a statistic under every resample of the images."""
        held = self.held[kind, when]
        # Equal image counts give equal weights, so that all networks are paired.
        weights = bootstrap_weights(len(held), results.RESAMPLES, results.SEED)
        return statistic(self.radii, weights @ held / len(held))

    def value(self, kind: str, when: str, statistic: Statistic) -> float:
        """Return a statistic of all images; each counts alike."""
        return float(statistic(self.radii, self.held[kind, when].mean(axis=0)))


@dataclass(frozen=True)
class BlockFields:
    """The networks of one block, a training each; ``unfinished`` are seeds and reasons."""

    name: str
    looks: tuple[Look, ...]
    unfinished: tuple[tuple[int, str], ...]

    def estimate(self, kind: str, when: str, statistic: Statistic) -> Estimate:
        """Return a statistic, averaged over the seeds, with its interval."""
        ends = interval(_samples(self.looks, kind, when, statistic))
        return Estimate(_value(self.looks, kind, when, statistic), *ends)

    def change(self, kind: str, statistic: Statistic) -> Estimate:
        """Return by how much training raises a statistic, paired over images and seeds."""
        after, before = (_samples(self.looks, kind, when, statistic) for when in (AFTER, BEFORE))
        values = [_value(self.looks, kind, when, statistic) for when in (AFTER, BEFORE)]
        return Estimate(values[0] - values[1], *paired_difference(after, before))

    def mean_field(self, kind: str, when: str) -> EffectiveField:
        """Return the mean over images and seeds."""
        held = [look.held[kind, when].mean(axis=0) for look in self.looks]
        return EffectiveField(self.looks[0].radii, np.mean(held, axis=0))


def difference(
    one: BlockFields | None, other: BlockFields | None, kind: str, when: str, statistic: Statistic
) -> Estimate | None:
    """Return ``one - other``, paired over images and over the seeds that both have; else None."""
    if one is None or other is None:
        return None
    shared = {look.seed for look in one.looks} & {look.seed for look in other.looks}
    if not shared:
        return None
    mine, theirs = (
        tuple(look for look in block.looks if look.seed in shared) for block in (one, other)
    )
    value = _value(mine, kind, when, statistic) - _value(theirs, kind, when, statistic)
    drawn, others = (_samples(looks, kind, when, statistic) for looks in (mine, theirs))
    return Estimate(value, *paired_difference(drawn, others))


def within(radius: float) -> Statistic:
    """Return the statistic that is the share of the energy up to ``radius`` pixels."""

    def share(radii: NDArray[np.float64], held: NDArray[np.float64]) -> NDArray[np.float64]:
        inside = np.count_nonzero(radii <= radius)
        return np.asarray(held[..., inside - 1] if inside else np.zeros(held.shape[:-1]))

    return share


def radius_holding(share: float) -> Statistic:
    """Return the statistic that is the smallest radius in pixels holding a share of the energy."""

    def radius(radii: NDArray[np.float64], held: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(radii[np.argmax(held >= share, axis=-1)])

    return radius


def read_fields(folder: Path, experiments: Sequence[FieldExperiment]) -> list[BlockFields]:
    """Return the networks of each block in the order of the plan.

    Args:
        folder: of the suite; holds ``records``.
        experiments: those that were planned.
    """
    return [_read(folder, name, looks) for name, looks in by_variant(experiments).items()]


def _read(folder: Path, name: str, experiments: Sequence[FieldExperiment]) -> BlockFields:
    looks, unfinished = [], []
    for experiment in experiments:
        record, reason = finished(folder / RECORDS, experiment.key)
        if record is None:
            unfinished.append((experiment.experiment.seed, reason))
            continue
        with np.load(folder / RECORDS / experiment.key / FIELDS, allow_pickle=False) as file:
            held = {
                (kind, when): file[f"{kind}_{when}"].astype(np.float64)
                for kind in KINDS
                for when in (BEFORE, AFTER)
            }
            looks.append(Look(experiment, record, file["radii"], held))
    looks.sort(key=lambda look: look.seed)  # equal order, so that seeds are paired
    return BlockFields(name, tuple(looks), tuple(unfinished))


def _samples(looks: Sequence[Look], kind: str, when: str, statistic: Statistic) -> Samples:
    drawn = np.stack([look.samples(kind, when, statistic) for look in looks])
    return average_seeds(drawn, results.SEED)


def _value(looks: Sequence[Look], kind: str, when: str, statistic: Statistic) -> float:
    return float(np.mean([look.value(kind, when, statistic) for look in looks]))
