"""The deck's Table 5 beside what was measured, and claims 7 and 8, which rest on it."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from ablations.table5 import ALONE, DECK_5W, LONG, MIXED, NOSE, TUNED
from bench.experiment import Experiment, Part
from reports.measured.annotations import PCKH, TRUTH, Annotation
from reports.measured.results import POSETRACK, Estimate, Variant
from reports.paper.contests import Standing
from reports.paper.deck_tables import Claim, Row, Table
from reports.paper.verdicts import FAILS, HOLDS, OPEN, difference_verdict
from reports.paper.verdicts import Part as ClaimPart
from reports.tables.cells import UNKNOWN, percent, signed
from reports.text.words import data_name

TABLE5: Final = Table(
    5,
    "PoseTrack",
    "posetrack18",
    "synthetic-posetrack",
    POSETRACK,
    (
        Row(ALONE, "PoseTrack, 5w", 37.5, top_down=False),
        Row(NOSE, "PoseTrack + MPII + COCO, 5w", 63.8, top_down=False),
        Row(LONG, "PoseTrack + MPII + COCO, 11w", 67.8, top_down=False),
    ),
    "**Inferred:** the deck's mixed rows stand beside those here that learn from the machine's "
    "noses, for that is its recipe; whether its rows began with weights from COCO it does not say.",
)
MIXING: Final = Claim(
    "Claim 7, first half", "mixing the three sets beats PoseTrack alone by far", (NOSE,), (ALONE,)
)
LONGER: Final = Claim("Claim 7, second half", "training longer helps again", (LONG,), (NOSE,))
CLAIM8: Final = (
    "the sets can be aligned: a model annotates MPII's noses, then pretraining on COCO and tuning "
    "on the others"
)
#: PCKh from which on machine-made joints count as annotated; chosen here, the deck has no number.
GOOD_PCKH: Final = 0.8
#: What is set beside each other, and what the two differ in.
_QUESTIONS: Final = (
    (NOSE, MIXED, "with the machine's noses − without, all else equal"),
    (TUNED, LONG, "pretrained on COCO, then tuned on the rest − mixed throughout; 11w each"),
)
_WITHOUT: Final = {MIXED: "PoseTrack + MPII + COCO, no noses on MPII", TUNED: "COCO, then the rest"}


def deck_table(found: Standing) -> pd.DataFrame:
    """Return the rows of Table 5, and those here that it has not, with what was measured."""
    printed = {row.variant: row for row in found.table.rows}
    first = found.row(ALONE)
    here = f"here, {found.statistic}" + (f" ({found.data})" if found.data else "")
    cells = []
    for name in (ALONE, MIXED, NOSE, LONG, TUNED):
        row, variant = printed.get(name), found.row(name)
        cells.append(
            {
                "row here": name,
                "method in the deck": row.method if row else f"– ({_WITHOUT[name]})",
                "steps here": UNKNOWN if variant is None else f"{_steps(variant):,}",
                "deck, mAP (PoseTrack)": f"{row.score:.1f}" if row else UNKNOWN,
                "deck, Δ": _printed(row),
                here: UNKNOWN if variant is None else percent(variant.estimate(found.statistic)),
                "here, Δ": _difference(variant, first, found.statistic),
            }
        )
    return pd.DataFrame(cells)


def table_read(found: Standing) -> str:
    """Return what the columns hold, and by how much the deck's iterations are scaled."""
    first = found.row(ALONE)
    scale = ""
    if first is not None:
        steps = first.experiments[0].train.steps
        scale = (
            f" **Iterations are scaled by {steps / DECK_5W:g}**: the deck's 5w are {DECK_5W:,}, "
            f"here {steps:,}, and other lengths in proportion."
        )
    return (
        f"*Deck*: mAP as printed, in percent. *Here*: {found.statistic} in percent with half the "
        "width of its 95 % interval. *Δ*: difference in points from PoseTrack alone, here with its "
        "paired 95 % interval. All rows are one network, judged alike; that of PoseTrack alone "
        f"finds PoseTrack's joints and the others every joint there is.{scale} Levels on other "
        f"data are not compared; differences are.\n\n{found.table.remark}\n\n{_sizes(found)}"
    )


def taught_table(found: Standing) -> pd.DataFrame:
    """Return what each row learns from, and how many of the images seen are of each set."""
    variants = found.comparison.variants if found.comparison else ()
    return pd.DataFrame(
        [{"row": one.name, "learns from": _taught(one.experiments[0])} for one in variants]
    )


