"""One record an experiment: written atomically, and trusted only after it has been checked."""

import hashlib
import json
from pathlib import Path
from typing import Any

from bench.data.cache import file_digest
from bench.experiment import Experiment
from bench.jobs import (
    AnnotationExperiment,
    CeilingExperiment,
    FieldExperiment,
    GateExperiment,
    Job,
    LatencyExperiment,
    SpectrumExperiment,
    StageExperiment,
)
from bench.whole_files import write_whole

SCHEMA = 1
RECORD_FILE = "record.json"

#: What ``record.json`` holds, as plain JSON values; see README, "Records".
Record = dict[str, Any]

_KINDS: dict[str, type[Job]] = {
    "accuracy": Experiment,
    "ceiling": CeilingExperiment,
    "spectrum": SpectrumExperiment,
    "field": FieldExperiment,
    "gates": GateExperiment,
    "annotation": AnnotationExperiment,
    "latency": LatencyExperiment,
    "stages": StageExperiment,
}


def kind_of(job: Job) -> str:
    """Return the name of a job's kind, "accuracy" of an experiment."""
    return next(kind for kind, type_ in _KINDS.items() if isinstance(job, type_))


def job_of(kind: str, values: dict[str, Any]) -> Job:
    """Rebuild an experiment of ``kind`` from ``dataclasses.asdict`` of it.

    Raises:
        KeyError, TypeError: ``kind`` or a field is unknown or missing.
    """
    return _KINDS[kind].from_dict(values)


def write_record(folder: Path, record: Record) -> Path:
    """File a record under ``folder/<its key>/record.json`` and return the path.

    The schema, the sha256 of each artefact that lies beside it and the record's own digest are
    filled in here. A reader sees the whole record or none.

    Args:
        folder: of all records.
        record: key, kind, status, reason, experiment, measured, evidence, environment, started,
            seconds, command, and ``files``: the names of the artefacts (any iterable of names).

    Raises:
        ValueError: a number is not finite.
        OSError: the folder cannot be written, or an artefact is missing.
    """
    place = folder / record["key"]
    place.mkdir(parents=True, exist_ok=True)
    files = {name: file_digest(place / name) for name in sorted(record["files"])}
    # The trip through JSON turns tuples into lists, so the digest is that of what is read back.
    values = json.loads(json.dumps(record | {"schema": SCHEMA, "files": files}, allow_nan=False))
    values.pop("digest", None)  # of a record that is filed again
    complete = values | {"digest": digest_of(values)}
    path = place / RECORD_FILE
    write_whole(path, json.dumps(complete, indent=1, allow_nan=False).encode())
    return path


def read_record(folder: Path, key: str) -> tuple[Record | None, str]:
    """Return the record of ``key`` and "", or None and the reason why there is none to trust.

    Bad files never raise: what cannot be trusted is simply run again.
    """
    path = folder / key / RECORD_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None, "not run yet"
    except OSError as error:
        return None, f"cannot be read: {error.strerror}"
    except ValueError:
        return None, "torn: not valid JSON"
    reason = _distrust(record, key) or _changed_artefact(record.get("files", {}), folder / key)
    return (None, reason) if reason else (record, "")


def all_records(folder: Path) -> tuple[list[Record], dict[str, str]]:
    """Return the trusted records in order of their start, and key -> reason of the others."""
    trusted: list[Record] = []
    refused: dict[str, str] = {}
    for path in sorted(folder.glob(f"*/{RECORD_FILE}")):
        record, reason = read_record(folder, path.parent.name)
        if record is None:
            refused[path.parent.name] = reason
        else:
            trusted.append(record)
    return sorted(trusted, key=lambda record: (record["started"], record["key"])), refused


def _distrust(record: Any, key: str) -> str:
    """Return why the parsed file is not the record of ``key``; "" where it is."""
    if not isinstance(record, dict) or "digest" not in record:
        return "not a record"
    if record.get("schema") != SCHEMA:
        return f"schema {record.get('schema')} instead of {SCHEMA}"
    if record["digest"] != digest_of({name: record[name] for name in record if name != "digest"}):
        return "changed after it was written"
    try:
        own_key = job_of(record["kind"], record["experiment"]).key
    except (KeyError, TypeError, AttributeError):
        return "foreign: its experiment has other fields than this version's"
    if record["key"] != key or own_key != key:
        return f"foreign: it is the record of {own_key}"
    return ""


def _changed_artefact(files: dict[str, str], place: Path) -> str:
    for name, digest in files.items():
        try:
            intact = file_digest(place / name) == digest
        except OSError:
            return f"{name} is missing"
        if not intact:
            return f"{name} was changed"
    return ""


def digest_of(values: dict[str, Any]) -> str:
    """Return the sha256 of plain JSON values, whatever the order of their names."""
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
