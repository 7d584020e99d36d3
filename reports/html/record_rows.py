"""Protocol and environment of every record of a suite, as rows for the page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.experiment import Experiment
from bench.records import Record, all_records, job_of
from reports.measured.results import RECORDS
from reports.provenance import NAMES
from reports.text.words import data_name

#: Of the environment, what may differ between records of one machine and one commit.
_OF_A_RUN = ("threads",)


@dataclass(frozen=True)
class RecordRow:
    """One record.

    Attributes:
        key: of it.
        what: its variant, or its kind where it is of several.
        seed: of its training, "" where it has none.
        kind: "accuracy", "latency" and so on.
        status: "done", or why it failed.
        facts: everything else by name, protocol first.
        environment: number of its environment in the suite, from 1.
    """

    key: str
    what: str
    seed: str
    kind: str
    status: str
    facts: dict[str, str]
    environment: int


@dataclass(frozen=True)
class RecordTable:
    """The records of a suite, and the environments that they were made in."""

    rows: tuple[RecordRow, ...]
    environments: tuple[dict[str, str], ...]
    refused: dict[str, str]  #: key -> why it is not trusted


def record_table(folder: Path) -> RecordTable:
    """Return every record of a suite's folder by its start, and those that are not trusted."""
    records, refused = all_records(folder / RECORDS)
    environments: list[dict[str, str]] = []
    rows = []
    for record in records:
        environment = {
            NAMES.get(name, name): _told(value)
            for name, value in record["environment"].items()
            if name not in _OF_A_RUN
        }
        if environment not in environments:
            environments.append(environment)
        rows.append(_row(record, environments.index(environment) + 1))
    return RecordTable(tuple(rows), tuple(environments), refused)


def _row(record: Record, environment: int) -> RecordRow:
    job = job_of(record["kind"], record["experiment"])
    facts = _facts(job) if isinstance(job, Experiment) else {}
    facts |= {name: _told(record["environment"].get(name)) for name in _OF_A_RUN}
    facts["started (UTC)"] = record["started"][:16].replace("T", " ")
    facts["took, s"] = f"{record['seconds']:,.0f}"
    facts["command"] = record["command"]
    return RecordRow(
        key=record["key"],
        what=str(getattr(job, "variant", None) or getattr(job, "block", None) or record["kind"]),
        seed=str(job.seed) if isinstance(job, Experiment) else "",
        kind=record["kind"],
        status=record["status"] if record["status"] == "done" else f"failed: {record['reason']}",
        facts=facts,
        environment=environment,
    )


def _facts(job: Experiment) -> dict[str, str]:
    spec = job.train
    trained = f"{spec.steps:,} steps of {spec.batch_size}, lr {spec.learning_rate:g}"
    return {
        "protocol": str(job.protocol),
        "trained on": data_name(job.data),
        "judged on": data_name(job.judged_on),
        "model": _listed(job.model.name, job.model.arguments),
        "training": f"{trained}, {spec.precision} on {spec.device}",
    }


def _listed(name: str, arguments: dict[str, Any]) -> str:
    told = ", ".join(f"{key} {value}" for key, value in sorted(arguments.items()))
    return f"{name} ({told})" if told else name


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
