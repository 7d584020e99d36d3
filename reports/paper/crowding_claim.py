"""The mechanism behind the deck's fourth claim: do crowded, blurred frames favour bottom-up?

Claim 4 has top-down pipelines ahead on COCO and bottom-up ones on PoseTrack. If a factor in which
the two differ is a cause of that, moving it alone must close the gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ablations.crowding import BOTTOM_UP, TOP_DOWN
from reports.measured.factors import Moved, Shift, gap, gap_shift, ranked_of
from reports.measured.results import Comparison, Estimate
from reports.paper.verdicts import FAILS, HOLDS, OPEN


@dataclass(frozen=True)
class Finding:
    """Whether moving a factor favours bottom-up pipelines.

    Attributes:
        moved: the factor.
        first, last: the gap at its ends, AP of the best top-down pipeline minus that of the best
            bottom-up one; None where one of them is missing.
        shift: of the gap.
        others: the same of every pair of a top-down and a bottom-up pipeline.
        obstacles: why that is not decided, as clauses; empty where it is.
    """

    moved: Moved
    first: Estimate | None
    last: Estimate | None
    shift: Shift | None
    others: tuple[Shift, ...]
    obstacles: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Whether it does, by the gap in points and by the shares of AP that are kept alike."""
        if self.obstacles or self.shift is None:
            return OPEN
        return _side(self.shift.points)


def rivals(trained: Comparison) -> tuple[str, str]:
    """Return the best top-down and the best bottom-up pipeline, "" for one that is missing.

    They are the best on scenes as in training, and the same at every level.

    Args:
        trained: the comparison on training's own validation scenes.
    """
    top_down, bottom_up = (ranked_of(trained, kind) for kind in (TOP_DOWN, BOTTOM_UP))
    return next(iter(top_down), ""), next(iter(bottom_up), "")


def judge(moved: Moved, trained: Comparison) -> Finding:
    """Return how the gap between the best of both kinds moves with a factor.

    Args:
        moved: the factor.
        trained: the comparison on training's own validation scenes.
    """
    first, last = moved.ends
    pair = rivals(trained)
    shift = gap_shift(moved, *pair)
    others = (
        gap_shift(moved, top_down, bottom_up)
        for top_down in ranked_of(trained, TOP_DOWN)
        for bottom_up in ranked_of(trained, BOTTOM_UP)
    )
    return Finding(
        moved,
        gap(first, *pair),
        gap(last, *pair),
        shift,
        tuple(one for one in others if one is not None),
        tuple(_obstacles(moved, trained, shift)),
    )


def _obstacles(moved: Moved, trained: Comparison, shift: Shift | None) -> list[str]:
    reasons = []
    where = [trained, *(place.comparison for place in moved.ends)]
    names = [one.name for one in trained.variants]
    missing = [name for name in names if not all(one.finished(name) for one in where)]
    if missing:
        reasons.append(f"{_all(missing)} brought no result")
    untaught = [one.name for one in trained.ranked if not one.taught]
    if untaught:
        reasons.append(
            f"{_all(untaught)} learnt next to nothing (the interval of AP on scenes as in training "
            "contains 0)"
        )
    if shift is None:
        return reasons or ["the two have no seed in common"]
    points, kept = _side(shift.points), OPEN if shift.kept is None else _side(shift.kept)
    if points == OPEN:
        reasons.append("the interval of the gap's change contains 0")
    elif kept == OPEN:
        reasons.append("the shares of AP that the two keep are not clearly different")
    elif points != kept:
        reasons.append("the gap in points and the shares that are kept say opposite things")
    return reasons


def _side(change: Estimate) -> str:
    """Return whether a change of the gap favours bottom-up: all of its interval is below 0."""
    return {"worse": HOLDS, "better": FAILS}.get(change.verdict, OPEN)


def _all(names: Sequence[str]) -> str:
    return " and ".join(names)
