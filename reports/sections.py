"""The sections that pages of several suites have, and a page as a file."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from bench.records import Record
from reports.measured.results import Comparison
from reports.provenance import provenance
from reports.tables.cells import markdown
from reports.tables.comparisons import STANDING, accuracy_table
from reports.text import prose
from reports.text.setting import setting
from reports.text.words import Words

REPORT: Final = "report.md"


def tabled(heading: str, frame: pd.DataFrame, text_columns: Sequence[str] = ()) -> list[str]:
    """Return a table under a heading, or nothing where it has no rows.

    Args:
        heading: with its hashes.
        frame: of the table.
        text_columns: that are aligned to the left beside the first.
    """
    return [heading, markdown(frame, text_columns)] if len(frame) else []


def embedded(pictures: Iterable[Path], told: str) -> list[str]:
    """Return pictures of a report's own folder, each with what it shows."""
    return [f"![{told}: {path.stem}]({path.name})" for path in pictures]


def described(comparison: Comparison, words: Words) -> list[str]:
    """Return how networks were sized, trained and judged, and what they reached; without times."""
    table = markdown(accuracy_table(comparison, [], words, {}), [STANDING])
    return [setting(comparison, words), table, prose.reading(comparison, "")]


def unfinished(frame: pd.DataFrame, text_columns: Sequence[str] = ("reason",)) -> list[str]:
    """Return what did not finish, where something did not."""
    return tabled("## What did not finish", frame, text_columns)


def closing(comparisons: Sequence[Comparison], records: Sequence[Record], *notes: str) -> list[str]:
    """Return the last sections: what intervals cover, with notes on it, and the provenance."""
    return [
        prose.INTERVALS_HEADING,
        prose.intervals(comparisons),
        *notes,
        provenance(records),
    ]


def write_page(folder: Path, sections: Iterable[str]) -> Path:
    """Write a suite's report of all sections that are not empty, and return its path."""
    path = folder / REPORT
    path.write_text("\n\n".join(filter(None, sections)) + "\n", encoding="utf-8")
    return path
