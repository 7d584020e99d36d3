"""Comparisons as pandas frames, and those as Markdown and CSV."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench.experiment import Experiment
from reports.results import AP, PCK, Comparison, Estimate, Run, Timing, Unfinished, Variant

UNKNOWN = "–"
COUNTERS_AGREE = 0.02  # two counters that differ by more are named in the report
SECONDARY = ("AP50", "AP75", "AR")


def accuracy_table(comparison: Comparison, timing: Timing) -> pd.DataFrame:
    """Return the main table: ranked rows, the baseline, then what did not finish."""
    ranked = comparison.ranked
    rows = [_accuracy_row(one, _standing(one, ranked[0]), comparison, timing) for one in ranked]
    if comparison.baseline:
        rows.append(
            _accuracy_row(comparison.baseline, "zero skill, not ranked", comparison, timing)
        )
    for variant in comparison.variants:
        if not variant.runs:
            rows.append(_empty_row(variant, timing))
    return pd.DataFrame(rows)


def difference_table(comparison: Comparison) -> pd.DataFrame:
    """Return each variant's difference from the reference, paired, with a verdict."""
    reference = comparison.reference
    rows = []
    for variant in comparison.ranked:
        if reference is None or variant is reference:
            continue
        row: dict[str, Any] = {"block": variant.name}
        for statistic in (AP, PCK):
            difference = variant.difference(reference, statistic)
            row[f"Δ {statistic}"] = UNKNOWN if difference is None else signed(difference)
            row[f"by {statistic}"] = (
                "no seed in common" if difference is None else difference.verdict
            )
        rows.append(row)
    return pd.DataFrame(rows)


def cost_table(comparison: Comparison) -> pd.DataFrame:
    """Return what each variant costs, by both counters, and what neither of them counted."""
    rows = []
    for variant in comparison.variants:
        if not variant.runs:
            continue
        cost = variant.runs[0].measured["cost"]
        rows.append(
            {
                "block": variant.name,
                "input": cost["input"],
                "params": f"{cost['params']:,}",
                "GMAC (fvcore)": figures(cost["gmac"]),
                "GMAC (torch)": figures(cost["gmac_torch"]),
                "GFLOP": figures(cost["gflop"]),
                "activations, M": figures(cost["activations_m"]),
                "not counted": ", ".join(cost["uncounted"]).replace("aten::", "") or "nothing",
            }
        )
    return pd.DataFrame(rows)


def counters_apart(comparison: Comparison) -> list[str]:
    """Return a sentence for each variant whose two MAC counts differ by more than 2 %."""
    sentences = []
    for variant in comparison.variants:
        for run in variant.runs[:1]:
            one, other = run.measured["cost"]["gmac"], run.measured["cost"]["gmac_torch"]
            apart = abs(one - other) / max(one, other) if one != other else 0.0
            if apart > COUNTERS_AGREE:
                sentences.append(
                    f"{variant.name}: fvcore counts {figures(one)} GMAC and torch "
                    f"{figures(other)}, {100 * apart:.0f} % apart; trust neither before you know "
                    "why."
                )
    return sentences


def match_table(comparison: Comparison) -> pd.DataFrame:
    """Return the size that the matching rule gave each variant, and how far it is off."""
    rows = []
    for variant in comparison.variants:
        match = variant.runs[0].measured.get("match") if variant.runs else None
        if not match:
            continue
        rows.append(
            {
                "block": variant.name,
                "depth × width": size(variant),
                f"{match['rule']}": f"{match['value']:,}",
                "target": f"{match['target']:,}",
                "mismatch": f"{100 * match['mismatch']:+.1f} %",
            }
        )
    return pd.DataFrame(rows)


def failure_table(comparison: Comparison) -> pd.DataFrame:
    """Return every experiment without a finished record, with its reason."""
    rows = [
        {"block": variant.name, "seed": one.experiment.seed, "reason": one.reason}
        for variant in comparison.variants
        for one in variant.unfinished
    ]
    return pd.DataFrame(rows)


def results_frame(comparisons: Sequence[Comparison], timing: Timing) -> pd.DataFrame:
    """Return the raw numbers, one row for each variant and seed, units in the column names."""
    return pd.DataFrame(
        [
            _raw_row(variant, one, timing)
            for comparison in comparisons
            for variant in comparison.variants
            for one in _by_seed(variant)
        ]
    ).convert_dtypes()  # whole numbers stay whole beside empty cells


def markdown(frame: pd.DataFrame, text_columns: Sequence[str] = ()) -> str:
    """Return a Markdown table: the first column and ``text_columns`` left, the others right."""
    safe = frame.map(lambda cell: str(cell).replace("|", "\\|").replace("\n", " "))
    left = {frame.columns[0], *text_columns}
    align = ["left" if column in left else "right" for column in frame.columns]
    return safe.to_markdown(index=False, colalign=align, disable_numparse=True)


def percent(estimate: Estimate) -> str:
    """Return a fraction and its interval in percent, ``41.2 ±1.3``."""
    return f"{100 * estimate.value:.1f} ±{100 * estimate.half_width:.1f}"


