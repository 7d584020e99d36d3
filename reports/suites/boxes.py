"""The report of the suite ``boxes``: by which boxes a single-person network should learn."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ablations.boxes import DETECTOR
from bench.given_boxes import FOUND, box_error
from bench.plan import Plan
from reports.measured.detectors import (
    Detector,
    detector_table,
    error_range,
    read_detectors,
    side_table,
)
from reports.measured.results import AP, Comparison, Variant, gather
from reports.page import report_of
from reports.paper import claim5
from reports.paper.verdicts import whole_verdict
from reports.pictures.box_error_plot import ErrorCurve, draw_box_errors
from reports.pictures.canvas import in_percent
from reports.sections import embedded, tabled
from reports.tables.cells import UNKNOWN, markdown, percent, signed
from reports.tables.claims import part_table
from reports.text.prose import subject
from reports.text.words import Words

PICTURE, TABLE = "ap_vs_box_error.png", "boxes.csv"
WORDS = Words(
    title="Boxes to learn from",
    question="A detector and a single-person network find people top down. The detector is trained "
    "once and stays as it is; from its weights, the single-person network is trained on crops by "
    "the true boxes, by the detector's own detections, by its proposals, or by true boxes whose "
    "sides are moved at random. Which makes it better, how much does it suffer from errors of the "
    "boxes, and how sure is that?",
    thing="way of training",
    reference=claim5.DETECTED,
    shape=(),
)
_MATRIX = (
    "AP in percent; ± is half the width of the 95 % interval. A row is a way of training, a column "
    "the boxes that people are cut out by when it is judged: *the detector's*, which also miss "
    "people and find others where nobody is, or *true* ones, whose sides are moved by normal noise "
    "of the given standard deviation, a share of the box's width or height. The noise of a person "
    "is the same for every row. Columns are different tasks and are not ranked with each other."
)
_DETECTOR = (
    "Judged on validation images by pycocotools: box AP and AP50, with the detector's own scores, "
    "and the share of people found at an intersection over union (IoU) of 0.5 or more. The errors "
    "are those of the boxes that found somebody, so the worst, below an IoU of 0.5, are not among "
    "them: positive is right of or below the true side, in shares of the true box's width or "
    "height, the unit of the noise above. *As noise* is the standard deviation of a normal noise "
    "with the same root mean square, and with the same median size, which a few bad boxes do not "
    "move. The single-person networks learn from its boxes on training images, on which it is "
    "better than here."
)


def write_report(folder: Path, plan: Plan) -> list[Path]:
    """Write the suite's report, tables and pictures from its records, and return their paths."""
    detectors = [one for one in plan.experiments if one.variant == DETECTOR]
    halves = [one for one in plan.experiments if one.variant != DETECTOR]
    comparisons = _alike(gather(folder, halves, WORDS.reference))
    known = read_detectors(folder, detectors)
    picture = _draw(folder / PICTURE, comparisons, known)
    _frame(comparisons).to_csv(folder / TABLE, index=False)
    opening = [
        *_claim(_on_found(comparisons)),
        *_matrix(comparisons),
        *embedded(picture, "AP against box error"),
        *_pairs(_on_found(comparisons)),
        *_detector(known),
        *_unfinished(comparisons, known),
    ]
    # The page ranks what found its people by itself; all else stands in the sections above.
    found = tuple(one for one in halves if one.protocol.boxes == FOUND)
    page = report_of(WORDS, lambda results: opening)(folder, replace(plan, experiments=found))
    return [*page, folder / TABLE, *picture]


