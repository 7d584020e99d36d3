"""Where and how the records of a report were made."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench.records import Record
from reports.tables.cells import markdown

#: What a field of ``bench.environment`` is called where its name alone would not tell.
NAMES = {
    "bf16": "bf16 instructions",
    "cores": "processor cores",
    "dirty": "files changed since the commit",
}


def provenance(records: Sequence[Record]) -> str:
    """Return the section on machine, versions, commit, dates and the commands that rerun it."""
    heading = "## Where and how this was measured"
    if not records:
        return f"{heading}\n\nNo record is finished, so nothing is known."
    parts = [heading, markdown(_environment(records), ["value"])]
    if any(record["environment"].get("dirty") for record in records):
        parts.append(
            "**Warning.** Some records were made from files that differ from their commit."
        )
    if any(len(values) > 1 for values in _fields(records).values()):
        parts.append(
            "Where a line has several values, the records were not all made alike; accuracies may "
            "be compared with care, training speeds not."
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
        rows.append({"": NAMES.get(name, name), "value": "; ".join(told)})
    dates = sorted(record["started"] for record in records)
    first, last = dates[0][:16].replace("T", " "), dates[-1][:16].replace("T", " ")
    rows.append({"": "date (UTC)", "value": first if first == last else f"{first} to {last}"})
    total = sum(record["seconds"] for record in records)
    rows.append({"": "sum of the experiments' times", "value": f"{total / 60:.1f} minutes"})
    return pd.DataFrame(rows)


def _fields(records: Sequence[Record]) -> dict[str, Counter[str]]:
    fields: dict[str, Counter[str]] = {}
    for record in records:
        for name, value in record["environment"].items():
            fields.setdefault(name, Counter())[_told(value)] += 1
    return fields


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
