"""The deck's second claim: AIOI's gates follow, case by case, what a joint needs.

A joint that is occluded needs context from afar, one that is partly seen needs detail. Read as: the
more of a joint is hidden, the more the gates let through of the long branch against the short one,
within each joint, at equal size and crowding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ablations.gates import CLAIMED
from bench.gates.facts import OCCLUSION
from reports.measured.gates import CONTEXT, GateNetwork
from reports.measured.results import AP, Comparison, Estimate
from reports.paper.verdicts import FAILS, HOLDS, OPEN, difference_verdict

#: What the deck claims of the long gate above the short one.
RISES: Final = "rises with occlusion"


@dataclass(frozen=True)
class GateFinding:
    """The claim of one network, judged.

    Attributes:
        name: of the network.
        slope: of long minus short on occlusion, pooled over the joints; None where there is none.
        alone: the same with no other factor held equal.
        by_joint: joint -> the slope within it.
        obstacles: why it is not decided, as clauses; empty where it is.
        verdict: on the claim.
    """

    name: str
    slope: Estimate | None
    alone: Estimate | None
    by_joint: dict[str, Estimate | None]
    obstacles: tuple[str, ...]
    verdict: str

    def joints(self, verdict: str) -> list[str]:
        """Return the joints within which the claim has this verdict by their own interval."""
        return [name for name, one in self.by_joint.items() if difference_verdict(one) == verdict]


def judge_gates(networks: Sequence[GateNetwork], trained: Comparison | None) -> list[GateFinding]:
    """Return the claim of every network.

    Args:
        networks: whose gates were looked at.
        trained: the comparison of the same networks by accuracy.
    """
    return [_judge(one, trained) for one in networks]


def decisive(found: Sequence[GateFinding]) -> GateFinding:
    """Return the finding on the deck's own block, open where that was not planned."""
    missing = GateFinding(CLAIMED, None, None, {}, (f"{CLAIMED} was not planned",), OPEN)
    return next((one for one in found if one.name == CLAIMED), missing)


def _judge(network: GateNetwork, trained: Comparison | None) -> GateFinding:
    slope = network.slope(OCCLUSION, CONTEXT)
    obstacles = _obstacles(network, trained, slope)
    return GateFinding(
        network.name,
        slope,
        network.slope(OCCLUSION, CONTEXT, alone=True),
        {joint: network.slope(OCCLUSION, CONTEXT, joint) for joint in network.joints},
        tuple(obstacles),
        OPEN if obstacles else difference_verdict(slope),
    )


def _obstacles(
    network: GateNetwork, trained: Comparison | None, slope: Estimate | None
) -> list[str]:
    if not network.looks:
        return [f"{network.name} brought no result"]
    rows = [] if trained is None else trained.ranked
    row = next((one for one in rows if one.name == network.name), None)
    if row is None or not row.estimate(AP).above_zero:
        return [f"{network.name} learnt next to nothing (AP's interval contains 0)"]
    if slope is None:
        return ["occlusion does not vary, or not apart from size and crowding"]
    if difference_verdict(slope) not in (HOLDS, FAILS):
        return ["the interval of the slope contains 0"]
    return []
