"""What a check of records says."""

from pathlib import Path

from bench.audit.check import NOTE, check_records


def told(weight: str, folder: Path, **options) -> list[str]:
    """Return what is found of one weight."""
    findings = check_records(folder, **options).findings
    return [f"{one.where}: {one.what}" for one in findings if one.weight == weight]


def only(weight: str, folder: Path, **options) -> str:
    """Return the one finding that is of ``weight`` where nothing else is more than a note."""
    findings = check_records(folder, **options).findings
    (finding,) = (one for one in findings if one.weight != NOTE)
    assert finding.weight == weight
    return f"{finding.where}: {finding.what}"