def claim8(found: Standing, annotations: Sequence[Annotation]) -> list[ClaimPart]:
    """Return the parts of claim 8 with a verdict each."""
    return [_noses(one, joint) for one in annotations for joint in one.experiment.joints] + [
        _recipe(found)
    ]


def question_table(found: Standing) -> pd.DataFrame:
    """Return what noses and pretraining bring, which the deck does not print."""
    rows = []
    for one, other, told in _QUESTIONS:
        row = {"rows": f"{one} − {other}", "that is": told}
        for statistic in (found.statistic, "PoseTrack AP head"):
            row[f"Δ {statistic}"] = _difference(found.row(one), found.row(other), statistic)
        rows.append(row | {"by the first": _verdict(found, one, other)})
    return pd.DataFrame(rows)


def _noses(one: Annotation, joint: str) -> ClaimPart:
    what = f"{joint} of {one.experiment.data.name} annotated by a model of COCO"
    claimed = f"{PCKH} above {100 * GOOD_PCKH:.0f} % at the chosen confidence"
    estimate = one.estimate(joint, TRUTH, PCKH, one.threshold(joint))
    verdict = OPEN
    if estimate is not None:
        verdict = HOLDS if estimate.low > GOOD_PCKH else OPEN
        verdict = FAILS if estimate.high < GOOD_PCKH else verdict
        told = f"{percent(estimate)} %"
    elif one.record is None:
        told = one.reason
    elif one.threshold(joint) is None:
        told = "no confidence reached the precision, so nobody was given one"
    else:
        told = "the truth is not known"
    return ClaimPart(what, "", claimed, told, verdict)


def _recipe(found: Standing) -> ClaimPart:
    measured = _estimate(found.row(TUNED), found.row(ALONE), found.statistic)
    told = UNKNOWN if measured is None else f"{TUNED} − {ALONE}: {signed(measured)} points"
    nothing = found.untaught((TUNED, ALONE))
    if nothing:
        told += f"; {' and '.join(nothing)} learnt next to nothing"
    return ClaimPart(
        "pretraining on COCO, then tuning on the others",
        "",
        "better than PoseTrack alone",
        told,
        OPEN if nothing else difference_verdict(measured),
    )


def _sizes(found: Standing) -> str:
    """Return how many images each set has, where it is rendered and the number was chosen."""
    row = found.row(NOSE) or found.row(MIXED)
    if row is None or found.data != found.table.rendered:
        return ""
    told = ", ".join(
        f"{data_name(one)} {one.train_images:,}" for one in row.experiments[0].learnt_from
    )
    return (
        f"**Training images: {told}.** How much mixing brings hangs on these numbers, and they "
        "were chosen to be like the real sets': PoseTrack's labelled frames come in runs of thirty "
        "neighbours, so its rendered scenes, which are no neighbours, are fewer."
    )


def _taught(one: Experiment) -> str:
    parts = one.mixture or (Part(one.data, 1.0),)
    whole = sum(part.weight for part in parts)
    told = [
        f"{data_name(part.data)}{' with machine-made ' + ', '.join(part.adds) if part.adds else ''}"
        f" ({100 * part.weight / whole:.0f} %)"
        for part in parts
    ]
    start = " from the weights of COCO" if one.starts_from else ""
    return f"{' + '.join(told)}, {one.train.steps:,} steps{start}"


def _steps(variant: Variant) -> int:
    return variant.experiments[0].train.steps


def _printed(row: Row | None) -> str:
    if row is None:
        return UNKNOWN
    return "" if row.variant == ALONE else f"{row.score - TABLE5.rows[0].score:+.1f}"


def _difference(variant: Variant | None, other: Variant | None, statistic: str) -> str:
    if variant is not None and variant is other:
        return ""
    return signed(_estimate(variant, other, statistic))


def _estimate(variant: Variant | None, other: Variant | None, statistic: str) -> Estimate | None:
    if variant is None or other is None or statistic not in variant.runs[0].samples:
        return None
    return variant.difference(other, statistic)


def _verdict(found: Standing, one: str, other: str) -> str:
    estimate = _estimate(found.row(one), found.row(other), found.statistic)
    return UNKNOWN if estimate is None else estimate.verdict