def signed(estimate: Estimate) -> str:
    """Return a difference of fractions in points with both ends, ``+2.1 [+0.9, +3.3]``."""
    value, low, high = (100 * x for x in (estimate.value, estimate.low, estimate.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


def figures(number: float) -> str:
    """Return three significant figures without an exponent."""
    if number == 0:
        return "0"
    decimals = max(0, 2 - math.floor(math.log10(abs(number))))
    return f"{number:,.{decimals}f}"


def size(variant: Variant) -> str:
    """Return depth × width, or a dash for a pipeline that has neither."""
    arguments = variant.experiments[0].model.arguments
    if "depth" not in arguments or "width" not in arguments:
        return UNKNOWN
    return f"{arguments['depth']} × {arguments['width']}"


def _standing(variant: Variant, best: Variant) -> str:
    if variant is best:
        return "best"
    difference = variant.difference(best, AP)
    if difference is None:
        return "no seed in common"
    return "behind" if difference.verdict == "worse" else "tied"


def _accuracy_row(
    variant: Variant, standing: str, comparison: Comparison, timing: Timing
) -> dict[str, str]:
    measured = [run.measured for run in variant.runs]
    cost = measured[0]["cost"]
    rates = [one["training"]["images_per_second"] for one in measured]
    seeds = f"{len(variant.runs)}"
    if variant.unfinished:
        seeds += f" of {len(variant.experiments)}"
    name = f"**{variant.name}**" if standing == "best" else variant.name
    return {
        "block": name,
        "depth × width": size(variant),
        "params": f"{cost['params']:,}",
        "GMAC": figures(cost["gmac"]),
        "AP": percent(variant.estimate(AP)),
        PCK: percent(variant.estimate(PCK)),
        "against the best": standing,
        **_latency_cells(variant, timing),
        "training, images/s": UNKNOWN if variant.is_baseline else f"{sum(rates) / len(rates):,.0f}",
        "seeds": seeds,
    }


def _empty_row(variant: Variant, timing: Timing) -> dict[str, str]:
    unknown = dict.fromkeys(("params", "GMAC", "AP", PCK), UNKNOWN)
    latency = dict.fromkeys(_latency_cells(variant, timing), UNKNOWN)
    reasons = dict.fromkeys(one.reason for one in variant.unfinished)
    return {
        "block": variant.name,
        "depth × width": size(variant),
        **unknown,
        "against the best": f"no result: {'; '.join(reasons)}",
        **latency,
        "training, images/s": UNKNOWN,
        "seeds": f"0 of {len(variant.experiments)}",
    }


def _latency_cells(variant: Variant, timing: Timing) -> dict[str, str]:
    cells = {}
    for batch in timing.batch_sizes:
        times = timing.of(variant, batch)
        cells[f"latency b{batch}, ms"] = (
            UNKNOWN
            if times is None
            else f"{figures(times['median_ms'])} "
            f"({figures(times['p05_ms'])}–{figures(times['p95_ms'])})"
        )
    return cells


def _by_seed(variant: Variant) -> list[Run | Unfinished]:
    everything: list[Run | Unfinished] = [*variant.runs, *variant.unfinished]
    return sorted(everything, key=lambda one: one.experiment.seed)


def _raw_row(variant: Variant, one: Run | Unfinished, timing: Timing) -> dict[str, Any]:
    experiment = one.experiment
    row: dict[str, Any] = {
        "variant": variant.name,
        "seed": experiment.seed,
        "status": "done" if isinstance(one, Run) else "unfinished",
        "reason": "" if isinstance(one, Run) else one.reason,
    }
    row |= _settings(experiment)
    if isinstance(one, Run):
        row |= _raw_measurements(one)
    for batch in timing.batch_sizes:
        times = timing.of(Variant(variant.name, 0, (experiment,), (), ()), batch) or {}
        for name in ("median_ms", "p05_ms", "p95_ms", "low_ms", "high_ms"):
            row[f"latency_b{batch}_{name}"] = times.get(name)
    return row | {"protocol": str(experiment.protocol), "key": experiment.key}


def _settings(experiment: Experiment) -> dict[str, Any]:
    arguments = experiment.model.arguments
    return {
        "pipeline": experiment.model.name,
        **{name: arguments.get(name) for name in ("block", "depth", "width", "stages")},
        "data": experiment.data.name,
        "crop_size_px": experiment.data.crop_size,
        "train_steps": experiment.train.steps,
        "batch_size": experiment.train.batch_size,
        "precision": experiment.train.precision,
        "device": experiment.train.device,
    }


def _raw_measurements(run: Run) -> dict[str, Any]:
    measured = run.measured
    cost, training = measured["cost"], measured["training"]
    row: dict[str, Any] = {
        "params": cost["params"],
        "fvcore_GMAC": cost["gmac"],
        "torch_GMAC": cost["gmac_torch"],
        "GFLOP": cost["gflop"],
        "activations_M": cost["activations_m"],
    }
    for statistic in (AP, PCK):
        estimate = run.estimate(statistic)
        row[f"{statistic}_fraction"] = estimate.value
        row[f"{statistic}_low95_fraction"] = estimate.low
        row[f"{statistic}_high95_fraction"] = estimate.high
    row |= {f"{name}_fraction": run.accuracy(name) for name in SECONDARY}
    match = measured.get("match") or {}
    return row | {
        "train_images_per_s": training["images_per_second"],
        "train_s": training["seconds"],
        "final_loss": training["final_loss"],
        "match_rule": match.get("rule"),
        "match_target": match.get("target"),
        "match_value": match.get("value"),
        "match_mismatch_fraction": match.get("mismatch"),
    }
