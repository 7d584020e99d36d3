"""What each variant costs by every counter, how far they agree, and what none of them counts."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from bench.cost import apart
from bench.counting.uncounted import by_reason, named
from reports.measured.results import Comparison
from reports.tables.cells import UNKNOWN, figures, markdown
from reports.text import audit as text
from reports.text.words import Words

AGREE = 0.02  # counters that differ by more are named in the report
#: Field of a record's cost -> its heading. Records from before one was counted lack it.
_COUNTERS = {
    "gmac": "GMAC (fvcore)",
    "gmac_torch": "GMAC (torch)",
    "gmac_closed_form": "GMAC (closed form)",
}
_UNCOUNTED = "not counted"


def cost_sections(comparison: Comparison, words: Words, heading: str) -> list[str]:
    """Return the section on costs; empty where nothing finished.

    Args:
        comparison: whose they are.
        words: of the suite.
        heading: what its heading ends with.
    """
    costs = dict(_costs(comparison))
    if not costs:
        return []
    operations = [one for cost in costs.values() for one in cost["uncounted"]]
    return [
        f"## Cost{heading}",
        markdown(cost_table(comparison, words), [_UNCOUNTED]),
        text.COST,
        text.reasons(by_reason(operations)),
        *(f"**Warning.** {one}" for one in counters_apart(comparison)),
    ]


def cost_table(comparison: Comparison, words: Words) -> pd.DataFrame:
    """Return what each variant costs, by each counter, and what none of them counted.

    Where the cost of one of them depends on people, for how many it was counted.
    """
    costs = dict(_costs(comparison))
    counts_people = any(cost.get("people") is not None for cost in costs.values())
    return pd.DataFrame(
        [
            {
                words.thing: name,
                "input": cost["input"],
                **({"people": _people(cost)} if counts_people else {}),
                "params": f"{cost['params']:,}",
                **{head: _count(cost.get(field)) for field, head in _COUNTERS.items()},
                "GFLOP": figures(cost["gflop"]),
                "activations, M": figures(cost["activations_m"]),
                _UNCOUNTED: ", ".join(map(_called, cost["uncounted"])) or "nothing",
            }
            for name, cost in costs.items()
        ]
    )


def counters_apart(comparison: Comparison) -> list[str]:
    """Return a sentence for each variant whose counts differ by more than 2 %."""
    sentences = []
    for name, cost in _costs(comparison):
        counts = {head: cost.get(field) for field, head in _COUNTERS.items()}
        if (share := apart(*counts.values())) > AGREE:
            told = ", ".join(f"{_count(count)} {head}" for head, count in counts.items())
            sentences.append(
                f"{name}: {told}; they are {100 * share:.0f} % apart: trust none of them before "
                "you know why."
            )
    return sentences


def _costs(comparison: Comparison) -> Iterator[tuple[str, dict[str, Any]]]:
    for variant in comparison.variants:
        for run in variant.runs[:1]:
            yield variant.name, run.measured["cost"]


def _count(gmac: float | None) -> str:
    return UNKNOWN if gmac is None else figures(gmac)


def _people(cost: dict[str, Any]) -> str:
    people = cost.get("people")
    return "any" if people is None else str(people)


def _called(operation: str) -> str:
    """Return ``sigmoid x2`` of ``aten::sigmoid x2``."""
    return f"{named(operation)} {operation.split()[1]}"
