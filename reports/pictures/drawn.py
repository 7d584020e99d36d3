"""The pictures of a report: which numbers of a comparison go into which PNG."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.skeleton import SKELETONS
from reports.measured.clocks import Clock, has_times
from reports.measured.curves import learning_curves, losses_compare
from reports.measured.results import AP, POSETRACK, RECORDS, Comparison, Run, Variant
from reports.pictures.crop_sheets import draw_crops
from reports.pictures.image_sheets import by_image, draw_images
from reports.pictures.plots import Curve, Panel, Point, draw_curves, draw_scatter
from reports.pictures.ranking_plot import cost_alike, draw_ranking
from reports.text.prose import subject
from reports.text.setting import view
from reports.text.times import DISTURBED
from reports.text.words import data_name

_PATTERNS = ("accuracy_vs_*.png", "learning_curves*.png", "predictions_*.png", "latency_vs_*.png")


def remove_pictures(folder: Path) -> None:
    """Remove the pictures of an earlier report: one of a variant that left would mislead."""
    for pattern in _PATTERNS:
        for path in folder.glob(pattern):
            path.unlink()


def scatters(
    folder: Path, comparison: Comparison, clocks: Sequence[Clock], suffix: str
) -> list[Path]:
    """Draw accuracy against each latency and against multiply-adds; return the files.

    Accuracy is AP and, in pictures of its own where it was measured, PoseTrack mAP.
    """
    written = _scatters(folder, comparison, clocks, AP, "OKS AP", suffix)
    if POSETRACK in comparison.statistics:
        kind = f"_posetrack{suffix}"
        written += _scatters(folder, comparison, clocks, POSETRACK, POSETRACK, kind)
    return written


def _scatters(
    folder: Path,
    comparison: Comparison,
    clocks: Sequence[Clock],
    statistic: str,
    label: str,
    suffix: str,
) -> list[Path]:
    """Draw one kind of accuracy; ``label`` is its axis's, without the unit."""
    bars = f"Vertical bars: 95 % interval of {statistic}."
    spread = "Horizontal bars: 5th to 95th percentile of the rounds."
    front = "Dashed: Pareto front of the point estimates."
    timed = [clock for clock in clocks if has_times(clock, comparison.ranked)]
    by_latency = [
        Panel(clock.axis, _latency_points(comparison, clock, statistic)) for clock in timed
    ]
    warning = f"\n{DISTURBED}" if any(clock.disturbed for clock in timed) else ""
    by_cost = [
        _point(one, statistic, one.runs[0].measured["cost"]["gmac"], None)
        for one in comparison.ranked
    ]
    adds = f"multiply-adds of one {view(comparison)}, as fvcore counts them"
    of, axis = subject([comparison]), f"{label} (%)"
    baseline = comparison.baseline
    floor = 100 * baseline.estimate(statistic).value if baseline else None
    written = []
    if by_latency:
        written.append(folder / f"accuracy_vs_latency{suffix}.png")
        title, note = f"Accuracy against latency\n{of}", f"{bars} {spread} {front}{warning}"
        draw_scatter(written[-1], by_latency, title=title, note=note, y_label=axis, floor=floor)
    if by_cost:
        written.append(folder / f"accuracy_vs_macs{suffix}.png")
        if cost_alike(by_cost):
            title = f"Accuracy at equal cost\n{of}"
            note = (
                f"Bars: 95 % interval of {statistic}; differences are paired, so see the table for "
                f"them.\n{_range(by_cost)} GMAC: {adds}."
            )
            draw_ranking(written[-1], by_cost, title=title, note=note, x_label=axis, floor=floor)
        else:
            title, note = f"Accuracy against multiply-adds\n{of}", f"{bars} {front}"
            panels = [Panel(f"{adds} (GMAC)", by_cost)]
            draw_scatter(written[-1], panels, title=title, note=note, y_label=axis, floor=floor)
    return written


def _range(points: Sequence[Point]) -> str:
    """Return what all cost."""
    ends = [f"{end(point.x for point in points):.3g}" for end in (min, max)]
    return " to ".join(dict.fromkeys(ends))


def draw_learning_curves(folder: Path, comparison: Comparison, suffix: str) -> list[Path]:
    """Draw the last stage's loss of every variant and seed; return the file, if there is any."""
    found = list(learning_curves(folder, comparison))
    if not found:
        return []
    path = folder / f"learning_curves{suffix}.png"
    curves = [Curve(one.variant.name, one.variant.place, one.steps, one.losses) for one in found]
    title = f"Learning curves\n{subject([comparison])}"
    draw_curves(path, curves, title=title, alike=losses_compare(found))
    return [path]


def sheets(folder: Path, comparison: Comparison, suffix: str) -> list[Path]:
    """Draw what the first seed of each variant predicted, over the truth; return the files."""
    written = []
    for variant in comparison.variants:
        for run in variant.runs[:1]:
            file = folder / RECORDS / run.experiment.key / "samples.npz"
            path = folder / f"predictions_{_file_name(variant.name)}{suffix}.png"
            if file.exists() and _sheet(path, file, variant.name, run, view(comparison)):
                written.append(path)
    return written


def _latency_points(comparison: Comparison, clock: Clock, statistic: str) -> list[Point]:
    return [
        _point(variant, statistic, times["median_ms"], (times["p05_ms"], times["p95_ms"]))
        for variant in comparison.ranked
        if (times := clock.of(variant)) is not None
    ]


def _point(
    variant: Variant, statistic: str, cost: float, spread: tuple[float, float] | None
) -> Point:
    accuracy = variant.estimate(statistic)
    interval = (100 * accuracy.low, 100 * accuracy.high)
    return Point(variant.name, variant.place, cost, 100 * accuracy.value, spread, interval)


def _sheet(path: Path, file: Path, variant: str, run: Run, seen: str) -> bool:
    """Draw one sheet; return False where no picture was kept."""
    data, seed = run.experiment.judged_on, run.experiment.seed
    title = f"{variant}: {data_name(data)}, validation {seen}s, seed {seed}"
    skeleton = SKELETONS[data.skeleton]
    with np.load(file, allow_pickle=False) as samples:
        images = samples["images"]
        if not len(images):
            return False
        truth, predicted = samples["truth"], samples["predicted"]
        if "truth_image" in samples:
            there = by_image(truth, samples["truth_image"], len(images))
            found = by_image(predicted, samples["predicted_image"], len(images))
            trust = by_image(samples["scores"], samples["predicted_image"], len(images))
            draw_images(path, images, there, found, trust, skeleton=skeleton, title=title)
        else:
            draw_crops(path, images, truth, predicted, skeleton=skeleton, title=title)
    return True


def _file_name(variant: str) -> str:
    return re.sub(r"[^\w.-]+", "_", variant)
