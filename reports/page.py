"""The page of a suite: its results put into sections and written down, with their pictures."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bench.plan import Plan
from reports.measured.ceilings import ceiling_table, ceilings_frame, ceilings_of
from reports.measured.clocks import Clock, has_times
from reports.measured.collection import Results, collect, failure_table
from reports.measured.options import option_table, repeats_training
from reports.measured.results import Comparison
from reports.measured.stages import stages_frame
from reports.pictures.drawn import (
    draw_learning_curves,
    remove_pictures,
    scatters,
    sheets,
)
from reports.pictures.people_curves import latency_by_people
from reports.sections import closing, embedded, tabled, unfinished, write_page
from reports.stage_sections import stage_sections
from reports.tables.audit import cost_sections
from reports.tables.cells import markdown
from reports.tables.clocks import sweep_table
from reports.tables.comparisons import (
    STANDING,
    accuracy_table,
    difference_table,
    match_table,
)
from reports.tables.errors import error_sections
from reports.tables.files import RESULTS, write_frames
from reports.tables.joints import joint_table
from reports.tables.raw import results_frame
from reports.text import prose, times
from reports.text.setting import same_weights, setting
from reports.text.words import Words, inference, where


def report_of(
    words: Words, opening: Callable[[Results], Sequence[str]] | None = None
) -> Callable[[Path, Plan], list[Path]]:
    """Return a suite's ``write_report(folder, plan)``.

    It writes report, tables and pictures into the suite's folder, from the records that lie in
    ``records`` there, and returns their paths. Of the plan, what has no trusted record is named
    with the reason.

    Args:
        words: of the suite.
        opening: gives the sections that stand before all others.
    """

    def write_report(folder: Path, plan: Plan) -> list[Path]:
        results = collect(folder, plan, words)
        return _write_page(folder, results, words, opening(results) if opening else [])

    return write_report


def _write_page(folder: Path, results: Results, words: Words, opening: Sequence[str]) -> list[Path]:
    remove_pictures(folder)
    frames = {
        RESULTS: results_frame(results.comparisons, results.clocks),
        "ceilings.csv": ceilings_frame(results.ceilings),
        "stages.csv": stages_frame(results.stages),
    }
    written = write_frames(folder, frames)
    sections = [prose.head(results.comparisons, words), *opening]
    options: list[str] = []
    pictured: list[str] = []
    for number, comparison in enumerate(results.comparisons, start=1):
        # The first comparison has the plain names; those of others are numbered.
        suffix = "" if number == 1 else f"_{number}"
        heading = _heading(number, results.comparisons)
        if repeats_training(comparison, results.comparisons[: number - 1]):
            # What it costs stands in the table of options, its training above, and how to read it.
            told = same_weights(comparison)
            options += _accuracy(comparison, results, words, heading, told)
            options += _joints(comparison, words, heading)
            options += _differences(comparison, words, heading)
            continue
        drawn = scatters(folder, comparison, results.clocks, suffix)
        told = setting(comparison, words)
        sections += _accuracy(comparison, results, words, heading, told)
        sections.append(prose.reading(comparison, _latency(comparison, results)))
        sections += embedded(drawn, "Accuracy against cost")
        sections += _joints(comparison, words, heading)
        sections += error_sections(comparison, words, heading)
        differences = _differences(comparison, words, heading)
        sections += [*differences, prose.differences(comparison, words)] if differences else []
        sections += _sweep(comparison, results, words, heading)
        sections += _cost(comparison, words, heading)
        curves, shown = (
            draw(folder, comparison, suffix) for draw in (draw_learning_curves, sheets)
        )
        pictured += _pictured(comparison, heading, curves, shown)
        written += [*drawn, *curves, *shown]
    sections += [*_options(results, words), *options]
    sections += _ceilings(results)
    for number, timing in enumerate(results.stages, start=1):
        suffix = "" if number == 1 else f"_{number}"
        drawn = latency_by_people(folder, timing, results.places, suffix)
        sections += stage_sections(timing, words, drawn)
        written += drawn
    sections += unfinished(failure_table(results))
    sections += pictured
    sections += closing(results.comparisons, results.records)
    return [write_page(folder, sections), *written]


def _heading(number: int, comparisons: Sequence[Comparison]) -> str:
    one = comparisons[number - 1]
    if len(comparisons) == 1:
        return ""
    return f" ({number}: {where(one)}, {inference(one.protocol)})"


def _accuracy(
    comparison: Comparison, results: Results, words: Words, heading: str, told: str
) -> list[str]:
    """Return the main table and what it says; ``told`` is how it was measured."""
    clocks = _clocks(comparison, results)
    ceilings = ceilings_of(comparison, results.ceilings)
    table = accuracy_table(comparison, clocks, words, ceilings)
    return [
        f"## Accuracy{heading}",
        told,
        prose.findings(comparison, words, _untimed(comparison, clocks, results)),
        markdown(table, [STANDING]),
    ]


def _differences(comparison: Comparison, words: Words, heading: str) -> list[str]:
    table = difference_table(comparison, words)
    if comparison.reference is None:
        return []
    verdicts = [str(name) for name in table if str(name).startswith("by ")]
    return tabled(f"## Differences from {comparison.reference.name}{heading}", table, verdicts)


def _joints(comparison: Comparison, words: Words, heading: str) -> list[str]:
    sections = tabled(f"## Joints{heading}", joint_table(comparison, words))
    return [*sections, prose.JOINTS] if sections else []


def _clocks(comparison: Comparison, results: Results) -> list[Clock]:
    """Return the latencies of which a comparison has any."""
    return [one for one in results.clocks if has_times(one, comparison.variants)]


def _untimed(comparison: Comparison, clocks: Sequence[Clock], results: Results) -> str:
    """Return why a comparison has no latency columns; "" where it has some."""
    if clocks:
        return ""
    if comparison.data.crop_size:
        return results.timing.reason or "none of these was timed"
    reasons = [one.reason for one in results.stages if one.reason]
    if reasons:
        return "; ".join(dict.fromkeys(reasons))
    if results.stages:
        return "the stages were timed of other sizes or options than these"
    return "no timing was planned"


def _latency(comparison: Comparison, results: Results) -> str:
    if not _clocks(comparison, results):
        return ""
    if comparison.data.crop_size:
        return times.crop_latency(results.timing)
    return times.stage_latency(any(one.disturbed for one in _clocks(comparison, results)))


def _sweep(comparison: Comparison, results: Results, words: Words, heading: str) -> list[str]:
    table = sweep_table(comparison, results.timing, words)
    sections = tabled(f"## Latency by batch size{heading}", table)
    return [*sections, times.sweep(results.timing)] if sections else []


def _cost(comparison: Comparison, words: Words, heading: str) -> list[str]:
    return [
        *cost_sections(comparison, words, heading),
        *tabled(f"## Matching{heading}", match_table(comparison, words), []),
    ]


def _pictured(
    comparison: Comparison, heading: str, curves: Sequence[Path], shown: Sequence[Path]
) -> list[str]:
    sections = []
    if curves:
        sections += [f"## Training{heading}", *embedded(curves, "Learning curves"), prose.CURVES]
    if shown:
        sheet = prose.SHEETS if comparison.data.crop_size else prose.IMAGE_SHEETS
        sections += [f"## Predictions beside the truth{heading}", sheet]
        sections += embedded(shown, "Predictions and truth")
    return sections


def _options(results: Results, words: Words) -> list[str]:
    table = option_table(results.comparisons, results.clocks, words)
    sections = tabled("## Inference options", table, ["inference", "by AP"])
    return [*sections, times.OPTIONS] if sections else []


def _ceilings(results: Results) -> list[str]:
    sections = tabled("## Oracle ceiling", ceiling_table(results.ceilings))
    return [*sections, times.ceiling(results.ceilings)] if sections else []
