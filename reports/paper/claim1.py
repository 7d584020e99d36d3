"""The first half of the deck's first claim, rule by rule: which block keeps more short paths.

IOI keeps more features of small receptive field than inception-residual, and that more than
residual.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ablations.receptive_field import BLOCKS, CHAIN_RULES, PARAMS, REACH
from bench.before_training import AFTER, BEFORE
from reports.measured.effective_fields import (
    KINDS,
    BlockFields,
    difference,
    within,
)
from reports.measured.results import Estimate
from reports.measured.spectra import COUNTED, WEIGHTED, BlockPaths, Chain, chain_of
from reports.paper.verdicts import FAILS, HOLDS, OPEN, difference_verdict
from reports.text.words import listed

#: From most features of small receptive field to fewest.
CLAIMED: Final = ("ioi", "inception_residual", "residual")
RULE_NAMES: Final = {
    REACH: "longest path",
    PARAMS: "parameters",
    BLOCKS: "number of blocks",
}
#: rule -> block -> the share of paths, counted, with at most two 3x3 convolutions, worked out by
#: hand from the released blocks' polynomials (Liu et al., AAAI 2018; z is one 3x3): residual 1 + z,
#: inception-residual 2 + z + z^2, IOI 15 + 17z + 24z^2 + 15z^3 + 10z^4 + 3z^5 + z^6.
BY_HAND: Final[Mapping[str, Mapping[str, str]]] = {
    REACH: {"residual": "0.019", "inception_residual": "0.168", "ioi": "0.241"},
    PARAMS: {"residual": "0.0004", "inception_residual": "0.168", "ioi": "0.659"},
    BLOCKS: {"residual": "0.344", "inception_residual": "0.168", "ioi": "0.001"},
}


@dataclass(frozen=True)
class PathFinding:
    """The claim under one rule and one say of paths; ``chains`` are those of ``CLAIMED``."""

    rule: str
    say: str
    chains: tuple[Chain | None, ...]
    verdict: str


@dataclass(frozen=True)
class FieldFinding:
    """The claim about what networks use, on one kind of images, before or after training.

    Attributes:
        kind, when: of the measurement.
        estimates: of the energy near the centre, of ``CLAIMED``; None where it is not known.
        differences: of each from the next.
        verdict: on the claim.
    """

    kind: str
    when: str
    estimates: tuple[Estimate | None, ...]
    differences: tuple[Estimate | None, ...]
    verdict: str


def judge_paths(spectra: Sequence[BlockPaths]) -> list[PathFinding]:
    """Return the claim under every rule, counted paths first.

    Counts are exact, so that any difference decides.
    """
    return [_judge_paths(spectra, rule, say) for say in (COUNTED, WEIGHTED) for rule in CHAIN_RULES]


def judge_fields(fields: Sequence[BlockFields], near: float) -> list[FieldFinding]:
    """Return the claim about the networks' energy within ``near`` pixels of the centre."""
    named = {one.name: one for one in fields if one.looks}
    blocks = [named.get(name) for name in CLAIMED]
    statistic = within(near)
    found = []
    for kind in KINDS:
        for when in (BEFORE, AFTER):
            gaps = tuple(
                difference(one, other, kind, when, statistic) for one, other in pairwise(blocks)
            )
            estimates = tuple(
                one.estimate(kind, when, statistic) if one else None for one in blocks
            )
            found.append(FieldFinding(kind, when, estimates, gaps, _verdict(gaps)))
    return found


def over_rules(found: Sequence[PathFinding], say: str) -> str:
    """Return the verdict on one say of paths: the claim names no rule, so all must agree."""
    verdicts = {one.verdict for one in found if one.say == say}
    return verdicts.pop() if len(verdicts) == 1 else OPEN


def in_words(found: Sequence[PathFinding], say: str) -> str:
    """Return under which rules the claim holds and under which not, in one sentence."""
    rules: dict[str, list[str]] = {}
    for one in found:
        if one.say == say:
            rules.setdefault(_told(one), []).append(f"equal {RULE_NAMES[one.rule]}")
    told = [f"{verdict} at {listed(names)}" for verdict, names in rules.items()]
    return "; ".join(told)


def _told(finding: PathFinding) -> str:
    verdict = f"**{finding.verdict}**"
    shares = [None if chain is None else chain.short(finding.say) for chain in finding.chains]
    known = [share for share in shares if share is not None]
    upside_down = len(known) == len(CLAIMED) and all(a < b for a, b in pairwise(known))
    return f"{verdict}, the order is reversed," if upside_down else verdict


def _judge_paths(spectra: Sequence[BlockPaths], rule: str, say: str) -> PathFinding:
    chains = tuple(chain_of(spectra, block, rule) for block in CLAIMED)
    gaps = tuple(
        None
        if one is None or other is None
        else Estimate.certain(float(one.short(say) - other.short(say)))
        for one, other in pairwise(chains)
    )
    return PathFinding(rule, say, chains, _verdict(gaps))


def _verdict(differences: Sequence[Estimate | None]) -> str:
    """Return whether all of the differences are positive; one that is negative refutes."""
    verdicts = {difference_verdict(one) for one in differences}
    if FAILS in verdicts:
        return FAILS
    return HOLDS if verdicts == {HOLDS} else OPEN
