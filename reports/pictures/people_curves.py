"""Which times of a run over stages go into the picture of latency against people."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from reports.measured.clocks import Times
from reports.measured.results import is_plain
from reports.measured.stages import StageTiming, TimedStages, people
from reports.pictures.people_plot import PeopleCurve, Series, draw_people
from reports.text.times import DISTURBED

_BAND = "median, and the 5th to 95th percentile of the rounds"


def latency_by_people(
    folder: Path, timing: StageTiming, places: Mapping[str, int], suffix: str
) -> list[Path]:
    """Draw latency against people an image, of the pipelines that see each image once.

    Args:
        folder: of the suite.
        timing: of the stages.
        places: variant -> its place among all, so that it keeps its colour.
        suffix: of the file's name.
    """
    shown = [one for one in timing.pipelines if is_plain(one.pipeline)]
    if not shown:
        return []
    # In the first records only one number of people was timed from end to end.
    summed = any(len(one.by_people) == 1 and one.decode for one in shown)
    curves = [_curve(one, places[one.pipeline.variant], summed) for one in shown]
    top_down = any(one.top_down for one in shown)
    note = (
        f"Left: {_BAND}. Right: sum of the three medians; markers: end to end, measured with "
        f"{people(timing.experiment.whole)}."
        if summed
        else f"{_BAND.capitalize()}. Right: everything in one call, measured at each marker."
    )
    if timing.disturbed:
        note += f"\n{DISTURBED}"
    path = folder / f"latency_vs_people{suffix}.png"
    draw_people(
        path,
        curves,
        headings=(
            "decoding, or joints in boxes" if top_down else "decoding",
            "preprocess + network + decode" if summed else "from end to end",
        ),
        title=f"Latency against people an image\n{timing.sizes} input, {timing.experiment.device}",
        note=note,
    )
    return [path]


def _curve(one: TimedStages, place: int, summed: bool) -> PeopleCurve:
    part = one.decode or one.joints
    measured = _series(one.by_people)
    return PeopleCurve(
        one.name,
        place,
        _series(part) if part else None,
        _sums(one) if summed else measured,
        measured,
    )


def _series(by_people: Mapping[int, Times]) -> Series:
    times = by_people.values()
    return Series(
        np.array(list(by_people)),
        np.array([one["median_ms"] for one in times]),
        np.array([(one["p05_ms"], one["p95_ms"]) for one in times]),
    )


def _sums(one: TimedStages) -> Series:
    sums = {n: total for n in one.decode if (total := one.sum_of_medians(n)) is not None}
    return Series(np.array(list(sums)), np.array(list(sums.values())), None)
