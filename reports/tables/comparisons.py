"""Comparisons as tables for people: numbers rounded, intervals beside them, reasons in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from reports.measured.clocks import Clock, Times
from reports.measured.results import AP, PCK, SECONDARY, Comparison, Estimate, Variant
from reports.tables.cells import UNKNOWN, figures, percent, signed
from reports.text.words import Words

STANDING = "against the best"


def accuracy_table(
    comparison: Comparison,
    clocks: Sequence[Clock],
    words: Words,
    ceilings: Mapping[str, Estimate],
) -> pd.DataFrame:
    """Return the main table: ranked rows, the baseline, then what did not finish.

    Args:
        comparison: whose rows they are.
        clocks: the latency columns.
        words: of the suite.
        ceilings: variant -> AP of its decoder without a network; empty where none was measured.
    """
    ranked, baseline = comparison.ranked, comparison.baseline
    standings = [(one, _standing(one, ranked[0])) for one in ranked]
    standings += [(baseline, "zero skill, not ranked")] if baseline else []
    rows = [
        _row(one, words, _measured(one, comparison, clocks, ceilings) | {STANDING: standing})
        for one, standing in standings
    ]
    for variant in comparison.variants:
        if not variant.runs:
            reasons = dict.fromkeys(one.reason for one in variant.unfinished)
            rows.append(_row(variant, words, {STANDING: f"no result: {'; '.join(reasons)}"}))
    return pd.DataFrame(rows, columns=_columns(rows)).fillna(UNKNOWN)


def difference_table(comparison: Comparison, words: Words) -> pd.DataFrame:
    """Return each variant's difference from the reference, paired, with a verdict."""
    reference = comparison.reference
    rows = []
    for variant in comparison.ranked:
        if reference is None or variant is reference:
            continue
        row: dict[str, Any] = {words.thing: variant.name}
        for statistic in comparison.statistics:
            difference = variant.difference(reference, statistic)
            row[f"Δ {statistic}"] = signed(difference)
            row[f"by {statistic}"] = (
                "no seed in common" if difference is None else difference.verdict
            )
        rows.append(row)
    return pd.DataFrame(rows)


def match_table(comparison: Comparison, words: Words) -> pd.DataFrame:
    """Return the size that the matching rule gave each variant, and how far it is off."""
    rows = []
    for variant in comparison.variants:
        match = variant.runs[0].measured.get("match") if variant.runs else None
        if not match:
            continue
        rows.append(
            {
                words.thing: variant.name,
                _shape_column(words): _shape(variant, words),
                f"{match['rule']}": f"{match['value']:,}",
                "target": f"{match['target']:,}",
                "mismatch": f"{100 * match['mismatch']:+.1f} %",
            }
        )
    return pd.DataFrame(rows)


def latency_cell(times: Times | None) -> str:
    """Return the median in ms and in brackets the 5th to 95th percentile."""
    if times is None:
        return UNKNOWN
    spread = f"({figures(times['p05_ms'])}–{figures(times['p95_ms'])})"
    return f"{figures(times['median_ms'])} {spread}"


def _standing(variant: Variant, best: Variant) -> str:
    if variant is best:
        return "best"
    difference = variant.difference(best, AP)
    if difference is None:
        return "no seed in common"
    return "behind" if difference.verdict == "worse" else "tied"


def _row(variant: Variant, words: Words, cells: dict[str, str]) -> dict[str, str]:
    """Return a row: what is known of every variant, and ``cells``."""
    best = cells[STANDING] == "best"
    seeds = f"{len(variant.runs)}"
    if variant.unfinished:
        seeds += f" of {len(variant.experiments)}"
    named = {words.thing: f"**{variant.name}**" if best else variant.name}
    shape = {_shape_column(words): _shape(variant, words)} if words.shape else {}
    return {**named, **shape, **cells, "seeds": seeds}


def _measured(
    variant: Variant,
    comparison: Comparison,
    clocks: Sequence[Clock],
    ceilings: Mapping[str, Estimate],
) -> dict[str, str]:
    """Return the cells of a finished variant, all but its standing."""
    cost = variant.runs[0].measured["cost"]
    cells = {"params": f"{cost['params']:,}", "GMAC": figures(cost["gmac"])}
    for statistic in comparison.statistics:
        cells[statistic] = percent(variant.estimate(statistic))
    if PCK not in comparison.statistics:
        above = variant.taught
        cells["AP above 0"] = "yes" if above else "**no**"
        for statistic in SECONDARY:
            mean = sum(run.accuracy(statistic) for run in variant.runs) / len(variant.runs)
            cells[statistic] = f"{100 * mean:.1f}"
    if variant.name in ceilings:
        cells["ceiling AP"] = f"{100 * ceilings[variant.name].value:.1f}"
    cells[STANDING] = ""  # its place among the columns
    for clock in clocks:
        cells[clock.column] = latency_cell(clock.of(variant))
    unit, rates = _training_rates(comparison, variant)
    cells[f"training, images/{unit}"] = (
        UNKNOWN if variant.is_baseline else f"{sum(rates) / len(rates):,.0f}"
    )
    return cells


def _training_rates(comparison: Comparison, variant: Variant) -> tuple[str, list[float]]:
    """Return the unit of time and the images of each training in one.

    Experiments share a processor, and only the time that it gave to each can be compared; records
    from before that was kept, and a GPU's, have the time that went by.
    """
    counted = all(
        run.experiment.train.device == "cpu" and "processor_seconds" in run.measured["training"]
        for run in comparison.runs
    )
    trainings = [run.measured["training"] for run in variant.runs]
    if not counted:
        return "s", [one["images_per_second"] for one in trainings]
    images = [one["images_per_second"] * one["seconds"] for one in trainings]
    worked = [max(one["processor_seconds"], 1e-9) for one in trainings]
    return "processor-s", [n / seconds for n, seconds in zip(images, worked, strict=True)]


def _columns(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return all columns in the order of the fullest row."""
    fullest = sorted(rows, key=len, reverse=True)
    return list(dict.fromkeys(name for row in fullest for name in row))


def _shape_column(words: Words) -> str:
    return " × ".join(words.shape)


def _shape(variant: Variant, words: Words) -> str:
    """Return the sizes of a variant, or a dash for a pipeline that is given none of them."""
    arguments = variant.experiments[0].model.arguments
    if not any(name in arguments for name in words.shape):
        return UNKNOWN
    return " × ".join(str(arguments.get(name, "default")) for name in words.shape)
