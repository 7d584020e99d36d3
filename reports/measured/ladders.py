"""Networks of one block at rising depth: what each step of depth wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bench.metrics.intervals import average_seeds, interval
from reports.measured.results import AP, SEED, Comparison, Estimate, Run, Variant


@dataclass(frozen=True)
class Rung:
    """One depth of a block.

    Attributes:
        depth: blocks a stage.
        share: of the depth of the deepest network that was planned of the block.
        variant: what was trained, finished or not.
    """

    depth: int
    share: Fraction
    variant: Variant

    @property
    def params(self) -> int | None:
        """Parameters; None where nothing finished."""
        runs = self.variant.runs
        return int(runs[0].measured["cost"]["params"]) if runs else None


@dataclass(frozen=True)
class Ladder:
    """One block at all depths that were planned, shallow first; ``place`` is its colour."""

    block: str
    place: int
    rungs: tuple[Rung, ...]

    def at(self, share: Fraction) -> Rung | None:
        """Return the rung at a share of the largest depth."""
        return next((one for one in self.rungs if one.share == share), None)

    @property
    def finished(self) -> list[Rung]:
        """The rungs of which a training finished."""
        return [one for one in self.rungs if one.variant.runs]

    @property
    def steps(self) -> list[tuple[Rung, Rung, Estimate | None]]:
        """Return neighbours, and by how much AP of the deeper one is higher, paired."""
        return [
            (one, other, other.variant.difference(one.variant, AP))
            for one, other in zip(self.finished, self.finished[1:], strict=False)
        ]

    @property
    def taught(self) -> bool:
        """Whether any of its networks learnt something: all of AP's interval is above 0."""
        return any(one.variant.taught for one in self.finished)

    @property
    def saturates_at(self) -> int | None:
        """The smallest depth that no deeper network is better than; None where the last gains.

        It is None too where a single depth finished, or where nothing was learnt at any.
        """
        rungs = self.finished if self.taught else []
        for place, one in enumerate(rungs[:-1]):
            gains = [deeper.variant.difference(one.variant, AP) for deeper in rungs[place + 1 :]]
            if not any(gain is not None and gain.above_zero for gain in gains):
                return one.depth
        return None


def ladders(comparison: Comparison) -> list[Ladder]:
    """Return the networks of each block, in order of the blocks' names as planned."""
    found: dict[str, list[tuple[int, Variant]]] = {}
    for one in comparison.variants:
        arguments = one.experiments[0].model.arguments
        found.setdefault(arguments["block"], []).append((arguments["depth"], one))
    return [
        Ladder(
            block,
            place,
            tuple(
                Rung(depth, Fraction(depth, max(dict(planned))), variant)
                for depth, variant in sorted(planned, key=lambda one: one[0])
            ),
        )
        for place, (block, planned) in enumerate(found.items())
    ]


def shared_shares(chosen: Sequence[Ladder]) -> list[Fraction]:
    """Return those shares of the largest depth at which all of some blocks stand, rising."""
    if not chosen:
        return []
    shares = [{one.share for one in ladder.rungs} for ladder in chosen]
    return sorted(set.intersection(*shares))


def gain(ladder: Ladder, low: Fraction, high: Fraction) -> Estimate | None:
    """Return AP at one share of the depth minus AP at a smaller one; None where either failed."""
    deep, shallow = ladder.at(high), ladder.at(low)
    if deep is None or shallow is None or not (deep.variant.runs and shallow.variant.runs):
        return None
    return deep.variant.difference(shallow.variant, AP)


def gain_difference(one: Ladder, other: Ladder, low: Fraction, high: Fraction) -> Estimate | None:
    """Return by how much more one block gains than another, paired over images and seeds.

    Only seeds that all four networks have count; None where there is none.
    """
    networks = [ladder.at(share) for ladder in (one, other) for share in (high, low)]
    runs = [() if rung is None else rung.variant.runs for rung in networks]
    seeds = set.intersection(*({run.experiment.seed for run in those} for those in runs))
    if not seeds:
        return None
    kept = [[run for run in those if run.experiment.seed in seeds] for those in runs]
    signs = (1, -1, -1, 1)
    value = sum(sign * _mean(those) for sign, those in zip(signs, kept, strict=True))
    samples = sum(
        sign * average_seeds(np.stack([run.samples[AP] for run in those]), SEED)
        for sign, those in zip(signs, kept, strict=True)
    )
    return Estimate(value, *interval(np.asarray(samples)))


def _mean(runs: Sequence[Run]) -> float:
    return float(np.mean([run.accuracy(AP) for run in runs]))
