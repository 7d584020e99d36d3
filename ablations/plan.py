"""The plan of the last run, noted beside its records."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.experiment import Experiment
from bench.jobs import (
    AnnotationExperiment,
    CeilingExperiment,
    FieldExperiment,
    GateExperiment,
    LatencyExperiment,
    SpectrumExperiment,
    StageExperiment,
)
from bench.plan import Plan
from bench.problem import Problem
from bench.records import all_records

_FILE = "plan.json"
_KINDS = ("accuracy", "ceiling", "latency", "stages", "spectrum", "field", "gates", "annotation")


def sizes(plan: Plan) -> str:
    """Return the matched size of each variant and how far it is off, in one line."""
    by_variant = {
        one.variant: plan.matches[one.key] for one in plan.experiments if one.key in plan.matches
    }
    rules = sorted({match["rule"] for match in by_variant.values()})
    told = (
        f"{variant} {match['depth']} x {match['width']} ({match['mismatch']:+.1%})"
        for variant, match in by_variant.items()
    )
    return f"depth x width, matched by {', '.join(rules)}: {', '.join(told)}"


def save_plan(folder: Path, plan: Plan) -> None:
    """Note beside the records which of them belong together, for a later ``--report-only``.

    Raises:
        Problem: the folder cannot be written.
    """
    values = {
        "accuracy": [asdict(one) for one in plan.experiments],
        "ceiling": [asdict(one) for one in plan.ceilings],
        "latency": [asdict(plan.latency)] if plan.latency else [],
        "stages": [asdict(one) for one in plan.stages],
        "spectrum": [asdict(one) for one in plan.spectra],
        "field": [asdict(one) for one in plan.fields],
        "gates": [asdict(one) for one in plan.gates],
        "annotation": [asdict(one) for one in plan.annotations],
    }
    partial = folder / f"{_FILE}.{os.getpid()}.partial"
    try:
        partial.write_text(json.dumps(values), encoding="utf-8")
        partial.replace(folder / _FILE)
    except OSError as error:
        raise Problem(
            f"cannot write {folder / _FILE} ({error.strerror}); choose another --out"
        ) from error


def stored_plan(folder: Path) -> Plan:
    """Return the plan of the last run; where its note is lost, everything that has a record."""
    try:
        return _plan(json.loads((folder / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    by_kind: dict[str, list[dict[str, Any]]] = {name: [] for name in _KINDS}
    for record in all_records(folder / "records")[0]:
        by_kind[record["kind"]].append(record["experiment"])
    return _plan(by_kind)


def _plan(values: dict[str, list[dict[str, Any]]]) -> Plan:
    latency = [LatencyExperiment.from_dict(one) for one in values["latency"]]
    return Plan(
        tuple(Experiment.from_dict(one) for one in values["accuracy"]),
        latency[-1] if latency else None,
        ceilings=tuple(CeilingExperiment.from_dict(one) for one in values["ceiling"]),
        stages=tuple(StageExperiment.from_dict(one) for one in values["stages"]),
        # Notes that are older than these kinds lack them.
        spectra=tuple(SpectrumExperiment.from_dict(one) for one in values.get("spectrum", ())),
        fields=tuple(FieldExperiment.from_dict(one) for one in values.get("field", ())),
        gates=tuple(GateExperiment.from_dict(one) for one in values.get("gates", ())),
        annotations=tuple(
            AnnotationExperiment.from_dict(one) for one in values.get("annotation", ())
        ),
    )
