"""Which measured numbers go into which drawing of the page."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from reports.html.charts import Chart, Curve, curves, ranking, scatter
from reports.measured.clocks import Clock, Times, has_times
from reports.measured.curves import learning_curves, losses_compare
from reports.measured.results import AP, POSETRACK, Comparison, Variant, is_plain
from reports.measured.stages import StageTiming, TimedStages, people
from reports.pictures.people_plot import LEAST_SPAN
from reports.pictures.plots import Point
from reports.pictures.ranking_plot import cost_alike
from reports.tables.cells import figures, percent
from reports.tables.comparisons import latency_cell
from reports.text.setting import view

_DISTURBED = "; the machine was disturbed while timing"
_SEEN = 110  # points a learning curve, each the mean of the steps around it


def accuracy_charts(comparison: Comparison, clocks: Sequence[Clock]) -> list[Chart]:
    """Return accuracy against every latency, multiply-adds and parameters.

    Accuracy is AP and, where it was measured, PoseTrack mAP.
    """
    if not comparison.ranked:
        return []
    charts = []
    for statistic in (AP, POSETRACK):
        if statistic not in comparison.statistics:
            continue
        floor = comparison.baseline
        skill = 100 * floor.estimate(statistic).value if floor else None
        label, is_ranked = f"{statistic} (%)", False
        for title, axis, points in _panels(comparison, clocks, statistic):
            if not cost_alike([point for point, _ in points]):
                charts.append(scatter(f"{statistic} against {title}", axis, label, points, skill))
            elif not is_ranked:  # another cost that is alike would show the same once more
                charts.append(ranking(f"{statistic} at equal {title}", label, points))
                is_ranked = True
    return charts


def training_charts(folder: Path, comparison: Comparison) -> list[Chart]:
    """Return the loss of what is decoded, of every variant and seed that has a curve.

    Args:
        folder: of the suite.
        comparison: whose trainings they are.
    """
    found = list(learning_curves(folder, comparison))
    if not found:
        return []
    drawn = [
        Curve(one.variant.name, one.variant.place, _thinned(one.steps), _thinned(one.losses))
        for one in found
    ]
    everything = [loss for one in drawn for loss in one.y]
    log = min(everything) > 0 and max(everything) > 2 * min(everything)
    title = "Loss of the last stage while training"
    if not losses_compare(found):
        title += "; each pipeline has a loss of its own, so levels do not compare"
    return [curves(title, "optimiser step", "loss", drawn, log_x=False, log_y=log)]


def people_charts(timing: StageTiming, places: Mapping[str, int]) -> list[Chart]:
    """Return latency against people an image, of pipelines that see each image once.

    Args:
        timing: of the stages.
        places: variant -> its place among all, so that it keeps its colour.
    """
    shown = [one for one in timing.pipelines if is_plain(one.pipeline)]
    parts = [(one, one.decode or one.joints) for one in shown]
    wholes = [(one, one.by_people) for one in shown]
    some = "Decoding, or joints in boxes" if any(one.top_down for one in shown) else "Decoding"
    charts = []
    for title, found in ((some, parts), ("From end to end", wholes)):
        drawn = [
            _by_people(one, times, places[one.pipeline.variant])
            for one, times in found
            if len(times) > 1
        ]
        if drawn:
            charts.append(
                curves(
                    f"{title}: latency against people, {timing.sizes}"
                    f"{_DISTURBED if timing.disturbed else ''}",
                    "people an image",
                    "ms an image",
                    drawn,
                    log_x=True,
                    log_y=True,
                    least=LEAST_SPAN,
                )
            )
    return charts


def _panels(
    comparison: Comparison, clocks: Sequence[Clock], statistic: str
) -> list[tuple[str, str, list[tuple[Point, str]]]]:
    """Return of each cost its name, its axis, and the points with what is told of them."""
    ranked = comparison.ranked
    costs = [one.runs[0].measured["cost"] for one in ranked]
    panels = [
        (
            f"latency: {clock.axis.split(' (')[0].removeprefix('latency of ')}"
            f"{_DISTURBED if clock.disturbed else ''}",
            clock.axis,
            [
                _timed(one, statistic, times, clock)
                for one in ranked
                if (times := clock.of(one)) is not None
            ],
        )
        for clock in clocks
        if has_times(clock, ranked)
    ]
    counts = (
        ("multiply-adds", f"multiply-adds of one {view(comparison)} (GMAC)", "gmac", 1.0, "GMAC"),
        ("parameters", "parameters (millions)", "params", 1e-6, "M parameters"),
    )
    for title, axis, name, unit, told in counts:
        points = [
            _point(one, statistic, unit * cost[name], f"{figures(unit * cost[name])} {told}")
            for one, cost in zip(ranked, costs, strict=True)
        ]
        panels.append((title, axis, points))
    return panels


def _timed(variant: Variant, statistic: str, times: Times, clock: Clock) -> tuple[Point, str]:
    spread = (times["p05_ms"], times["p95_ms"])
    told = f"{clock.axis}: {latency_cell(times)}"
    return _point(variant, statistic, times["median_ms"], told, spread)


def _point(
    variant: Variant,
    statistic: str,
    cost: float,
    told: str,
    spread: tuple[float, float] | None = None,
) -> tuple[Point, str]:
    accuracy = variant.estimate(statistic)
    ends = (100 * accuracy.low, 100 * accuracy.high)
    point = Point(variant.name, variant.place, cost, 100 * accuracy.value, spread, ends)
    return point, f"{variant.name}\n{statistic} {percent(accuracy)} %\n{told}"


def _by_people(one: TimedStages, by_people: Mapping[int, Times], place: int) -> Curve:
    times = by_people.values()
    return Curve(
        one.name,
        place,
        [*by_people],
        [single["median_ms"] for single in times],
        [(single["p05_ms"], single["p95_ms"]) for single in times],
        [f"{one.name}, {people(n)}\n{latency_cell(t)} ms" for n, t in by_people.items()],
    )


def _thinned(values: np.ndarray) -> list[float]:
    parts = np.array_split(values, min(_SEEN, len(values)))
    return [float(part.mean()) for part in parts]
