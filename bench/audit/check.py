"""Whether a folder's records can still be believed: whole, agreeing with each other, up to date."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.audit.code_changes import changes_since
from bench.audit.faults import disagreements, faults, left_out
from bench.audit.staleness import Present
from bench.environment import UNKNOWN
from bench.jobs import Job
from bench.plugin import load_plugin
from bench.problem import Problem
from bench.records import RECORD_FILE, Record, job_of, read_record
from bench.running.titles import title_of

_RECORDS = "records"  # the folder of all records inside a suite's folder
BROKEN, STALE, NOTE = "broken", "stale", "note"
#: Of a record, beyond those by which ``bench.records`` knows it.
_FIELDS = (
    *("status", "reason", "measured", "evidence"),
    *("environment", "started", "seconds", "command"),
)


@dataclass(frozen=True)
class Finding:
    """Something to say of a record, or of several.

    Attributes:
        weight: "broken" where the record cannot be believed, "stale" where it can and today's
            code or data would make another, "note" where a reader may judge.
        where: the suite and the record's key and title, or how many records.
        what: a clause.
    """

    weight: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.weight:<6} {self.where}: {self.what}"


@dataclass(frozen=True)
class Check:
    """What was found in the records of some folders.

    Attributes:
        folders: how many.
        records: how many, the broken ones too.
        findings: those of most weight first.
    """

    folders: int
    records: int
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is broken or stale."""
        return all(one.weight == NOTE for one in self.findings)

    @property
    def summary(self) -> str:
        """The line that tells how many there are of each kind."""
        count = Counter(one.weight for one in self.findings)
        folders = f"{self.folders} folder{'s' * (self.folders > 1)}"
        found = ", ".join(
            f"{count[weight]} {told}{'s' * (count[weight] > 1)}"
            for weight, told in ((BROKEN, "fault"), (STALE, "stale point"), (NOTE, "note"))
            if count[weight]
        )
        sound = "sound and up to date" if self.is_sound else ""
        told = "; ".join(part for part in (sound, found) if part)
        return f"{self.records} record{'s' * (self.records > 1)} in {folders}: {told}"


def check_records(folder: Path, root: Path | None = None, plugin: Path | None = None) -> Check:
    """Check every record under ``folder``, against the others and against today's code and data.

    Args:
        folder: of records, of a suite, or of several suites.
        root: the folder of a data set on disk; without it, such data are not compared.
        plugin: the user's file; without it, what it registered is not compared.

    Raises:
        Problem: there is no such folder, no record in it, or the plugin cannot be loaded.
    """
    if root is not None and not root.is_dir():
        raise Problem(f"--data-root {root} is not a folder; give that of the data set")
    places = _places(folder)
    present = Present(root, load_plugin(plugin).digest if plugin else "")
    findings = [finding for place in places for finding in _findings(place, present)]
    order = (BROKEN, STALE, NOTE)
    return Check(
        len(places),
        sum(1 for place in places for _ in place.glob(f"*/{RECORD_FILE}")),
        tuple(sorted(findings, key=lambda one: order.index(one.weight))),
    )


def _places(folder: Path) -> list[Path]:
    """Return the folders of records at or under ``folder`` that hold any."""
    if not folder.is_dir():
        raise Problem(f"--check-records {folder}: there is no such folder")
    own = folder / _RECORDS
    inside = [own] if own.is_dir() else sorted(folder.glob(f"*/{_RECORDS}"))
    places = [one for one in inside or [folder] if any(one.glob(f"*/{RECORD_FILE}"))]
    if not places:
        raise Problem(
            f"--check-records {folder} holds no records; give a folder of records, of a suite, or "
            "of several suites' results"
        )
    return places


def _findings(place: Path, present: Present) -> Iterator[Finding]:
    resolved = place.resolve()
    suite = resolved.parent.name if resolved.name == _RECORDS else resolved.name
    trusted: list[Record] = []
    for path in sorted(place.glob(f"*/{RECORD_FILE}")):
        record, reason = _read(place, path.parent.name)
        if record is None:
            yield Finding(BROKEN, f"{suite} {path.parent.name}{_claimed_title(path)}", reason)
        else:
            trusted.append(record)
    trusted.sort(key=lambda record: (record["started"], record["key"]))
    for record in trusted:
        where = f"{suite} {_named(record)}"
        for fault in faults(record, lambda key: _find(place, key)):
            yield Finding(BROKEN, where, fault)
        for reason in present.outdated(_job(record)):
            yield Finding(STALE, where, reason)
    for reason in disagreements(trusted):
        yield Finding(BROKEN, suite, reason)
    for note, those in _notes(trusted, present).items():
        where = _named(those[0]) if len(those) == 1 else f"{len(those)} records"
        yield Finding(NOTE, f"{suite} {where}", note)
    for one in sorted(place.iterdir()):
        if one.is_dir() and not (one / RECORD_FILE).exists():
            yield Finding(NOTE, f"{suite} {one.name}", "unfinished; the next run finishes it")


def _read(place: Path, key: str) -> tuple[Record | None, str]:
    """Return the record of ``key`` and "", or None and why it is not one."""
    try:
        record, reason = read_record(place, key)
    except (LookupError, TypeError, AttributeError):
        return None, "foreign: a field is missing or of another type"
    missing = [name for name in _FIELDS if record is not None and name not in record]
    return (None, f"foreign: it has no {', '.join(missing)}") if missing else (record, reason)


def _find(place: Path, key: str) -> tuple[Record | None, str]:
    """Return the record of ``key``, also from a suite that this one may have taken records from."""
    record, reason = _read(place, key)
    for other in sorted(place.parent.parent.glob(f"*/{place.name}/{key}")):
        if record is None:
            record, _ = _read(other.parent, key)
    return record, "" if record else reason


def _notes(records: Sequence[Record], present: Present) -> dict[str, list[Record]]:
    """Return each thing that a reader may judge, with the records that it is true of."""
    notes: dict[str, list[Record]] = {}
    origins: dict[tuple[str, bool | None], list[Record]] = {}
    for record in records:
        told = [f"not compared: {reason}" for reason in present.unchecked(_job(record))]
        if record["status"] == "failed":
            told.append(f"failed, and the next run tries it again: {record['reason']}")
        if left_out(record):
            told.append(f"filed without {', '.join(left_out(record))}")
        for note in told:
            notes.setdefault(note, []).append(record)
        environment = record["environment"]
        origin = (environment.get("commit", UNKNOWN), environment.get("dirty"))
        origins.setdefault(origin, []).append(record)
    for (commit, dirty), those in origins.items():
        for note in changes_since(commit, dirty):
            notes.setdefault(note, []).extend(those)
    return notes


def _job(record: Record) -> Job:
    return job_of(record["kind"], record["experiment"])


def _named(record: Record) -> str:
    return f"{record['key']} ({title_of(_job(record))})"


def _claimed_title(path: Path) -> str:
    """Return what a broken record says that it is of, in brackets; "" where it says nothing."""
    try:
        return f" ({title_of(_job(json.loads(path.read_text(encoding='utf-8'))))})"
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ""
