"""The report of the suite ``claims``: the deck's eight claims, from the records of all suites."""

from pathlib import Path
from typing import Final

import pandas as pd

from bench.plan import Plan
from reports.paper.claims import CLAIMS, Decided, decided, whole
from reports.sections import write_page
from reports.tables.cells import UNKNOWN, markdown

TABLE: Final = "claims.csv"
_READ: Final = (
    "A part is decided by whole 95 % intervals, paired where two are set beside each other, or by "
    "counting; *not decided* stands wherever the interval says so, a row is missing, or a network "
    "learnt next to nothing. A claim *holds* where every part does, *does not hold* where one does "
    "not, and is *not decided* elsewhere. How each part is read, and how far it carries, stands in "
    "the report of the suite that decides it. What is decided on rendered scenes, at a preset's "
    "size, says nothing yet about photographs or the deck's sizes."
)


def write_report(folder: Path, plan: Plan) -> list[Path]:
    """Write the claims with their verdicts into the suite's folder; return the paths.

    Args:
        folder: of the suite; beside it lie the folders of the suites that decide.
        plan: of no experiments.
    """
    del plan  # the other suites' own, noted beside their records, decide what is read
    found = decided(folder.parent)
    folder.mkdir(parents=True, exist_ok=True)
    table = part_table(found)
    sections = [
        "# The deck's eight claims",
        markdown(claim_table(found), ["the deck claims", "decided by", "verdict"]),
        _READ,
        "## Part by part",
        markdown(table, [str(name) for name in table]),
    ]
    table.to_csv(folder / TABLE, index=False)
    return [write_page(folder, sections), folder / TABLE]


def claim_table(found: dict[int, list[Decided]]) -> pd.DataFrame:
    """Return a row a claim, with the verdict on the whole of it."""
    return pd.DataFrame(
        [
            {
                "claim": str(number),
                "the deck claims": CLAIMS[number],
                "decided by": _suites(parts),
                "verdict": f"**{whole(parts)}**",
            }
            for number, parts in found.items()
        ]
    )


def part_table(found: dict[int, list[Decided]]) -> pd.DataFrame:
    """Return a row for each part of each claim: what is claimed, and what was measured on what."""
    return pd.DataFrame(
        [
            {
                "claim": str(number),
                "part": one.part.name,
                "decided by": one.suite,
                "the deck": one.part.claimed,
                "measured, with its 95 % interval": one.part.measured,
                "verdict": one.part.verdict,
                "on": one.data or UNKNOWN,
            }
            for number, parts in found.items()
            for one in parts
        ]
    )


def _suites(parts: list[Decided]) -> str:
    return ", ".join(dict.fromkeys(f"`{one.suite}`" for one in parts))
