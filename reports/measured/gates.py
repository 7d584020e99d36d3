"""What gates follow, before training and after: slopes with intervals over images and seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.before_training import AFTER, BEFORE
from bench.gates.facts import FACTORS
from bench.gates.measure import EXAMPLES, MOMENTS, named
from bench.gates.sampling import BRANCHES, LONG, SHORT
from bench.gates.slopes import Moments, joint_slopes, pooled_slopes
from bench.jobs import GateExperiment
from bench.metrics.intervals import (
    average_seeds,
    bootstrap_weights,
    interval,
    paired_difference,
)
from bench.records import Record
from models.skeleton import SKELETONS
from reports.measured import results
from reports.measured.results import RECORDS, Estimate, Samples, by_variant, finished

#: How much more the branch of context is let through than that of detail.
CONTEXT: Final = f"{LONG} − {SHORT}"
#: What slopes are taken of: the gate of each branch, and that difference.
RESPONSES: Final = (*BRANCHES, CONTEXT)
POOLED: Final = "all joints"


@dataclass(frozen=True)
class GateLook:
    """One network as its gates were looked at.

    Attributes:
        experiment: that was done.
        record: of it.
        moments: ``AFTER`` training, and ``BEFORE`` it unless the record is older than that control:
            of each image, of the four ``RESPONSES``; the mean over the network's gates.
        examples: what is kept of a few people, as ``bench.gates.measure`` names it.
    """

    experiment: GateExperiment
    record: Record
    moments: dict[str, Moments]
    examples: dict[str, NDArray[np.generic]]

    @property
    def seed(self) -> int:
        """The seed of the training."""
        return self.experiment.experiment.seed


@dataclass(frozen=True)
class GateNetwork:
    """The trainings of one block with a gate; ``unfinished`` are seeds and reasons."""

    name: str
    place: int  #: among the networks of the plan, so that it keeps its colour
    joints: tuple[str, ...]
    looks: tuple[GateLook, ...]
    unfinished: tuple[tuple[int, str], ...]

    def seen(self, when: str) -> bool:
        """Return whether every training was looked at then, ``BEFORE`` it or ``AFTER``."""
        return bool(self.looks) and all(when in look.moments for look in self.looks)

    def slope(
        self,
        factor: str,
        response: str,
        joint: str = POOLED,
        *,
        when: str = AFTER,
        alone: bool = False,
    ) -> Estimate | None:
        """Return a slope, averaged over the seeds, with its interval; None where there is none.

        Args:
            factor: of ``FACTORS``.
            response: of ``RESPONSES``.
            joint: within which; ``POOLED`` for all, each about its own mean.
            when: ``BEFORE`` training or ``AFTER`` it.
            alone: regress on this factor only, instead of on all together.
        """
        found = self._drawn(factor, response, joint, when, alone)
        return None if found is None else Estimate(found[0], *interval(found[1]))

    def change(
        self, factor: str, response: str, joint: str = POOLED, *, alone: bool = False
    ) -> Estimate | None:
        """Return by how much training raises a slope, paired over joints, images and seeds.

        Joints and factors are the same before and after, so that this is the slope of what training
        adds to the gate. None where one of both slopes is not known; arguments as of ``slope``.
        """
        after, before = (
            self._drawn(factor, response, joint, when, alone) for when in (AFTER, BEFORE)
        )
        if after is None or before is None:
            return None
        return Estimate(after[0] - before[0], *paired_difference(after[1], before[1]))

    def mean(self, response: str, *, when: str = AFTER) -> float | None:
        """Return the mean of a gate over all samples and the seeds."""
        if not self.seen(when):
            return None
        column = RESPONSES.index(response)
        found = []
        for look in self.looks:
            moments = look.moments[when]
            found.append(moments.gates[:, :, 0, column].sum() / moments.factors[:, :, 0, 0].sum())
        return float(np.mean(found))

    def samples(self, joint: str) -> int:
        """Return of how many people a joint was looked at; of all, how many joints."""
        if not self.looks:
            return 0
        numbers = self.looks[0].moments[AFTER].samples
        return int(numbers.sum() if joint == POOLED else numbers[self.joints.index(joint)])

    def _drawn(
        self, factor: str, response: str, joint: str, when: str, alone: bool
    ) -> tuple[float, Samples] | None:
        """Return a slope, and that of every resample ``[R]``; None where there is none."""
        if not self.seen(when):
            return None
        values, drawn = self._slopes[when, alone]
        row = len(self.joints) if joint == POOLED else self.joints.index(joint)
        cell = row, FACTORS.index(factor), RESPONSES.index(response)
        value = float(values[:, *cell].mean())
        samples = average_seeds(drawn[:, :, *cell], results.SEED)
        return None if np.isnan(value) or np.isnan(samples).all() else (value, samples)

    @cached_property
    def _slopes(self) -> dict[tuple[str, bool], tuple[Samples, Samples]]:
        """All slopes ``[S, K + 1, F, 4]``, the pooled last, and resampled ``[S, R, ...]``.

        They are found by when it was looked, and whether a factor is regressed on alone. Equal
        image counts give equal weights, so that looks and seeds are drawn over the same images.
        """
        found = {}
        for when in filter(self.seen, (BEFORE, AFTER)):
            moments = [look.moments[when] for look in self.looks]
            whole = [one.drawn(np.ones((1, len(one)), dtype=np.int64)) for one in moments]
            resampled = [
                one.drawn(bootstrap_weights(len(one), results.RESAMPLES, results.SEED))
                for one in moments
            ]
            for alone in (False, True):
                values = np.stack([_every(one, alone)[0] for one in whole])
                found[when, alone] = values, np.stack([_every(one, alone) for one in resampled])
        return found


def read_gates(folder: Path, experiments: Sequence[GateExperiment]) -> list[GateNetwork]:
    """Return the networks in the order of the plan.

    Args:
        folder: of the suite; holds ``records``.
        experiments: those that were planned.
    """
    return [
        _read(folder, place, looks) for place, looks in enumerate(by_variant(experiments).values())
    ]


def _read(folder: Path, place: int, experiments: Sequence[GateExperiment]) -> GateNetwork:
    looks, unfinished = [], []
    for experiment in experiments:
        record, reason = finished(folder / RECORDS, experiment.key)
        if record is None:
            unfinished.append((experiment.experiment.seed, reason))
            continue
        files = folder / RECORDS / experiment.key
        with np.load(files / MOMENTS, allow_pickle=False) as file:
            moments = {
                when: Moments(file["factors"], _responses(file[named("gates", when)]))
                for when in (BEFORE, AFTER)
                if named("gates", when) in file
            }
        with np.load(files / EXAMPLES, allow_pickle=False) as file:
            looks.append(GateLook(experiment, record, moments, dict(file)))
    looks.sort(key=lambda look: look.seed)  # equal order, so that seeds are paired
    trained = experiments[0].experiment
    joints = SKELETONS[trained.judged_on.skeleton].joints
    return GateNetwork(trained.variant, place, tuple(joints), tuple(looks), tuple(unfinished))


def _responses(gates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums ``[..., 4]`` of the responses, from those of every gate's branches."""
    branches = gates.reshape(*gates.shape[:-1], -1, len(BRANCHES)).mean(axis=-2)
    longer, shorter = (branches[..., [BRANCHES.index(one)]] for one in (LONG, SHORT))
    return np.concatenate([branches, longer - shorter], axis=-1)


def _every(moments: Moments, alone: bool) -> NDArray[np.float64]:
    within, pooled = (solve(moments, alone=alone) for solve in (joint_slopes, pooled_slopes))
    return np.concatenate([within, pooled[..., None, :, :]], axis=-3)
