"""The sentences about receptive fields: what was counted and measured, and how it is read."""

from collections.abc import Sequence
from typing import Final

from bench.receptive_fields.measure import CROPS, NOISE, SHORT_CONVOLUTIONS
from reports.measured.effective_fields import BlockFields
from reports.measured.spectra import COUNTED, SHORT, WEIGHTED, Chain
from reports.paper.claim1 import CLAIMED, FieldFinding, PathFinding
from reports.paper.verdicts import FAILS, HOLDS, OPEN

KIND_NAMES: Final = {CROPS: "validation crops", NOISE: "noise"}
QUESTION: Final = (
    "A block with branches offers a feature many paths, short ones that see little of the image "
    "and long ones that see much of it. The deck says that IOI keeps more features of small "
    "receptive field than inception-residual, and that more than residual. Here the paths of every "
    "block are counted from its own traced graph, and it is measured what a network built of it "
    "really depends on, before its training and after."
)
CLAIM: Final = (
    f"**The claim:** {' > '.join(f'`{name}`' for name in CLAIMED)} in the share of short paths, "
    f"those through at most {SHORT_CONVOLUTIONS} convolutions of 3×3, which see {SHORT} × {SHORT} "
    "cells. It *holds* where both steps do, *does not hold* where one is the other way round, and "
    "is *not decided* where a block is missing or rules disagree: the deck names no rule by which "
    "blocks are to be compared. Counts are exact and have no interval."
)
FIELDS_READ: Final = (
    "The gradient of the central cell of the last heatmaps with respect to the image, squared and "
    "summed over channels, is the energy with which each pixel acts on that cell (Luo et al., "
    '"Understanding the Effective Receptive Field in Deep Convolutional Neural Networks", NeurIPS '
    "2016). *Within*: share of it up to that radius, in percent; ± is half the width of the 95 % "
    "interval. *Radius*: the smallest that holds 50 or 90 % of it, in pixels of the crop, with "
    "both ends of the 95 % interval. Each image counts alike, whatever its energy. *Before*: the "
    "very weights that training began with, norms set to the statistics of the images shown. "
    "*After*: the trained weights and norms."
)
NETWORKS: Final = (
    "Those of suite `blocks`, with the same keys, so that the suites share their records. What "
    "block is best in them is that suite's question."
)
INTERVALS: Final = (
    "Effective fields: the images shown were drawn again in the same way, crops and noise by "
    "themselves, with the seeds where there are several."
)


def chains_read(channels: int) -> str:
    """Return how the tables of chains are read."""
    return (
        "A convolution of 3×3 widens a path by two cells, a merge (sum or concatenation) unites "
        f"the paths of its operands. *Short paths*: the share that sees {SHORT} cells or fewer, of "
        "all paths, each counted once. *By hand*: the same, worked out from the polynomials of the "
        "released blocks (z is one 3×3): residual 1 + z, inception-residual 2 + z + z², IOI "
        "15 + 17z + 24z² + 15z³ + 10z⁴ + 3z⁵ + z⁶. *By weight*: every merge shares a weight of 1 "
        "equally among its operands, so that a short path through few merges counts more than one "
        "of many through many. *Mean*: of the receptive field, in cells. A sigmoid gate decides "
        "how much of a feature passes and carries none itself, so paths *into gates* are counted "
        f"apart. Parameters are those of the chain at {channels} channels, the released width; a "
        "block that has more than the budget by itself stands for a narrower one, whose paths are "
        "the same."
    )


def why_rules_differ(found: Sequence[PathFinding]) -> str:
    """Return which conclusion depends on which rule, and why; "" where chains are missing."""
    counted = [one for one in found if one.say == COUNTED]
    chains = [chain for chain in counted[-1].chains if chain is not None]
    if OPEN in {one.verdict for one in counted} or len(chains) < len(CLAIMED):
        return "Chains of the claim's blocks are missing, so rules cannot be set side by side."
    one, other = chains[0], chains[-1]
    depends = (
        "**Counted, the conclusion depends on the rule.**"
        if len({one.verdict for one in counted}) > 1
        else "**Counted, the conclusion is the same under all rules.**"
    )
    return (
        f"{depends} Equal numbers of blocks are not equal budgets: {one.depth} `{CLAIMED[0]}` have "
        f"{one.params / other.params:.0f} times the parameters of {other.depth} `{CLAIMED[-1]}`, "
        f"and their longest path sees {one.largest} cells instead of {other.largest}. Of the many "
        "paths through so long a chain most are long, so the short ones are a small share, however "
        "many they are. By weight a short path does not lose by the number of long ones beside it, "
        f"for they share the weight of their branch.{_same_mean(chains)}"
    )


def _same_mean(chains: Sequence[Chain]) -> str:
    means = {f"{chain.mean(WEIGHTED):.3g}" for chain in chains}
    if len(means) > 1:
        return ""
    return (
        f" Weighed, equal numbers of blocks see equally far on average ({means.pop()} cells): what "
        "the blocks differ in is how far their paths spread around it."
    )


def used(found: Sequence[FieldFinding]) -> str:
    """Return where the claim holds for what trained networks use, in one sentence."""
    told = [
        f"**{verdict}** {', '.join(_at(one) for one in found if one.verdict == verdict)}"
        for verdict in (HOLDS, FAILS, OPEN)
        if any(one.verdict == verdict for one in found)
    ]
    return f"Used by the networks: {'; '.join(told)}."


def fields_read(fields: Sequence[BlockFields], near: float) -> str:
    """Return how the table of what networks use is read, and how far it carries."""
    looks = [look for one in fields for look in one.looks]
    if not looks:
        return "No network has been looked at, so nothing is known of what networks use."
    text = (
        f"Share of the gradient's energy within {near:g} pixels of the centre of the output cell, "
        f"half of what a path through the stem and {SHORT_CONVOLUTIONS} convolutions of 3×3 in the "
        "trunk sees. The networks are matched as told below. A step is decided by the paired 95 % "
        "interval of the difference, in points, over the same images"
    )
    seeds = max(len(one.looks) for one in fields)
    if seeds > 1:
        return f"{text} and {seeds} seeds."
    return (
        f"{text}. **Each network was initialised and trained once here**, so the verdicts are on "
        "these networks; on the blocks, only several seeds can decide (`--seeds 3`)."
    )


def images_told(fields: Sequence[BlockFields], kind: str) -> str:
    """Return how a picture of fields was measured."""
    look = fields[0].looks[0]
    seeds = max(len(one.looks) for one in fields)
    trainings = "one training each" if seeds == 1 else f"up to {seeds} trainings each"
    return (
        f"Gradient of the central cell of the last heatmaps; mean over {look.images(kind)} "
        f"images, {trainings}. Before training, norms hold the statistics of these images."
    )


def _at(finding: FieldFinding) -> str:
    return f"{finding.when} training (on {KIND_NAMES[finding.kind]})"
