"""The report of the suite ``table1``: the deck's Table 1 beside what was measured."""

from collections.abc import Callable, Sequence

import pandas as pd

from reports.measured.collection import Results
from reports.measured.results import AP, Estimate, Variant
from reports.measured.stages import TimedStages
from reports.page import report_of
from reports.paper import deck
from reports.paper.claim3 import (
    Pair,
    Trained,
    at_macs_input,
    pairs,
    parts,
    told_ratio,
    trained,
)
from reports.paper.prose import how_closely, how_read, inferred, verdicts_read
from reports.paper.verdicts import whole_verdict
from reports.tables.cells import UNKNOWN, figures, markdown, percent, signed
from reports.tables.claims import part_table
from reports.text.words import Words

PAF6, MSPAF3, RATIO = "PAF-6", "MSPAF-3", "MSPAF-3 / PAF-6"
_Cells = tuple[str, str, str]  # of PAF-6, MSPAF-3 and their ratio
_NOTHING: _Cells = (UNKNOWN, UNKNOWN, UNKNOWN)


def opening(results: Results) -> list[str]:
    """Return the sections on the table and on the claim."""
    measured, accuracy = pairs(results), trained(results)
    found = parts(measured, accuracy)
    verdicts = part_table(found, "MSPAF-3 has", "the deck claims")
    return [
        "## The deck's Table 1, and what was measured here",
        markdown(deck_table(measured, accuracy)),
        how_read(results, measured),
        f"## Claim 3, as far as it was measured here: {whole_verdict(found)}",
        markdown(verdicts, [str(name) for name in verdicts]),
        verdicts_read(accuracy),
        "## What is reproduced, and how closely",
        how_closely(measured, accuracy),
        inferred(),
    ]


def deck_table(measured: Sequence[Pair], accuracy: Trained | None) -> pd.DataFrame:
    """Return Table 1 with its columns as rows: the deck's and the measured figure of each method.

    Args:
        measured: the networks at full size, at each input size.
        accuracy: the trained pipelines.
    """
    counted = at_macs_input(measured)
    at_each: list[Pair | None] = [*measured] or [None]
    rows = [
        _row(
            "parameters, M",
            (f"{deck.PAF6.params_m}", f"{deck.MSPAF3.params_m}", f"{deck.PARAMS_RATIO}"),
            _here(counted, _params, lambda pair: pair.params),
        )
    ]
    for pair in at_each:
        printed = (f"{deck.PAF6.tera}", f"{deck.MSPAF3.tera}", f"about {deck.MACS_RATIO}")
        fits = pair is None or pair.input_size == deck.MACS_INPUT
        rows.append(
            _row(
                f"multiply-adds, T{_at(pair)}",
                printed if fits else _NOTHING,
                _here(pair, _macs, lambda pair: pair.macs),
            )
        )
    titan = (
        f"{deck.PAF6.titan_x_ms} (Titan X)",
        f"{deck.MSPAF3.titan_x_ms} (Titan X)",
        f"{deck.TIME_RATIO}",
    )
    rows += [
        _row(f"forward time, ms{_at(pair)}", titan, _here(pair, _median, lambda pair: pair.time))
        for pair in at_each
    ]
    return pd.DataFrame([*rows, _accuracy_row(accuracy)])


def _accuracy_row(accuracy: Trained | None) -> dict[str, str]:
    gain = deck.MSPAF3.ap - deck.PAF6.ap
    gain_jin = deck.MSPAF3_AP_JIN - deck.PAF6.ap
    printed = (
        f"{deck.PAF6.ap} (COCO)",
        f"{deck.MSPAF3.ap} (COCO; Jin et al. {deck.MSPAF3_AP_JIN})",
        f"{gain:+.1f} ({gain_jin:+.1f})",
    )
    if accuracy is None:
        return _row("mAP, %", printed, _NOTHING)
    difference = accuracy.difference
    here = (
        _ap(accuracy.paf6),
        _ap(accuracy.mspaf3),
        signed(difference),
    )
    return _row(f"mAP, % (here {accuracy.comparison.data.name}; difference)", printed, here)


def _row(what: str, printed: _Cells, here: _Cells) -> dict[str, str]:
    """Return a row of the deck's and the measured figures of PAF-6, MSPAF-3 and their ratio."""
    row = {"": what}
    for name, one, other in zip((PAF6, MSPAF3, RATIO), printed, here, strict=True):
        row |= {f"{name}, deck": one, f"{name}, here": other}
    return row


def _here(
    pair: Pair | None, told: Callable[[TimedStages], str], ratio: Callable[[Pair], Estimate]
) -> _Cells:
    """Return what was measured of both and their ratio."""
    if pair is None:
        return _NOTHING
    return told(pair.paf6), told(pair.mspaf3), told_ratio(ratio(pair))


def _params(stages: TimedStages) -> str:
    return f"{stages.cost['params'] / 1e6:.3f}"


def _macs(stages: TimedStages) -> str:
    return figures(stages.cost["gmac"] / 1e3)


def _at(pair: Pair | None) -> str:
    return "" if pair is None else f", {pair.input_size} px"


def _median(stages: TimedStages) -> str:
    times = stages.network
    ends = f"[{figures(times['low_ms'])}, {figures(times['high_ms'])}]"
    return f"{figures(times['median_ms'])} {ends}"


def _ap(variant: Variant | None) -> str:
    return UNKNOWN if variant is None else percent(variant.estimate(AP))


write_report = report_of(
    Words(
        title="Table 1 of the deck",
        question="The deck says that MSPAF-3, a multiscale part affinity network of three stages, "
        "beats PAF-6 in accuracy at a fraction of its cost. The networks are counted and timed "
        "here at full size with fresh weights; they are trained and judged on the data above.",
        thing="pipeline",
        reference="paf6",
        shape=(),
    ),
    opening,
)
