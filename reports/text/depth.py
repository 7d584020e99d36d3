"""The sentences on depth: what is claimed, how it is decided, and how far that carries."""

from collections.abc import Sequence
from typing import Final

from reports.measured.ladders import Ladder
from reports.paper.claim1 import CLAIMED
from reports.paper.claim1_depth import DepthFinding

QUESTION: Final = (
    "The deck says that deeper networks can be built from IOI, for it keeps more features of small "
    "receptive field. Here the trunk of the single-person network of suite `blocks` is made "
    "shallower and deeper with each block, at the width that it has there, and everything else "
    "stays as it is: data, schedule, crops. Which block gains by depth, and which saturates first?"
)
CLAIM: Final = (
    f"**The claim**, as it is read here: {' > '.join(f'`{name}`' for name in CLAIMED)} in the AP "
    "that depth wins, between one budget of parameters that all three share and the largest "
    "multiple of it. It *holds* where the paired 95 % intervals of both differences between gains "
    "lie above 0, *does not hold* where one of them lies below, and is *not decided* elsewhere, or "
    "where a network is missing or learnt next to nothing (the interval of its AP contains 0)."
)
STEPS: Final = (
    "AP in percent, differences in points with both ends of their paired 95 % interval. "
    "*Saturates here*: the smallest depth that no deeper network of the block is better than (the "
    "paired interval does not lie above 0); a block of which no depth is marked still gained at "
    "the last one."
)
PLOT_NOTE: Final = (
    "Bars: 95 % intervals over images and seeds; on the right, of the paired difference from the "
    "shallowest depth that all blocks share."
)
_BUDGET: Final = (
    "Every network has the same number of training steps, however deep it is; what a deeper one "
    "would reach by a longer training is not asked here."
)


def decided(finding: DepthFinding) -> str:
    """Return between which depths it was decided, or why it was not, and how far that carries."""
    between = ""
    if finding.low is not None and finding.high is not None:
        times = finding.high / finding.low
        between = f"The gains are those between a depth and {float(times):g} times that. "
    why = f"**Not decided:** {'; '.join(finding.obstacles)}. " if finding.obstacles else ""
    return f"{between}{why}{_BUDGET}"


def in_short(found: Sequence[Ladder]) -> str:
    """Return where each block saturates, one line each."""
    lines = []
    for one in found:
        depths = [rung.depth for rung in one.finished]
        if len(depths) < 2:
            told = "has too few depths that finished to tell"
        elif not one.taught:
            told = "learnt next to nothing at any depth (the interval of its AP contains 0)"
        elif one.saturates_at is None:
            told = f"still gained at its deepest, {depths[-1]} blocks"
        else:
            told = f"saturates at {one.saturates_at} of up to {depths[-1]} blocks"
        lines.append(f"- **{one.block}** {told}.")
    return "\n".join(lines)
