"""The sentences on errors: what each kind is, and how their tables are read."""

from typing import Final

from reports.measured.anatomy import RESAMPLES

ERRORS: Final = (
    "After Ronchi and Perona (ICCV 2017), in percent. Detections are set beside people by COCO's "
    "matching at OKS 0.1. Of the annotated joints of people who were found: *good* have a keypoint "
    "similarity to their place of 0.85 or more, *jitter* 0.5 or more; others lie within 0.5 of the "
    "same person's other side (*inversion*), of another person's same joint or its other side "
    "(*swap*), or of neither (*miss*, and joints that were not reported). *False positives*: of "
    "the detections, those that are nobody, or somebody once more. *False negatives*: of the "
    "people, those of whom there is no detection."
)
COSTS: Final = (
    "**What each costs**: points of AP that are won where that kind alone is corrected in every "
    "detection (jitter to similarity 0.85, a miss to 0.5, an inversion or swap to as near as it "
    "came to the wrong part; false positives taken away, people without a detection not asked for) "
    "and everything is matched and scored again. They do not add up to what is missing: a "
    f"detection may need several of them. Intervals of {RESAMPLES} resamples."
)
GROUPS: Final = (
    "AP in percent of thirds of the people, as far as the data knows: *occlusion*, the hidden "
    "share of their annotated joints; *size*, the root of their area in pixels of the image; "
    "*crowding*, the share of their box that others' boxes cover. Where a third or more share the "
    "lowest value they are one group, and the rest two halves. A detection that found somebody "
    "else does not count, and one that found nobody counts against every group, so the groups lie "
    "lower than all people together."
)
JOINTS: Final = (
    "AP in percent of each joint by itself: a detection is right where the similarity of that "
    "joint to its person's reaches the threshold; ten thresholds from 0.50 to 0.95 and ranking by "
    "the person's score, as for OKS. COCO's falloffs are part of it: a nose must be four times as "
    "near as a hip."
)
