"""All of the deck's claims, each with what was measured of it by the suite that decides it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ablations.boxes import DETECTOR
from ablations.plan import stored_plan
from bench.before_training import AFTER
from bench.given_boxes import FOUND
from bench.plan import Plan
from bench.receptive_fields.measure import CROPS
from reports.measured.annotations import read_annotations
from reports.measured.collection import Results, collect
from reports.measured.effective_fields import read_fields
from reports.measured.gates import CONTEXT, read_gates
from reports.measured.ladders import ladders
from reports.measured.results import Comparison, gather, plain
from reports.measured.spectra import COUNTED, read_spectra
from reports.paper import claim1, claim2, claim3, claim5
from reports.paper.claim1_depth import judge_depth
from reports.paper.contests import Finding, judge, standing
from reports.paper.deck_tables import (
    CLAIM6,
    TABLE2,
    TABLE4,
    TOP_DOWN_WINS,
    Claim,
    Table,
    bottom_up_wins,
)
from reports.paper.training_sets import LONGER, MIXING, TABLE5, claim8
from reports.paper.verdicts import Part, whole_verdict, why
from reports.tables.cells import UNKNOWN, signed
from reports.text.words import Words, data_name

#: The deck's claims, in short.
CLAIMS: Final = {
    1: "IOI keeps more features of small receptive field than inception-residual, and that more "
    "than residual; so deeper networks can be built from it",
    2: "AIOI's gates ask for context where a joint is occluded, for detail where it is partly seen",
    3: "MSPAF-3 beats PAF-6 at a fraction of its parameters, multiply-adds and time",
    4: "top-down wins on COCO, bottom-up on PoseTrack",
    5: "detector boxes alone teach poorly, proposals better",
    6: "detector + stacked hourglass beats Mask R-CNN on PoseTrack",
    7: "mixing PoseTrack, MPII and COCO beats PoseTrack alone by far, and longer training helps "
    "again",
    8: "the three sets can be aligned: a model of COCO annotates MPII's noses, then pretraining on "
    "COCO and tuning on the others",
}
_ACCURACY: Final = "mAP"  # the part of claim 3 that is trained; the others are counted and timed
_WORDS: Final = Words(title="", question="", thing="row", reference="", shape=())


@dataclass(frozen=True)
class Decided:
    """A part of a claim, judged.

    Attributes:
        suite: that decides it.
        part: what is claimed, what was measured, and the verdict.
        data: that it was decided on, "" where nothing was measured.
    """

    suite: str
    part: Part
    data: str


def decided(out: Path) -> dict[int, list[Decided]]:
    """Return the parts of every claim by its number, from the records of all suites.

    Args:
        out: the folder of all suites' folders.
    """
    judges: dict[int, tuple[tuple[str, _Judge], ...]] = {
        1: (("receptive_field", _paths), ("depth", _depth)),
        2: (("gates", _gates),),
        3: (("table1", _table1),),
        4: (
            ("table2", _contest(TABLE2, TOP_DOWN_WINS)),
            ("table4", _contest(TABLE4, bottom_up_wins(TABLE4))),
        ),
        5: (("boxes", _boxes),),
        6: (("table4", _contest(TABLE4, CLAIM6)),),
        7: (("table5", _contest(TABLE5, MIXING)), ("table5", _contest(TABLE5, LONGER))),
        8: (("table5", _alignment),),
    }
    return {
        number: [one for suite, of in parts for one in _of_suite(out / suite, of)]
        for number, parts in judges.items()
    }


def whole(parts: list[Decided]) -> str:
    """Return the verdict on a whole claim: it holds where every part does, and fails with one."""
    return whole_verdict([one.part for one in parts])


#: From a suite's folder and plan to the claim's parts and the data.
_Judge = Callable[[Path, Plan], Iterator[tuple[Part, str]]]


def _of_suite(folder: Path, judged: _Judge) -> list[Decided]:
    return [Decided(folder.name, part, data) for part, data in judged(folder, stored_plan(folder))]


def _paths(folder: Path, plan: Plan) -> Iterator[tuple[Part, str]]:
    found = claim1.judge_paths(read_spectra(folder, plan.spectra))
    order = " > ".join(claim1.CLAIMED)
    verdicts = [
        f"{one.verdict} at equal {claim1.RULE_NAMES[one.rule]}"
        for one in found
        if one.say == COUNTED
    ]
    yield (
        Part(
            "share of short paths, counted",
            "",
            order,
            "; ".join(verdicts),
            claim1.over_rules(found, COUNTED),
        ),
        "none: paths need no images",
    )
    fields = read_fields(folder, plan.fields)
    near = next((look.near for one in fields for look in one.looks), 0.0)
    for one in claim1.judge_fields(fields, near):
        if (one.kind, one.when) == (CROPS, AFTER):
            gaps = [UNKNOWN if gap is None else f"{signed(gap)} %" for gap in one.differences]
            told = f"energy near the centre, each less the next: {', '.join(gaps)}"
            part = Part("what trained networks use", "", order, told, one.verdict)
            yield part, _data(plain(collect(folder, plan, _WORDS).comparisons))


def _depth(folder: Path, plan: Plan) -> Iterator[tuple[Part, str]]:
    comparison = plain(collect(folder, plan, _WORDS).comparisons)
    found = judge_depth(ladders(comparison) if comparison else [])
    gaps = [signed(gap) for gap in found.differences]
    told = f"points of AP won by depth, each less the next: {', '.join(gaps)}"
    told += why(found.obstacles)
    order = " > ".join(claim1.CLAIMED)
    yield Part("gain by depth", "", order, told, found.verdict), _data(comparison)


def _gates(folder: Path, plan: Plan) -> Iterator[tuple[Part, str]]:
    comparison = plain(collect(folder, plan, _WORDS).comparisons)
    found = claim2.decisive(claim2.judge_gates(read_gates(folder, plan.gates), comparison))
    slope = found.slope
    told = UNKNOWN if slope.after is None else f"{signed(slope.after)} points from seen to hidden"
    told += "" if slope.before is None else f", before training {signed(slope.before)}"
    claimed = f"{CONTEXT} {claim2.RISES}"
    part = Part("what gates follow", "", claimed, told + why(found.obstacles), found.verdict)
    yield part, _data(comparison)


def _table1(folder: Path, plan: Plan) -> Iterator[tuple[Part, str]]:
    results = collect(folder, plan, _WORDS)
    accuracy = claim3.trained(results)
    for part in claim3.parts(claim3.pairs(results), accuracy):
        trained_on = _data(accuracy.comparison if accuracy else None)
        yield part, trained_on if part.what == _ACCURACY else _machine(results)


def _contest(table: Table, claim: Claim) -> _Judge:
    def judged(folder: Path, plan: Plan) -> Iterator[tuple[Part, str]]:
        found = standing(collect(folder, plan, _WORDS), table)
        finding = judge(claim, found)
        yield _contested(finding), _data(found.comparison)

    return judged


def _contested(finding: Finding) -> Part:
    pair = finding.deciding
    measured = pair.measured if pair else None
    told = UNKNOWN
    if pair is not None and measured is not None:
        told = f"{pair.ahead} − {pair.behind}: {signed(measured)} points of {finding.statistic}"
    printed = pair.printed if pair else finding.pairs[0].printed
    claim = finding.claim
    claimed = f"{printed:+.1f} points of mAP"
    return Part(claim.says, "", claimed, told + why(finding.obstacles), finding.verdict)


def _boxes(folder: Path, plan: Plan) -> Iterator[tuple[Part, str]]:
    halves = [one for one in plan.experiments if one.variant != DETECTOR]
    comparisons = gather(folder, halves, "")
    on_found = (one for one in comparisons if one.protocol.boxes == FOUND)
    comparison = next(on_found, None)
    for part in claim5.parts(comparison):
        yield part, _data(comparison)


def _alignment(folder: Path, plan: Plan) -> Iterator[tuple[Part, str]]:
    found = standing(collect(folder, plan, _WORDS), TABLE5)
    for part in claim8(found, read_annotations(folder, plan.annotations)):
        yield part, _data(found.comparison)


def _data(comparison: Comparison | None) -> str:
    """Return the data that a comparison was trained and judged on, and how often."""
    if comparison is None or not comparison.runs:
        return ""
    judged = data_name(comparison.tested)
    images = comparison.data.train_images
    trained = f"{images:,}" if images else "all"
    seeds = len({run.experiment.seed for run in comparison.runs})
    return (
        f"{judged}, {trained} training and {comparison.images:,} validation images, "
        f"{seeds} seed{'s' * (seeds > 1)}"
    )


def _machine(results: Results) -> str:
    """Return what the networks' costs were taken on."""
    for one in results.stages:
        if one.record is not None:
            environment = one.record["environment"]
            return str(environment.get("gpu") or environment.get("processor") or "")
    return ""
