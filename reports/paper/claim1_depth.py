"""The second half of the deck's first claim: deeper networks can be built from IOI.

Read as: from one and the same budget to a multiple of it, a network of IOI gains more by depth than
one of inception-residual, and that more than one of residual, which therefore saturates first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from reports.measured.ladders import Ladder, gain, gain_difference, shared_shares
from reports.measured.results import Estimate
from reports.paper.claim1 import CLAIMED
from reports.paper.verdicts import FAILS, HOLDS, OPEN, difference_verdict


@dataclass(frozen=True)
class DepthFinding:
    """The claim, judged.

    Attributes:
        low, high: shares of the largest depth between which all gain; None where there are none.
        gains: of ``CLAIMED``; None where one is not known.
        differences: of each gain from the next.
        obstacles: why it is not decided, as clauses; empty where it is.
        verdict: on the claim.
    """

    low: Fraction | None
    high: Fraction | None
    gains: tuple[Estimate | None, ...]
    differences: tuple[Estimate | None, ...]
    obstacles: tuple[str, ...]
    verdict: str


def judge_depth(found: Sequence[Ladder]) -> DepthFinding:
    """Return the verdict, by whole paired intervals of both differences between gains."""
    named = {one.block: one for one in found}
    missing = [block for block in CLAIMED if block not in named]
    if missing:
        return _open(f"{', '.join(missing)} was not planned")
    chosen = [named[block] for block in CLAIMED]
    shares = shared_shares(chosen)
    if len(shares) < 2:
        return _open("the blocks have no two depths in common")
    low, high = shares[0], shares[-1]
    gains = tuple(gain(one, low, high) for one in chosen)
    differences = tuple(gain_difference(*pair, low, high) for pair in pairwise(chosen))
    verdicts = [difference_verdict(one) for one in differences]
    obstacles = _obstacles(chosen, (low, high), differences)
    verdict = OPEN
    if not obstacles:
        verdict = FAILS if FAILS in verdicts else HOLDS
    return DepthFinding(low, high, gains, differences, tuple(obstacles), verdict)


def _obstacles(
    chosen: Sequence[Ladder],
    ends: tuple[Fraction, Fraction],
    differences: Sequence[Estimate | None],
) -> list[str]:
    rungs = [rung for one in chosen for share in ends if (rung := one.at(share)) is not None]
    missing = [one.variant.name for one in rungs if not one.variant.runs]
    if missing:
        return [f"{', '.join(missing)} brought no result"]
    untaught = [one.variant.name for one in rungs if not one.variant.taught]
    if untaught:
        return [f"{', '.join(untaught)} learnt next to nothing (AP's interval contains 0)"]
    told = [difference_verdict(one) for one in differences]
    if None in differences:
        return ["the networks have no seed in common"]
    if FAILS in told or OPEN not in told:
        return []
    pairs = [f"{one} and {other}" for one, other in pairwise(CLAIMED)]
    tied = [pair for pair, verdict in zip(pairs, told, strict=True) if verdict == OPEN]
    return [f"the interval of the difference in gain between {', '.join(tied)} contains 0"]


def _open(obstacle: str) -> DepthFinding:
    none: tuple[None, ...] = (None,) * len(CLAIMED)
    return DepthFinding(None, None, none, none[1:], (obstacle,), OPEN)
