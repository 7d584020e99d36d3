"""What people cost: time and multiply-adds of an image by how many are in it."""

import pandas as pd

from bench.cost import share_of_a_person
from reports.measured.clocks import Times
from reports.measured.results import is_plain
from reports.measured.stages import StageTiming, TimedStages, people
from reports.tables.cells import UNKNOWN, figures
from reports.tables.comparisons import latency_cell
from reports.text.words import Words

_PRICED = (1, 5, 20)  # people an image; in between and beyond, costs are on a line
#: What a reader knows torchvision's compiled functions by.
_KNOWN_AS = {
    "batched_nms_coordinate_trick": "nms",
    "onnx_heatmaps_to_keypoints_loop": "heatmaps_to_keypoints",
}


def end_to_end_table(timing: StageTiming, words: Words) -> pd.DataFrame:
    """Return the time of everything in one call, by the number of people an image.

    Of pipelines that see the image once, and empty where but one number was timed.
    """
    return pd.DataFrame(
        [
            {words.thing: one.name}
            | {f"{people(n)}, ms": latency_cell(times) for n, times in one.by_people.items()}
            | {"each further person, ms": _slope(one.by_people)}
            for one in timing.pipelines
            if is_plain(one.pipeline) and len(one.by_people) > 1
        ]
    )


def macs_table(timing: StageTiming, words: Words) -> pd.DataFrame:
    """Return multiply-adds by the number of people an image, and the share of each.

    Empty where no pipeline's depend on people.
    """
    if not any(one.top_down for one in timing.pipelines):
        return pd.DataFrame()
    return pd.DataFrame(
        [
            {words.thing: one.name, "params": f"{one.cost['params']:,}"}
            | {f"{people(n)}, GMAC": _macs(one, n) for n in _PRICED}
            | {"share of a person, GMAC": figures(share_of_a_person(one.gmac))}
            | {"not counted": _beside_layers(one)}
            for one in timing.pipelines
            if is_plain(one.pipeline)
        ]
    )


def _slope(by_people: dict[int, Times]) -> str:
    """Return ms a person from the fewest to the most, and in brackets the extremes."""
    fewest, most = min(by_people), max(by_people)
    few, many = by_people[fewest], by_people[most]
    rises = (
        many["median_ms"] - few["median_ms"],
        many["low_ms"] - few["high_ms"],
        many["high_ms"] - few["low_ms"],
    )
    middle, low, high = (figures(rise / (most - fewest)) for rise in rises)
    return f"{middle} [{low}, {high}]"


def _macs(one: TimedStages, number: int) -> str:
    return figures(one.gmac[number]) if number in one.gmac else UNKNOWN


def _beside_layers(one: TimedStages) -> str:
    """Return what a detector does beside layers, without torch's own small operations."""
    told = []
    for operation in one.cost["uncounted"]:
        name, calls = operation.split()
        if not name.startswith("aten::"):
            name = name.removeprefix("torchvision::")
            told.append(f"{_KNOWN_AS.get(name, name)} {calls}")
    return ", ".join(told) or UNKNOWN
