"""The sentences about gates: what was sampled, how slopes are read, and what they do not say."""

from collections.abc import Sequence
from typing import Final

from bench.before_training import BEFORE
from bench.gates.facts import CROWDING, OCCLUSION, SIZE, STEPS
from reports.measured.gates import CONTEXT, GateNetwork
from reports.paper.claim2 import GateFinding
from reports.paper.verdicts import FAILS, HOLDS, why
from reports.tables.cells import signed

QUESTION: Final = (
    "AIOI weighs three branches at every pixel: a short one that sees little of the image, a "
    "medium and a long one that sees much of it. Here the gates of networks are read at the place "
    "of every joint in validation crops, and set against what the renderer knows of that joint: "
    "how far it is hidden, how large the person is, and how far others cover the person. It is "
    "done before training and after, at the same joints, to tell what is learnt from what is not."
)
CLAIM: Final = (
    "**The claim:** where a joint is occluded its place follows from context, where it is partly "
    "seen from detail, and the gates follow that case by case. Read as: the more of a joint is "
    f"hidden, the higher the long branch's gate above the short one's. The slope of {CONTEXT} on "
    f"{OCCLUSION} decides, over all joints, each about its own mean (an ankle is hidden more often "
    "than a nose, which counts for nothing here), at equal size and crowding. **The control** is "
    "the same network before its training, with the weights that it began with: gates of random "
    "weights follow brightness and texture, and with these whatever hides a joint. A slope counts "
    "as *learnt* where training moved it to the side of 0 on which it lies, by the paired interval "
    "of the difference. The claim *holds* where the slope after training and that difference both "
    "lie above 0 with their whole 95 % intervals, *does not hold* where both lie below, and is "
    "*not decided* elsewhere, or where the network learnt next to nothing. `aioi` decides, the "
    "deck's own block; `aioi_light` is this project's."
)
SLOPES_READ: Final = (
    "Means and slopes are in percentage points of a gate, which lies between 0 and 100; in "
    f"brackets the 95 % interval. The steps: *{OCCLUSION}*, {STEPS[OCCLUSION]} (the share of a "
    f"disc about the joint); *{SIZE}*, {STEPS[SIZE]} (the root of the person's area in pixels of "
    f"the image; crops are scaled, so a small person is a blurred one); *{CROWDING}*, "
    f"{STEPS[CROWDING]}. All three are held equal in one regression; *by itself* takes one and "
    "leaves the others as they come. *Before training*: the very weights that training began with, "
    "norms set to the statistics of a batch of these crops. *After − before*: paired over joints "
    "and images, so that it is the slope of what training adds to the gate. A gate is the mean "
    "over its branch's channels, bilinear between cells, and the mean over the network's gates "
    "where it has several."
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
    "the regression was done anew on each draw, the same before training and after, with the seeds "
    "where there are several. The weights that a training begins with are drawn by its seed, so "
    "that with one seed the control is one such draw."
)
PLOT_NOTE: Final = (
    "Change of the gate in percentage points, the other two factors held equal. Bars: 95 % "
    "interval over images, and over seeds where there are several."
)
HOLLOW: Final = "Hollow: before training."
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
        split = " The joints disagree: no one rule holds for all of them."
        disagree = one.joints(HOLDS) and one.joints(FAILS)
        lines.append(
            f"- `{one.name}`, **{one.verdict}**{_points(one)}{why(one.obstacles)}{_joints(one)}."
            f"{split if disagree else ''}"
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


def uncontrolled(networks: Sequence[GateNetwork]) -> str:
    """Return which networks lack their control, and the mend; "" where none does."""
    missing = [f"`{one.name}`" for one in networks if one.looks and not one.seen(BEFORE)]
    if not missing:
        return ""
    return (
        f"**The control is missing** for {' and '.join(missing)}: their records are of an older "
        "version, which looked at networks after training only. Run the suite again "
        "(`--suite gates`); it takes seconds, for nothing is trained anew."
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


def _points(one: GateFinding) -> str:
    """Return the slope, its control and their difference."""
    slope = one.slope
    if slope.after is None:
        return ""
    told = f": {signed(slope.after)} points"
    if slope.before is None or slope.change is None:
        return told
    return f"{told}, before training {signed(slope.before)}, difference {signed(slope.change)}"


def _joints(one: GateFinding) -> str:
    """Return within how many joints the slope has which sign, and has learnt to."""
    if one.slope.after is None:
        return ""
    above, below = (
        f"{len(one.joints(side))}" + f" ({len(one.learnt(side))} learnt)" * one.controlled
        for side in (HOLDS, FAILS)
    )
    return (
        f"; of {len(one.by_joint)} joints, {above} have a slope above 0 by their own interval, "
        f"{below} one below"
    )
