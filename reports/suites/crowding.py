"""The report of the suite ``crowding``: every pipeline against factors of the scenes."""

from collections.abc import Sequence
from pathlib import Path

from ablations.crowding import BOTTOM_UP
from bench.plan import Plan
from reports.measured.collection import collect
from reports.measured.factors import Moved, as_trained, gap, moved_factors
from reports.measured.results import AP, Comparison
from reports.paper.crowding_claim import Finding, judge, rivals
from reports.paper.verdicts import why
from reports.pictures.canvas import in_percent
from reports.pictures.drawn import remove_pictures
from reports.pictures.factor_plot import FactorBlock, FactorLine, draw_factors
from reports.sections import closing, described, unfinished, write_page
from reports.tables.cells import markdown, signed
from reports.tables.factors import (
    change_table,
    factor_table,
    level_table,
    loss_table,
    unfinished_table,
)
from reports.tables.files import RESULTS, write_frames
from reports.tables.raw import results_frame
from reports.text import prose
from reports.text.words import Words

PLOT = "accuracy_vs_factors.png"
_WORDS = Words(
    title="One factor of the scenes at a time",
    question="",
    thing="pipeline",
    reference="paf6",
    shape=(),
)
_QUESTION = (
    "Each pipeline was trained once a seed on `synthetic`, which is like photographs, and on "
    "nothing else. Here the same weights are shown scenes in which one factor is moved while "
    "everything else stays as in training. The deck has top-down pipelines ahead on COCO and "
    "bottom-up ones on PoseTrack, whose frames are crowded, blurred, and full of small and cut "
    "people; a factor that is a cause of this has to close the gap when it moves alone. Accuracy "
    "is OKS AP throughout, over the 17 joints of COCO. What a pipeline would have learnt had it "
    "seen such scenes in training is not asked here."
)
_LEVELS = (
    "AP in percent; ± is half the width of the 95 % interval over scenes. *Gap*: AP of {top_down} "
    "minus that of {bottom_up}, in points, paired: the best top-down and the best bottom-up "
    "pipeline on scenes as in training, and the same two at every level."
)
_CHANGES = (
    "*Δ gap*: the gap at the last level minus that at the first, in points; below 0 bottom-up "
    "catches up. Any gap closes where both fall towards nothing, so it is also asked who keeps "
    "more: *Δ share of AP kept* is the share of its AP that top-down keeps from the first level "
    "to the last, minus the share that bottom-up keeps, in percentage points. That a factor "
    "favours bottom-up *holds* where the whole 95 % intervals of both lie below 0, *does not hold* "
    "where both lie above 0, and is *not decided* elsewhere, or where any pipeline has no result "
    "or learnt next to nothing (the interval of its AP on scenes as in training contains 0). "
    "*Pairs*: of each top-down with each bottom-up pipeline, those whose *Δ gap* lies wholly "
    "below or above 0."
)
_ONE_TRAINING = (
    "**Each pipeline was trained once here.** The verdicts are on these trained models; on the "
    "pipelines, only several seeds can decide (`--seeds 3`)."
)
_PAIRING = (
    "**Paired and unpaired.** Where all levels show the same scenes, moved, the scenes are drawn "
    "again jointly, for both levels and both pipelines; where they do not, jointly for both "
    "pipelines of a level, and each level by itself."
)


def write_report(folder: Path, plan: Plan) -> list[Path]:
    """Write report, table and plot of a plan into a suite's folder; return their paths.

    What has no trusted record in ``records`` there is named with the reason.
    """
    results = collect(folder, plan, _WORDS)
    comparisons = results.comparisons
    trained, found = as_trained(comparisons), moved_factors(comparisons)
    findings = [judge(one, trained) for one in found]
    remove_pictures(folder)
    drawn = _draw(folder / PLOT, trained, found, prose.subject(comparisons))
    tables = write_frames(folder, {RESULTS: results_frame(comparisons, [])})
    sections = [
        f"# {_WORDS.title}: {prose.subject(comparisons)}",
        _QUESTION,
        _in_short(findings),
        *_moved(trained, found, findings, drawn),
        "## The pipelines as trained",
        *described(trained, _WORDS),
        *unfinished(unfinished_table(comparisons), ["on", "reason"]),
        *closing([trained], results.records, _PAIRING),
    ]
    return [write_page(folder, sections), *tables, *drawn]


