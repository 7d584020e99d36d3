"""What the gates of trained networks follow: slopes with intervals over images and seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.gates.facts import FACTORS
from bench.gates.measure import EXAMPLES, MOMENTS
from bench.gates.sampling import BRANCHES, LONG, SHORT
from bench.gates.slopes import Moments, joint_slopes, pooled_slopes
from bench.jobs import GateExperiment
from bench.metrics.intervals import average_seeds, bootstrap_weights, interval
from bench.records import Record
from models.skeleton import SKELETONS
from reports.measured import results
from reports.measured.results import RECORDS, Estimate, finished

#: How much more the branch of context is let through than that of detail.
CONTEXT: Final = f"{LONG} − {SHORT}"
#: What slopes are taken of: the gate of each branch, and that difference.
RESPONSES: Final = (*BRANCHES, CONTEXT)
POOLED: Final = "all joints"


@dataclass(frozen=True)
class GateLook:
    """One trained network as its gates were looked at.

    Attributes:
        experiment: that was done.
        record: of it.
        moments: of each image, of the four ``RESPONSES``; the mean over the network's gates.
        examples: what is kept of a few people, as ``bench.gates.measure`` names it.
    """

    experiment: GateExperiment
    record: Record
    moments: Moments
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

    def slope(
        self, factor: str, response: str, joint: str = POOLED, *, alone: bool = False
    ) -> Estimate | None:
        """Return a slope, averaged over the seeds, with its interval; None where there is none.

        Args:
            factor: of ``FACTORS``.
            response: of ``RESPONSES``.
            joint: within which; ``POOLED`` for all, each about its own mean.
            alone: regress on this factor only, instead of on all together.
        """
        if not self.looks:
            return None
        values, drawn = self._alone if alone else self._together
        row = len(self.joints) if joint == POOLED else self.joints.index(joint)
        cell = row, FACTORS.index(factor), RESPONSES.index(response)
        value = float(values[:, *cell].mean())
        samples = average_seeds(drawn[:, :, *cell], results.SEED)
        if np.isnan(value) or np.isnan(samples).all():
            return None
        return Estimate(value, *interval(samples))

    def mean(self, response: str, joint: str = POOLED) -> float | None:
        """Return the mean of a gate over the samples of a joint, of all and over the seeds."""
        column = RESPONSES.index(response)
        chosen = range(len(self.joints)) if joint == POOLED else [self.joints.index(joint)]
        found = []
        for look in self.looks:
            number = look.moments.factors[:, chosen, 0, 0].sum()
            total = look.moments.gates[:, chosen, 0, column].sum()
            found.append(total / number if number else np.nan)
        return float(np.mean(found)) if found and not np.isnan(found).any() else None

    def samples(self, joint: str) -> int:
        """Return of how many people a joint was looked at; of all, how many joints."""
        if not self.looks:
            return 0
        numbers = self.looks[0].moments.samples
        return int(numbers.sum() if joint == POOLED else numbers[self.joints.index(joint)])

    @cached_property
    def _together(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._slopes(alone=False)

    @cached_property
    def _alone(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._slopes(alone=True)

    def _slopes(self, *, alone: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return all slopes ``[S, K + 1, F, 4]``, the pooled last, and resampled ``[S, R, ...]``.

        Equal image counts give equal weights, so that seeds are drawn over the same images.
        """
        values, drawn = [], []
        for look in self.looks:
            count = len(look.moments)
            whole = np.ones((1, count), dtype=np.int64)
            weights = bootstrap_weights(count, results.RESAMPLES, results.SEED)
            values.append(_every(look.moments.drawn(whole), alone)[0])
            drawn.append(_every(look.moments.drawn(weights), alone))
        return np.stack(values), np.stack(drawn)


def read_gates(folder: Path, experiments: Sequence[GateExperiment]) -> list[GateNetwork]:
    """Return the networks in the order of the plan.

    Args:
        folder: of the suite; holds ``records``.
        experiments: those that were planned.
    """
    names = list(dict.fromkeys(one.experiment.variant for one in experiments))
    return [
        _read(folder, place, [one for one in experiments if one.experiment.variant == name])
        for place, name in enumerate(names)
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
            moments = Moments(file["factors"], _responses(file["gates"]))
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
