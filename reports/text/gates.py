"""The sentences about gates: what was sampled, how slopes are read, and what they do not say."""

from collections.abc import Sequence
from typing import Final

from bench.gates.facts import CROWDING, OCCLUSION, SIZE, STEPS
from reports.measured.gates import CONTEXT, GateNetwork
from reports.paper.claim2 import GateFinding
from reports.paper.verdicts import FAILS, HOLDS
from reports.tables.cells import signed

QUESTION: Final = (
    "AIOI weighs three branches at every pixel: a short one that sees little of the image, a "
    "medium and a long one that sees much of it. Here the gates of trained networks are read at "
    "the place of every joint in validation crops, and set against what the renderer knows of that "
    "joint: how far it is hidden, how large the person is, and how far others cover the person."
)
CLAIM: Final = (
    "**The claim:** where a joint is occluded its place follows from context, where it is partly "
    "seen from detail, and the gates follow that case by case. Read as: the more of a joint is "
    f"hidden, the higher the long branch's gate above the short one's. The slope of {CONTEXT} on "
    f"{OCCLUSION} decides, over all joints, each about its own mean (an ankle is hidden more often "
    "than a nose, which counts for nothing here), at equal size and crowding. The claim *holds* "
    "where the whole 95 % interval lies above 0, *does not hold* where it lies below, and is *not "
    "decided* where it contains 0 or the network learnt next to nothing. `aioi` decides, the "
    "deck's own block; `aioi_light` is this project's."
)
SLOPES_READ: Final = (
    "Means and slopes are in percentage points of a gate, which lies between 0 and 100; in "
    f"brackets the 95 % interval. The steps: *{OCCLUSION}*, {STEPS[OCCLUSION]} (the share of a "
    f"disc about the joint); *{SIZE}*, {STEPS[SIZE]} (the root of the person's area in pixels of "
    f"the image; crops are scaled, so a small person is a blurred one); *{CROWDING}*, "
    f"{STEPS[CROWDING]}. All three are held equal in one regression; *by itself* takes one and "
    "leaves the others as they come. A gate is the mean over its branch's channels, bilinear "
    "between cells, and the mean over the network's gates where it has several."
)
LIMITS: Final = (
    "**What this does not say.** A gate scales a feature and is not its share of the output: a "
    "branch of large features needs no large gate. A slope is no cause: where a joint is hidden, "
    "the picture differs in more than that, and a person's own body hides it too, in other poses "
    "than those in which it is seen. And a mean over channels is blind to gates that move against "
    "each other."
)
INTERVALS: Final = (
    "Slopes: images were drawn again in the same way, all joints of their people together, and "
    "the regression was done anew on each draw, with the seeds where there are several."
)
PLOT_NOTE: Final = (
    "Change of the gate in percentage points, the other two factors held equal. Bars: 95 % "
    "interval over images."
)
MAPS_NOTE: Final = (
    "From the least hidden joints (top) to the most. Joints: the darker, the more is hidden.\nThe "
    "gates share one scale of colours; the difference has its own, with 0 in the middle."
)
MAPS_READ: Final = (
    "The mean over the network's gates and each branch's channels, over a few people of the first "
    "seed, chosen at even steps of how far their joints are hidden."
)


def in_short(found: Sequence[GateFinding]) -> str:
    """Return each network's verdict with what decides it, a line each."""
    lines = []
    for one in found:
        why = f" ({'; '.join(one.obstacles)})" if one.obstacles else ""
        told = "" if one.slope is None else f": {signed(one.slope)} points"
        count = len(one.by_joint)
        joints = (
            ""
            if one.slope is None
            else f"; within {len(one.joints(HOLDS))} of {count} joints the slope is above 0 by its "
            f"own interval, within {len(one.joints(FAILS))} below"
        )
        split = " The joints disagree: no one rule holds for all of them."
        disagree = one.joints(HOLDS) and one.joints(FAILS)
        lines.append(
            f"- `{one.name}`, **{one.verdict}**{told}{why}{joints}.{split if disagree else ''}"
        )
    return "\n".join(lines)


def one_training(networks: Sequence[GateNetwork]) -> str:
    """Return the caution where a network was trained once; "" where none was."""
    if not any(len(one.looks) == 1 for one in networks):
        return ""
    return (
        "**A network was trained once here.** The verdict is on that very network; on the block, "
        "only several seeds can decide (`--seeds 3`)."
    )


def shown(network: GateNetwork) -> str:
    """Return what was looked at."""
    measured = network.looks[0].record["measured"]
    gates = len(measured["gates"])
    seeds = len(network.looks)
    return (
        f"{measured['joints']:,} joints of {measured['people']:,} people in "
        f"{measured['images']:,} validation images; {gates} gate{'s' * (gates > 1)} in the "
        f"network, {seeds} training{'s' * (seeds > 1)}."
    )