def _moved(
    trained: Comparison, found: Sequence[Moved], findings: Sequence[Finding], drawn: Sequence[Path]
) -> list[str]:
    """Return the sections on factors, levels and changes."""
    if not found:
        return []
    names = [one.name for one in trained.variants]
    top_down, bottom_up = (name or "(none finished)" for name in rivals(trained))
    factors, changes = factor_table(found), change_table(findings)
    once = {len(one.runs) for one in trained.ranked} == {1}
    return [
        "## What is moved",
        markdown(factors, [str(name) for name in factors]),
        *(f"![AP against each factor]({path.name})" for path in drawn),
        "## Does the gap between top-down and bottom-up move?",
        markdown(changes, ["from → to", "favours bottom-up"]),
        f"{_CHANGES} {_ONE_TRAINING}" if once else _CHANGES,
        "## AP at every level",
        markdown(level_table(found, names, rivals(trained)), ["level"]),
        _LEVELS.format(top_down=top_down, bottom_up=bottom_up),
        "## What each pipeline loses from the first level to the last",
        markdown(loss_table(found, names), ["from → to"]),
        "Change of AP in points with its 95 % interval, and the share of AP that is left.",
    ]


def _in_short(findings: Sequence[Finding]) -> str:
    """Return the verdicts, one line each, with what decides them or why they are open."""
    lines = []
    for one in findings:
        by = "" if one.shift is None else f": the gap moves by {signed(one.shift.points)} points"
        lines.append(
            f"- That **{one.moved.factor.name}** favours bottom-up **{_spoken(one.verdict)}**"
            f"{by}{why(one.obstacles)}."
        )
    return "\n".join(["**In short**", "", *(lines or ["- Nothing was moved."])])


def _spoken(verdict: str) -> str:
    return f"is {verdict}" if verdict.startswith("not") else verdict


def _draw(path: Path, trained: Comparison, found: Sequence[Moved], subject: str) -> list[Path]:
    """Draw all factors; return the file, if anything was measured."""
    if not found or not trained.ranked:
        return []
    top_down, bottom_up = rivals(trained)
    draw_factors(
        path,
        [_block(one, trained, (top_down, bottom_up)) for one in found],
        {
            one.place: f"{one.name} ({_kind(one.experiments[0].model.name)})"
            for one in trained.ranked
        },
        title=f"AP against factors of the scenes\n{subject}",
        note="Bars: 95 % interval over scenes. Dotted: scenes as in training. Below: "
        f"{top_down or 'top-down'} minus {bottom_up or 'bottom-up'}, paired over scenes.",
        gap_label="gap (points)",
    )
    return [path]


def _block(moved: Moved, trained: Comparison, pair: tuple[str, str]) -> FactorBlock:
    defaults = [index for index, place in enumerate(moved.places) if place.is_default]
    pipelines = {}
    for one in trained.ranked:
        rows = [place.variant(one.name) for place in moved.places]
        estimates = [row.estimate(AP) if row else None for row in rows]
        pipelines[one.place] = FactorLine(*in_percent(estimates))
    return FactorBlock(
        title=moved.factor.name,
        axis=moved.factor.values.replace("`", ""),
        ticks=[place.level.label for place in moved.places],
        default=next(iter(defaults), None),
        pipelines=pipelines,
        gap=FactorLine(*in_percent([gap(place, *pair) for place in moved.places])),
    )


def _kind(model: str) -> str:
    return "bottom-up" if model in BOTTOM_UP else "top-down"
