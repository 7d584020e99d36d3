"""The report of the suite ``table5``: the deck's Table 5 beside what was measured."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ablations.table5 import ALONE, ANNOTATOR, PRETRAINED, rows
from bench.plan import Plan
from reports.measured.annotations import (
    Annotation,
    chosen_table,
    level_table,
    read_annotations,
)
from reports.measured.collection import Results
from reports.page import report_of
from reports.paper.contest_prose import decision, how_far
from reports.paper.contests import Standing, judge, standing
from reports.paper.side_by_side import pair_table
from reports.paper.training_sets import (
    CLAIM8,
    LONGER,
    MIXING,
    TABLE5,
    claim8,
    deck_table,
    question_table,
    table_read,
    taught_table,
)
from reports.paper.verdicts import whole_verdict
from reports.sections import tabled
from reports.tables.cells import markdown
from reports.tables.claims import part_table
from reports.text.words import Words

WORDS = Words(
    title="Table 5 of the deck",
    question="The deck trains one bottom-up network on PoseTrack alone, on PoseTrack, MPII and "
    "COCO together, and on these for longer. MPII marks no noses, so a model of COCO marks them. "
    "Here the same is done at a preset's size, with and without the machine's noses, and with "
    "COCO for pretraining rather than in the mixture.",
    thing="training",
    reference=ALONE,
    shape=(),
)
_CLAIM8 = (
    "The first part *holds* where the whole 95 % interval over images of PCKh at the chosen "
    "confidence lies above the mark, and *does not hold* where it lies below; the deck gives no "
    "number. The second is decided as claim 7 is."
)
_QUESTIONS = (
    "Differences in points with their paired 95 % interval. *head* is the mean AP of head top, "
    "neck and nose, where the machine's noses teach."
)
_CHOSEN = (
    "The model is a single-person network that people of COCO have taught; it is shown each "
    "annotated person's box. *Confidence*: its own score of the joint times how well the rest of "
    "the pose fits what is annotated of the person. The one chosen is the lowest from which on "
    "nine in ten were right where annotators mark the joint too, in training images that the model "
    "had not seen. "
    "*Coverage*: people given the joint, in percent of those with any joint. *PCKh@0.5*: of the "
    "joints given, those within half a head size of the truth; a joint for somebody whose own is "
    "outside the image is wrong. The truth was hidden from annotation and training. The joints "
    "lie in the record's `annotations.json`, a COCO file that marks them as machine-made, with "
    "their scores and where they come from."
)


def write_report(folder: Path, plan: Plan) -> list[Path]:
    """Write the report of a plan into a suite's folder; return the paths of what it wrote."""
    annotations = read_annotations(folder, plan.annotations)

    def opening(results: Results) -> list[str]:
        found = standing(results, TABLE5)
        return [
            "## The deck's Table 5, and what was measured here",
            markdown(deck_table(found), ["method in the deck"]),
            table_read(found),
            *tabled("### What each row learns from", taught_table(found), ["learns from"]),
            *_claim7(found),
            *_claim8(found, annotations),
            *_annotations(annotations),
            how_far(found, rows),
        ]

    # These learn and are judged elsewhere; what the rows make of them is what is asked for here.
    others = (ANNOTATOR, PRETRAINED)
    shown = tuple(one for one in plan.experiments if one.variant not in others)
    return report_of(WORDS, opening)(folder, replace(plan, experiments=shown))


def _claim7(found: Standing) -> list[str]:
    sections = []
    for claim in (MIXING, LONGER):
        finding = judge(claim, found)
        sections += [
            f"## {claim.title}, {claim.says}: {finding.verdict}",
            markdown(pair_table(finding), ["is claimed to beat", "and here is"]),
            decision(finding, found),
        ]
    return sections


def _claim8(found: Standing, annotations: Sequence[Annotation]) -> list[str]:
    parts = claim8(found, annotations)
    return [
        f"## Claim 8, {CLAIM8}: {whole_verdict(parts)}",
        markdown(part_table(parts), ["that is", "measured", "verdict"]),
        _CLAIM8,
        *tabled(
            "### What noses and pretraining bring",
            question_table(found),
            ["that is", "by the first"],
        ),
        _QUESTIONS,
    ]


def _annotations(found: Sequence[Annotation]) -> list[str]:
    missing = "; ".join(f"seed {one.experiment.annotator.seed}: {one.reason}" for one in found
                        if one.reason)  # fmt: skip
    return [
        *tabled("## Joints that a model marked", chosen_table(found)),
        _CHOSEN,
        *tabled("### By the hidden truth, at every confidence", level_table(found)),
        *([f"**Not annotated:** {missing}."] if missing else []),
    ]