def _alike(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons on the data of the first one, a protocol each."""
    return [
        one
        for one in comparisons
        if (one.data, one.tested) == (comparisons[0].data, comparisons[0].tested)
    ]


def _on_found(comparisons: Sequence[Comparison]) -> Comparison | None:
    return next((one for one in comparisons if one.protocol.boxes == FOUND), None)


def _claim(comparison: Comparison | None) -> list[str]:
    found = claim5.parts(comparison)
    table = part_table(found)
    return [
        f"## Claim 5, as far as it was measured here: {whole_verdict(found)}",
        markdown(table, [str(name) for name in table]),
        claim5.verdicts_read(comparison),
    ]


def _matrix(comparisons: Sequence[Comparison]) -> list[str]:
    names = dict.fromkeys(variant.name for one in comparisons for variant in one.variants)
    table = pd.DataFrame(
        [
            {"learnt from": name}
            | {_judged_on(one): _cell(one.finished(name)) for one in comparisons}
            for name in names
        ]
    )
    sections = tabled("## Learnt from, and judged on", table)
    return [*sections, _MATRIX] if sections else []


def _pairs(comparison: Comparison | None) -> list[str]:
    rows = []
    for pair in claim5.PAIRS:
        difference = claim5.difference(comparison, pair)
        rows.append(
            {
                "learnt from": f"{pair[0]} − {pair[1]}",
                "Δ AP": signed(difference),
                "by AP": "not measured" if difference is None else difference.verdict,
            }
        )
    told = "Percentage points with both ends of the paired 95 % interval."
    table = markdown(pd.DataFrame(rows), ["by AP"])
    return ["## Differences on the detector's boxes", table, told]


def _detector(known: Sequence[Detector]) -> list[str]:
    if not any(one.matches for one in known):
        return []
    sides = [markdown(side_table(known))] if error_range(known) else []
    return ["## The detector's boxes", markdown(detector_table(known)), *sides, _DETECTOR]


def _unfinished(comparisons: Sequence[Comparison], known: Sequence[Detector]) -> list[str]:
    missing = {f"the detector, seed {one.seed}": one.reason for one in known if one.reason}
    for comparison in comparisons:
        for variant in comparison.variants:
            for one in variant.unfinished:
                name = f"{variant.name} on {_judged_on(comparison)}, seed {one.experiment.seed}"
                missing[name] = one.reason
    told = "; ".join(f"{name}: {reason}" for name, reason in missing.items())
    return [f"**Not measured:** {told}."] if missing else []


def _draw(path: Path, comparisons: Sequence[Comparison], known: Sequence[Detector]) -> list[Path]:
    path.unlink(missing_ok=True)
    curves = _curves(comparisons)
    if not curves:
        return []
    draw_box_errors(
        path,
        curves,
        detector=error_range(known),
        title=f"Accuracy against the error of boxes\n{subject(comparisons)}",
        note="Bands and bars: 95 % interval of AP. Grey: the detector's errors as noise, by their "
        "median size and by their root mean square.",
    )
    return [path]


def _curves(comparisons: Sequence[Comparison]) -> list[ErrorCurve]:
    given = [(error, one) for one in comparisons if (error := _error(one)) is not None]
    given.sort(key=lambda pair: pair[0])
    curves = []
    for name in dict.fromkeys(variant.name for _, one in given for variant in one.variants):
        rows = [(error, found) for error, one in given if (found := one.finished(name))]
        if not rows:
            continue
        accuracy, spread = in_percent([variant.estimate(AP) for _, variant in rows])
        on_found = _on_found(comparisons)
        own = on_found.finished(name) if on_found else None
        best = own.estimate(AP) if own else None
        curves.append(
            ErrorCurve(
                label=name,
                place=rows[0][1].place,
                errors=np.array([error for error, _ in rows]),
                accuracy=accuracy,
                spread=spread,
                found=(100 * best.value, (100 * best.low, 100 * best.high)) if best else None,
            )
        )
    return curves


def _frame(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Return the raw numbers of every way of training on every kind of boxes."""
    rows = []
    for comparison in comparisons:
        for variant in comparison.variants:
            estimate = variant.estimate(AP) if variant.runs else None
            rows.append(
                {
                    "learnt_from": variant.name,
                    "judged_on": comparison.protocol.boxes,
                    "box_error_share": _error(comparison),
                    "seeds": len(variant.runs),
                    "AP_fraction": estimate.value if estimate else None,
                    "AP_low95_fraction": estimate.low if estimate else None,
                    "AP_high95_fraction": estimate.high if estimate else None,
                }
            )
    return pd.DataFrame(rows)


def _cell(variant: Variant | None) -> str:
    return percent(variant.estimate(AP)) if variant else UNKNOWN


def _error(comparison: Comparison) -> float | None:
    return box_error(comparison.protocol.boxes)


def _judged_on(comparison: Comparison) -> str:
    error = _error(comparison)
    if error is None:
        return "the detector's"
    return f"true ±{error:g}" if error else "true"
