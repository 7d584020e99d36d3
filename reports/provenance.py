"""Where and how the records of a report were made."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from bench.records import Record
from reports.results import Comparison, Timing
from reports.tables import markdown


def provenance(comparisons: Sequence[Comparison], timing: Timing) -> str:
    """Return the section on machine, versions, commit, dates and the commands that rerun it."""
    records = [
        run.record for one in comparisons for variant in one.variants for run in variant.runs
    ]
    if timing.record is not None:
        records.append(timing.record)
    heading = "## Where and how this was measured"
    if not records:
        return f"{heading}\n\nNo record is finished, so nothing is known."
    parts = [heading, markdown(_environment(records), ["value"])]
    if any(
        value is True for r in records for name, value in _flat(r["environment"]) if _dirty(name)
    ):
        parts.append(
            "**Warning.** Some records were made from files that differ from their commit."
        )
    if any(len(values) > 1 for values in _fields(records).values()):
        parts.append(
            "Where a line has several values, the records were made on different machines, "
            "versions or days; accuracies compare, training speeds may not."
        )
    commands = dict.fromkeys(record["command"] for record in records)
    parts.append("To run it again:\n\n```sh\n" + "\n".join(commands) + "\n```")
    return "\n\n".join(parts)


def _environment(records: Sequence[Record]) -> pd.DataFrame:
    rows = []
    for name, values in _fields(records).items():
        told = [
            value if len(values) == 1 else f"{value} ({count} of {len(records)} records)"
            for value, count in values.most_common()
        ]
        rows.append({"": name, "value": "; ".join(told)})
    dates = sorted(record["started"] for record in records)
    first, last = dates[0][:16].replace("T", " "), dates[-1][:16].replace("T", " ")
    rows.append({"": "date (UTC)", "value": first if first == last else f"{first} to {last}"})
    total = sum(record["seconds"] for record in records)
    rows.append({"": "time in all", "value": f"{total / 60:.1f} minutes"})
    return pd.DataFrame(rows)


def _fields(records: Sequence[Record]) -> dict[str, Counter[str]]:
    fields: dict[str, Counter[str]] = {}
    for record in records:
        for name, value in _flat(record["environment"]):
            fields.setdefault(name, Counter())[_told(value)] += 1
    return fields


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name} ")
        else:
            yield prefix + name.replace("_", " "), value


def _dirty(name: str) -> bool:
    return name.endswith("dirty")


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "none"
    return "unknown" if value in (None, "") else str(value)
