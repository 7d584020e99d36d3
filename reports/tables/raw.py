"""The raw numbers of a suite, one row for each variant and seed, for other programs."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench.experiment import Experiment
from reports.measured.clocks import Clock
from reports.measured.results import SECONDARY, Comparison, Run, Unfinished, Variant
from reports.text.words import data_name

_TIMES = ("median_ms", "p05_ms", "p95_ms", "low_ms", "high_ms")
# Kept since some records had been published.
_LATER = ("processor_seconds",)
_LATER_TIMES = ("p90_ms", "p99_ms", "peak_bytes", "joules_per_image")
_ARGUMENTS = ("block", "depth", "width", "stages", "stride")


def results_frame(comparisons: Sequence[Comparison], clocks: Sequence[Clock]) -> pd.DataFrame:
    """Return every experiment of the comparisons, units in the column names."""
    rows = [
        _row(variant, one, clocks)
        for comparison in comparisons
        for variant in comparison.variants
        for one in _by_seed(variant)
    ]
    return pd.DataFrame(rows).convert_dtypes()  # whole numbers stay whole beside empty cells


def _by_seed(variant: Variant) -> list[Run | Unfinished]:
    everything: list[Run | Unfinished] = [*variant.runs, *variant.unfinished]
    return sorted(everything, key=lambda one: one.experiment.seed)


def _row(variant: Variant, one: Run | Unfinished, clocks: Sequence[Clock]) -> dict[str, Any]:
    experiment = one.experiment
    row: dict[str, Any] = {
        "variant": variant.name,
        "seed": experiment.seed,
        "status": "done" if isinstance(one, Run) else "unfinished",
        "reason": "" if isinstance(one, Run) else one.reason,
    }
    row |= _settings(experiment)
    if isinstance(one, Run):
        row |= _measurements(one)
    for clock in clocks:
        times = clock.times.get(experiment.key, {})
        row |= {f"{clock.field}_{name}": times.get(name) for name in _TIMES}
        row |= {f"{clock.field}_{name}": times[name] for name in _LATER_TIMES if name in times}
    return row | {"protocol": str(experiment.protocol), "key": experiment.key}


def _settings(experiment: Experiment) -> dict[str, Any]:
    arguments = experiment.model.arguments
    return {
        "pipeline": experiment.model.name,
        **{name: arguments[name] for name in _ARGUMENTS if name in arguments},
        "data": data_name(experiment.data),
        **({"judged_on": data_name(experiment.tested)} if experiment.tested else {}),
        "input_size_px": experiment.protocol.input_size,
        "train_steps": experiment.train.steps,
        "batch_size": experiment.train.batch_size,
        "precision": experiment.train.precision,
        "device": experiment.train.device,
    }


def _measurements(run: Run) -> dict[str, Any]:
    measured = run.measured
    cost, training = measured["cost"], measured["training"]
    row: dict[str, Any] = {
        "params": cost["params"],
        "fvcore_GMAC": cost["gmac"],
        "torch_GMAC": cost["gmac_torch"],
        "GFLOP": cost["gflop"],
        "activations_M": cost["activations_m"],
    }
    for statistic in run.samples:
        estimate = run.estimate(statistic)
        row[f"{statistic}_fraction"] = estimate.value
        row[f"{statistic}_low95_fraction"] = estimate.low
        row[f"{statistic}_high95_fraction"] = estimate.high
    row |= {f"{name}_fraction": run.accuracy(name) for name in SECONDARY}
    row |= {
        "train_images_per_s": training["images_per_second"],
        "train_s": training["seconds"],
        **{f"train_{name}": training[name] for name in _LATER if name in training},
        "final_loss": training["final_loss"],
        "trained_by": measured.get("trained_by") or None,
    }
    match = measured.get("match") or {}
    return row | {
        "match_rule": match.get("rule"),
        "match_target": match.get("target"),
        "match_value": match.get("value"),
        "match_mismatch_fraction": match.get("mismatch"),
    }
