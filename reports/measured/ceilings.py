"""The oracle ceiling: the AP that representation and grouping leave, without any network."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.experiment import ModelSpec
from bench.jobs import CeilingExperiment
from bench.metrics.intervals import interval
from bench.records import Record
from reports.measured.results import AP, RECORDS, Comparison, Estimate, bootstrap, finished
from reports.tables.cells import UNKNOWN, percent

TRUTH = "nothing: the truth itself, as detections"


@dataclass(frozen=True)
class Step:
    """The AP, as a fraction, when one more cause of loss is let in; the first cause is ""."""

    cause: str
    ap: float


@dataclass(frozen=True)
class Ceiling:
    """What one decoder makes of its own targets, or why that is not known.

    Attributes:
        experiment: what was planned.
        record: of it.
        reason: "" or why there is no record to trust.
        steps: from the truth itself to the decoder's own result; empty without a record.
        estimate: AP of the last step; None without a record.
    """

    experiment: CeilingExperiment
    record: Record | None
    reason: str
    steps: tuple[Step, ...]
    estimate: Estimate | None

    @property
    def measured(self) -> dict[str, Any]:
        """What was measured; empty without a record."""
        return self.record["measured"] if self.record else {}


def read_ceilings(folder: Path, experiments: Sequence[CeilingExperiment]) -> list[Ceiling]:
    """Return the ceilings of a suite in the order of the plan.

    Args:
        folder: of the suite; holds ``records``.
        experiments: those that were planned.
    """
    return [_read(folder, experiment) for experiment in experiments]


def ceilings_of(comparison: Comparison, ceilings: Sequence[Ceiling]) -> dict[str, Estimate]:
    """Return the ceiling of each variant of a comparison, as far as it was measured.

    It must have been measured on the same data at the same input size, with the same targets and
    decoder.
    """
    found = {}
    for variant in comparison.variants:
        for ceiling in ceilings:
            planned = ceiling.experiment
            same = (
                planned.data == comparison.tested
                and planned.protocol.input_size == comparison.protocol.input_size
                and planned.protocol.decoder == comparison.protocol.decoder
                and _decoding(planned.model) == _decoding(variant.experiments[0].model)
            )
            if same and ceiling.estimate is not None:
                found[variant.name] = ceiling.estimate
    return found


def ceiling_table(ceilings: Sequence[Ceiling]) -> pd.DataFrame:
    """Return the AP after each cause of loss and what the cause costs, a column pair a ceiling."""
    done = [one for one in ceilings if one.estimate is not None]
    causes = list(dict.fromkeys(step.cause for one in done for step in one.steps))
    rows = [
        {"what is lost": cause or TRUTH}
        | {name: cell for one in done for name, cell in _cells(one, cause).items()}
        for cause in causes
    ]
    if not rows:
        return pd.DataFrame()
    in_all = {"what is lost": "**in all, the ceiling**"}
    for one in done:
        assert one.estimate is not None
        name = one.experiment.variant
        in_all[f"AP, {name}"] = percent(one.estimate)
        in_all[f"costs, {name}"] = _points(one.steps[0].ap - one.steps[-1].ap)
    return pd.DataFrame([*rows, in_all])


def ceilings_frame(ceilings: Sequence[Ceiling]) -> pd.DataFrame:
    """Return the raw steps, one row for each ceiling and cause."""
    return pd.DataFrame(
        [
            {
                "ceiling": one.experiment.variant,
                "pipeline": one.experiment.model.name,
                "stride_px": one.measured["stride"],
                "data": one.experiment.data.name,
                "input_size_px": one.experiment.protocol.input_size,
                "images": one.measured["images"],
                "people": one.measured["people"],
                "step": number,
                "cause": step.cause,
                "AP_fraction": step.ap,
                "key": one.experiment.key,
            }
            for one in ceilings
            for number, step in enumerate(one.steps)
        ]
    )


def _read(folder: Path, experiment: CeilingExperiment) -> Ceiling:
    record, reason = finished(folder / RECORDS, experiment.key)
    if record is None:
        return Ceiling(experiment, None, reason, (), None)
    measured = record["measured"]
    steps = tuple(Step(step["cause"], step["AP"]) for step in measured["steps"])
    ends = interval(bootstrap(record["evidence"])[AP])
    return Ceiling(experiment, record, "", steps, Estimate(measured["accuracy"][AP], *ends))


def _cells(ceiling: Ceiling, cause: str) -> dict[str, str]:
    at = next((i for i, step in enumerate(ceiling.steps) if step.cause == cause), None)
    ap = UNKNOWN if at is None else f"{100 * ceiling.steps[at].ap:.1f}"
    cost = UNKNOWN
    if at:
        cost = _points(ceiling.steps[at - 1].ap - ceiling.steps[at].ap)
    name = ceiling.experiment.variant
    return {f"AP, {name}": ap, f"costs, {name}": cost}


def _points(difference: float) -> str:
    return f"{100 * difference:z.1f}"  # z: a loss of nothing is not -0.0


def _decoding(model: ModelSpec) -> tuple[Any, ...]:
    """Return all that decides a pipeline's targets and decoder besides data and input size.

    A stride that is not given is the pipeline's own.
    """
    arguments = model.arguments
    others = (arguments.get(name) for name in ("sigma", "half_width", "grouping"))
    return (arguments.get("stride", model.name), *others)
