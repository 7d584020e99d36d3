"""What a suite is going to run: experiments, their matched sizes and one timing of them all."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.experiment import Experiment, LatencyExperiment
from bench.problem import Problem
from bench.records import all_records

_FILE = "plan.json"


@dataclass(frozen=True)
class Plan:
    """A suite's experiments in table order.

    Attributes:
        experiments: trained and measured one by one.
        latency: the timing of those that succeed; None where nothing is to be timed.
        matches: experiment key -> how its size was matched, as a record holds it.
    """

    experiments: list[Experiment]
    latency: LatencyExperiment | None
    matches: dict[str, dict[str, Any]] = field(default_factory=dict)

    def sizes(self) -> str:
        """Return the matched size of each variant and how far it is off, in one line."""
        by_variant = {
            one.variant: self.matches[one.key]
            for one in self.experiments
            if one.key in self.matches
        }
        rules = sorted({match["rule"] for match in by_variant.values()})
        sizes = (
            f"{variant} {match['depth']} x {match['width']} ({match['mismatch']:+.1%})"
            for variant, match in by_variant.items()
        )
        return f"depth x width, matched by {', '.join(rules)}: {', '.join(sizes)}"


def save_plan(folder: Path, plan: Plan) -> None:
    """Note beside the records which of them belong together, for a later ``--report-only``.

    Raises:
        Problem: the folder cannot be written.
    """
    values = {
        "experiments": [asdict(experiment) for experiment in plan.experiments],
        "latency": asdict(plan.latency) if plan.latency else None,
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
        values = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return _plan(values["experiments"], values["latency"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    records, _ = all_records(folder / "records")
    accuracy = [record["experiment"] for record in records if record["kind"] == "accuracy"]
    latency = [record["experiment"] for record in records if record["kind"] == "latency"]
    return _plan(accuracy, latency[-1] if latency else None)


def _plan(experiments: list[dict[str, Any]], latency: dict[str, Any] | None) -> Plan:
    return Plan(
        [Experiment.from_dict(values) for values in experiments],
        LatencyExperiment.from_dict(latency) if latency else None,
    )
