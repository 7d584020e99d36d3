"""Inference options priced: what flip and several scales give the same weights, and cost."""

from collections.abc import Sequence

import pandas as pd

from reports.measured.clocks import Clock
from reports.measured.results import AP, Comparison, Variant, is_plain
from reports.tables.cells import UNKNOWN, figures, percent, signed
from reports.text.words import Words, inference


def option_table(
    comparisons: Sequence[Comparison], clocks: Sequence[Clock], words: Words
) -> pd.DataFrame:
    """Return each variant in every inference option it was measured in, the plain one first.

    The rows of one variant hold the same weights and the same images, so the difference from its
    plain row is paired. Empty where there is but one option.
    """
    rows = []
    for plain in comparisons:
        others = [one for one in comparisons if _is_option(one, plain)]
        for variant in plain.variants:
            mates = [(one, mate) for one in others if (mate := _mate(variant, one)) is not None]
            if mates:
                rows.append(_row(variant, variant, plain, clocks, words))
                rows += [_row(mate, variant, one, clocks, words) for one, mate in mates]
    frame = pd.DataFrame(rows)
    return frame.loc[:, (frame != UNKNOWN).any()]  # times that nobody took are no column


def repeats_training(comparison: Comparison, earlier: Sequence[Comparison]) -> bool:
    """Return whether all of a comparison's weights were already seen in earlier ones."""
    seen = {key for one in earlier for key in _trainings(one)}
    return _trainings(comparison) <= seen


def _trainings(comparison: Comparison) -> set[str]:
    return {one.training_key for variant in comparison.variants for one in variant.experiments}


def _is_option(comparison: Comparison, plain: Comparison) -> bool:
    return (
        is_plain(plain.protocol)
        and not is_plain(comparison.protocol)
        and (comparison.data, comparison.tested) == (plain.data, plain.tested)
    )


def _mate(variant: Variant, comparison: Comparison) -> Variant | None:
    """Return the row of another protocol that holds the weights of ``variant``."""
    trainings = {one.training_key for one in variant.experiments}
    for one in comparison.variants:
        if {other.training_key for other in one.experiments} <= trainings:
            return one
    return None


def _row(
    variant: Variant,
    plain: Variant,
    comparison: Comparison,
    clocks: Sequence[Clock],
    words: Words,
) -> dict[str, str]:
    row = {words.thing: variant.name, "inference": inference(comparison.protocol)}
    gain = variant.difference(plain, AP) if variant.runs and variant is not plain else None
    row["AP"] = percent(variant.estimate(AP)) if variant.runs else UNKNOWN
    row["Δ AP from single scale"] = signed(gain)
    row["by AP"] = UNKNOWN if gain is None else gain.verdict
    row["GMAC"] = _priced(_gmac(variant), _gmac(plain))
    for clock in clocks:
        times, before = clock.of(variant), clock.of(plain)
        row[clock.column] = _priced(
            times["median_ms"] if times else None, before["median_ms"] if before else None
        )
    return row


def _gmac(variant: Variant) -> float | None:
    return variant.runs[0].measured["cost"]["gmac"] if variant.runs else None


def _priced(cost: float | None, plain: float | None) -> str:
    """Return a cost and how many times the plain one it is."""
    if cost is None:
        return UNKNOWN
    return f"{figures(cost)} (×{cost / plain:.2f})" if plain else figures(cost)
