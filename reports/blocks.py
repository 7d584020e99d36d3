"""The report of the suite ``blocks``, from records alone: nothing here measures."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bench.experiment import Experiment, LatencyExperiment
from models.skeleton import SKELETONS
from reports import prose
from reports.plots import Curve, Panel, Point, draw_curves, draw_scatter
from reports.provenance import provenance
from reports.results import AP, RECORDS, Comparison, Timing, Variant, gather, read_timing
from reports.sheets import draw_sheet
from reports.tables import (
    accuracy_table,
    cost_table,
    counters_apart,
    difference_table,
    failure_table,
    markdown,
    match_table,
    results_frame,
)

REPORT, TABLE = "report.md", "results.csv"
_PICTURES = ("accuracy_vs_*.png", "learning_curves*.png", "predictions_*.png")


def write_report(
    folder: Path, experiments: list[Experiment], latency: LatencyExperiment | None
) -> list[Path]:
    """Write report, table and pictures of a suite into its folder; return their paths.

    Args:
        folder: of the suite; its records lie in ``records``.
        experiments: all that were planned, in table order; those without a trusted record are
            rows with the reason.
        latency: the timing that was planned, None where none was.
    """
    comparisons = gather(folder, experiments)
    timing = read_timing(folder, latency)
    _remove_pictures(folder)
    written = [folder / REPORT, folder / TABLE]
    sections = [prose.head(comparisons)]
    for number, comparison in enumerate(comparisons, start=1):
        # The first comparison has the plain names; a second one is rare and numbered.
        suffix = "" if number == 1 else f"_{number}"
        heading = "" if len(comparisons) == 1 else f" ({number}: {comparison.data.name})"
        pictures = _pictures(folder, comparison, timing, suffix)
        written += [path for paths in pictures.values() for path in paths]
        sections.append(_section(comparison, timing, heading, pictures))
    sections += [prose.INTERVALS_HEADING, prose.intervals(comparisons)]
    sections.append(provenance(comparisons, timing))
    results_frame(comparisons, timing).to_csv(folder / TABLE, index=False)
    (folder / REPORT).write_text("\n\n".join(filter(None, sections)) + "\n", encoding="utf-8")
    return written


def _section(
    comparison: Comparison, timing: Timing, heading: str, pictures: dict[str, list[Path]]
) -> str:
    reference = comparison.reference
    parts = [
        f"## Accuracy{heading}",
        prose.setting(comparison),
        prose.findings(comparison, timing),
        markdown(accuracy_table(comparison, timing), ["against the best"]),
        prose.reading(comparison, timing),
        *_embedded(pictures["scatter"], "Accuracy against cost"),
    ]
    differences = difference_table(comparison)
    if reference is not None and len(differences):
        verdicts = [name for name in differences if str(name).startswith("by ")]
        parts += [
            f"## Differences from {reference.name}{heading}",
            markdown(differences, [str(name) for name in verdicts]),
            prose.differences(comparison),
        ]
    parts += _tabled(f"## Cost{heading}", cost_table(comparison), ["not counted"])
    if len(cost_table(comparison)):
        parts += [prose.COST, *(f"**Warning.** {one}" for one in counters_apart(comparison))]
    parts += _tabled(f"## Matching{heading}", match_table(comparison), [])
    parts += _tabled(f"## What did not finish{heading}", failure_table(comparison), ["reason"])
    if pictures["curves"]:
        parts += [f"## Training{heading}", *_embedded(pictures["curves"], "Learning curves")]
    if pictures["sheets"]:
        parts += [f"## Predictions beside the truth{heading}", prose.SHEETS]
        parts += _embedded(pictures["sheets"], "Predictions and truth")
    return "\n\n".join(parts)


def _tabled(heading: str, frame: pd.DataFrame, text_columns: Sequence[str]) -> list[str]:
    return [heading, markdown(frame, text_columns)] if len(frame) else []


def _embedded(paths: Iterable[Path], text: str) -> list[str]:
    return [f"![{text}: {path.stem}]({path.name})" for path in paths]


def _pictures(
    folder: Path, comparison: Comparison, timing: Timing, suffix: str
) -> dict[str, list[Path]]:
    return {
        "scatter": _scatters(folder, comparison, timing, suffix),
        "curves": _curves(folder, comparison, suffix),
        "sheets": _sheets(folder, comparison, suffix),
    }


def _scatters(folder: Path, comparison: Comparison, timing: Timing, suffix: str) -> list[Path]:
    title = prose.subject([comparison])
    bars = "Vertical bars: 95 % interval of AP."
    front = "Dashed: Pareto front of the point estimates."
    panels = [
        Panel(f"latency of a call of {batch} crop{'s' if batch > 1 else ''} (ms)", points)
        for batch in timing.batch_sizes
        if (points := _latency_points(comparison, timing, batch))
    ]
    spread = "Horizontal bars: 5th to 95th percentile of the rounds."
    plots = {
        "latency": ("latency", panels, f"{bars} {spread} {front}"),
        "macs": (
            "multiply-adds",
            [Panel("multiply-adds of one crop, as fvcore counts them (GMAC)", points)]
            if (points := _cost_points(comparison))
            else [],
            f"{bars} {front}",
        ),
    }
    floor = comparison.baseline
    written = []
    for name, (cost, drawn, note) in plots.items():
        if not drawn:
            continue
        path = folder / f"accuracy_vs_{name}{suffix}.png"
        draw_scatter(
            path,
            drawn,
            title=f"Accuracy against {cost}\n{title}",
            note=note,
            y_label="OKS AP (%)",
            floor=100 * floor.estimate(AP).value if floor else None,
        )
        written.append(path)
    return written


def _latency_points(comparison: Comparison, timing: Timing, batch: int) -> list[Point]:
    return [
        _point(variant, times["median_ms"], (times["p05_ms"], times["p95_ms"]))
        for variant in comparison.ranked
        if (times := timing.of(variant, batch)) is not None
    ]


def _cost_points(comparison: Comparison) -> list[Point]:
    return [
        _point(variant, variant.runs[0].measured["cost"]["gmac"], None)
        for variant in comparison.ranked
    ]


def _point(variant: Variant, cost: float, spread: tuple[float, float] | None) -> Point:
    accuracy = variant.estimate(AP)
    interval = (100 * accuracy.low, 100 * accuracy.high)
    return Point(variant.name, variant.place, cost, 100 * accuracy.value, spread, interval)


def _curves(folder: Path, comparison: Comparison, suffix: str) -> list[Path]:
    curves = []
    for variant in comparison.variants:
        for run in variant.runs:
            file = folder / RECORDS / run.experiment.key / "learning_curve.csv"
            if variant.is_baseline or not file.exists():
                continue
            frame = pd.read_csv(file)
            if len(frame):
                steps, losses = frame["step"].to_numpy(), frame["loss"].to_numpy()
                curves.append(Curve(variant.name, variant.place, steps, losses))
    if not curves:
        return []
    path = folder / f"learning_curves{suffix}.png"
    draw_curves(path, curves, title=f"Learning curves\n{prose.subject([comparison])}")
    return [path]


def _sheets(folder: Path, comparison: Comparison, suffix: str) -> list[Path]:
    written = []
    skeleton = SKELETONS[comparison.data.skeleton]
    for variant in comparison.variants:
        if not variant.runs:
            continue
        run = variant.runs[0]
        file = folder / RECORDS / run.experiment.key / "samples.npz"
        if not file.exists():
            continue
        with np.load(file, allow_pickle=False) as samples:
            path = folder / f"predictions_{_file_name(variant.name)}{suffix}.png"
            draw_sheet(
                path,
                samples["images"],
                samples["truth"],
                samples["predicted"],
                skeleton=skeleton,
                title=f"{variant.name}: {comparison.data.name}, validation crops, "
                f"seed {run.experiment.seed}",
            )
        written.append(path)
    return written


def _file_name(variant: str) -> str:
    return re.sub(r"[^\w.-]+", "_", variant)


def _remove_pictures(folder: Path) -> None:
    """Remove the pictures of an earlier report: one of a variant that left would mislead."""
    for pattern in _PICTURES:
        for path in folder.glob(pattern):
            path.unlink()
