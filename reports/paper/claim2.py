"""The deck's second claim: AIOI's gates follow, case by case, what a joint needs.

A joint that is occluded needs context from afar, one that is partly seen needs detail. Read as: the
more of a joint is hidden, the more the gates let through of the long branch against the short one,
within each joint, at equal size and crowding. That has to be learnt: gates of random weights follow
what hides a joint, too, so that the network before training is the control.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ablations.gates import CLAIMED
from bench.before_training import BEFORE
from bench.gates.facts import OCCLUSION
from reports.measured.gates import CONTEXT, POOLED, GateNetwork
from reports.measured.results import Comparison, Estimate
from reports.paper.verdicts import HOLDS, OPEN, difference_verdict

#: What the deck claims of the long gate above the short one.
RISES: Final = "rises with occlusion"


@dataclass(frozen=True)
class Slope:
    """The slope of long minus short on occlusion, beside its control; None where there is none.

    Attributes:
        after: training.
        before: training, the control.
        change: by how much training raised it, paired.
    """

    after: Estimate | None = None
    before: Estimate | None = None
    change: Estimate | None = None

    @property
    def verdict(self) -> str:
        """Whether it rises and has learnt to; what training left or moved back is not learnt."""
        seen, learnt = difference_verdict(self.after), difference_verdict(self.change)
        return seen if seen == learnt else OPEN

    @property
    def obstacle(self) -> str:
        """Why that is not decided, as a clause; "" where it is."""
        side = difference_verdict(self.after)
        if self.after is None:
            return "occlusion does not vary, or not apart from size and crowding"
        if side == OPEN:
            return "the interval of the slope contains 0"
        if self.change is None:
            return "without its control, the network before training, nobody knows what is learnt"
        if difference_verdict(self.change) == OPEN:
            return "the interval of its difference from before training contains 0"
        further = "higher" if side == HOLDS else "lower"
        return "" if self.verdict == side else f"before training it was even {further}"


@dataclass(frozen=True)
class GateFinding:
    """The claim of one network, judged.

    Attributes:
        name: of the network.
        slope: pooled over the joints.
        alone: the same, after training, with no other factor held equal.
        by_joint: joint -> the slope within it.
        obstacles: why it is not decided, as clauses; empty where it is.
        verdict: on the claim.
    """

    name: str
    slope: Slope
    alone: Estimate | None
    by_joint: dict[str, Slope]
    obstacles: tuple[str, ...]
    verdict: str

    @property
    def controlled(self) -> bool:
        """Whether the network before training was looked at, too."""
        return self.slope.before is not None

    def joints(self, side: str) -> list[str]:
        """Return the joints within which the slope after training lies on a side of 0, wholly.

        Args:
            side: ``HOLDS`` above it, as is claimed, ``FAILS`` below.
        """
        return [
            name for name, one in self.by_joint.items() if difference_verdict(one.after) == side
        ]

    def learnt(self, side: str) -> list[str]:
        """Return those of ``joints`` to whose side of 0 training moved the slope."""
        return [name for name in self.joints(side) if self.by_joint[name].verdict == side]


def judge_gates(networks: Sequence[GateNetwork], trained: Comparison | None) -> list[GateFinding]:
    """Return the claim of every network.

    Args:
        networks: whose gates were looked at.
        trained: the comparison of the same networks by accuracy.
    """
    return [_judge(one, trained) for one in networks]


def decisive(found: Sequence[GateFinding]) -> GateFinding:
    """Return the finding on the deck's own block, open where that was not planned."""
    missing = GateFinding(CLAIMED, Slope(), None, {}, (f"{CLAIMED} was not planned",), OPEN)
    return next((one for one in found if one.name == CLAIMED), missing)


def _judge(network: GateNetwork, trained: Comparison | None) -> GateFinding:
    slope = _slope(network, POOLED)
    obstacles = _obstacles(network, trained, slope)
    return GateFinding(
        network.name,
        slope,
        network.slope(OCCLUSION, CONTEXT, alone=True),
        {joint: _slope(network, joint) for joint in network.joints},
        tuple(obstacles),
        OPEN if obstacles else slope.verdict,
    )


def _slope(network: GateNetwork, joint: str) -> Slope:
    return Slope(
        network.slope(OCCLUSION, CONTEXT, joint),
        network.slope(OCCLUSION, CONTEXT, joint, when=BEFORE),
        network.change(OCCLUSION, CONTEXT, joint),
    )


def _obstacles(network: GateNetwork, trained: Comparison | None, slope: Slope) -> list[str]:
    if not network.looks:
        return [f"{network.name} brought no result"]
    row = None if trained is None else trained.finished(network.name)
    if row is None or not row.taught:
        return [f"{network.name} learnt next to nothing (AP's interval contains 0)"]
    return [slope.obstacle] if slope.obstacle else []
