"""Factors of the scenes as tables: what was reached at each level, and how that changes."""

from collections.abc import Sequence

import pandas as pd

from reports.measured.factors import Moved, Place, gap, shift
from reports.measured.results import AP, Comparison
from reports.paper.crowding_claim import Finding
from reports.tables.cells import UNKNOWN, percent, signed
from reports.text.words import data_name


def factor_table(found: Sequence[Moved]) -> pd.DataFrame:
    """Return what each factor is, its levels, and what moves with it."""
    return pd.DataFrame(
        [
            {
                "factor": one.factor.name,
                "values": one.factor.values,
                "levels": "; ".join(_level(place) for place in one.places),
                "same scenes": "yes" if one.factor.paired else "no",
                "what else moves": one.factor.beside or "nothing",
            }
            for one in found
        ]
    )


def level_table(
    found: Sequence[Moved], names: Sequence[str], rivals: tuple[str, str]
) -> pd.DataFrame:
    """Return AP of every pipeline at every level of every factor, and the gap.

    Args:
        found: the factors.
        names: the pipelines.
        rivals: the best top-down and the best bottom-up of them.
    """
    return pd.DataFrame(
        [
            {"factor": one.factor.name, "level": _level(place), "people an image": _people(place)}
            | {name: _ap(place, name) for name in names}
            | {"gap": signed(gap(place, *rivals))}
            for one in found
            for place in one.places
        ]
    )


def change_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return how the gap moves with each factor, and the verdicts."""
    return pd.DataFrame([_change(one) for one in findings])


def loss_table(found: Sequence[Moved], names: Sequence[str]) -> pd.DataFrame:
    """Return what each pipeline loses or gains between the ends of each factor."""
    return pd.DataFrame(
        [
            {"factor": one.factor.name, "from → to": _ends(one)}
            | {name: _loss(one, name) for name in names}
            for one in found
        ]
    )


def unfinished_table(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Return everything that was planned and has no finished record, with its reason."""
    return pd.DataFrame(
        [
            {
                "pipeline": variant.name,
                "on": data_name(comparison.tested),
                "seed": str(one.experiment.seed),
                "reason": one.reason,
            }
            for comparison in comparisons
            for variant in comparison.variants
            for one in variant.unfinished
        ]
    )


def _change(finding: Finding) -> dict[str, str]:
    moved, change = finding.moved, finding.shift
    closing = sum(one.points.high < 0 for one in finding.others)
    opening = sum(one.points.low > 0 for one in finding.others)
    return {
        "factor": moved.factor.name,
        "from → to": _ends(moved),
        "gap at first": signed(finding.first),
        "gap at last": signed(finding.last),
        "Δ gap": signed(change.points if change else None),
        "Δ share of AP kept": signed(change.kept if change else None),
        "pairs that close / open": f"{closing} / {opening} of {len(finding.others)}",
        "favours bottom-up": f"**{finding.verdict}**",
    }


def _loss(moved: Moved, name: str) -> str:
    found = shift(moved, name)
    if found is None:
        return UNKNOWN
    kept = "" if found.kept is None else f"; keeps {100 * found.kept.value:.0f} %"
    return f"{signed(found.points)}{kept}"


def _ap(place: Place, name: str) -> str:
    variant = place.variant(name)
    return UNKNOWN if variant is None else percent(variant.estimate(AP))


def _people(place: Place) -> str:
    """Return the annotated people an image, of whatever run counted them."""
    for run in place.comparison.runs[:1]:
        positives = run.record["evidence"]["oks"]["positives"]
        return f"{sum(positives) / len(positives):.1f}"
    return UNKNOWN


def _ends(moved: Moved) -> str:
    first, last = moved.ends
    return f"{first.level.label} → {last.level.label}"


def _level(place: Place) -> str:
    return f"{place.level.label} (as in training)" if place.is_default else place.level.label
