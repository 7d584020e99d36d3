"""Stages as records have them now, of one bottom-up and two top-down pipelines."""

from typing import Any

from fake_experiments import stages
from fake_records import fake_cost

from bench.experiment import ModelSpec
from bench.jobs import StageExperiment, TimedPipeline

NUMBERS = (1, 5, 20)
_UNCOUNTED = ["aten::add x9", "batched_nms_coordinate_trick x2", "torchvision::roi_align x8"]


def top_down() -> StageExperiment:
    """Return the timing of paf6, mask_rcnn and detector_hourglass at ``NUMBERS`` of people."""
    names = ("paf6", "mask_rcnn", "detector_hourglass")
    return stages(*(TimedPipeline(one, ModelSpec(one), 128) for one in names), people=NUMBERS)


def timed_rows(timing: StageExperiment) -> list[dict[str, Any]]:
    """Return what is measured of them.

    From end to end, all take 10 ms and then: 20 and 0.25 a person (paf6), 10 and 2 a person.
    GMAC are 3, or 1 and 0.5 a person.
    """
    return [_row(one, timing) for one in timing.pipelines]


def times(median: float) -> dict[str, float]:
    """Return times whose median's interval is 1 ms to each side."""
    ends = {"p05_ms": median - 2, "p95_ms": median + 2}
    return {"median_ms": median, **ends, "low_ms": median - 1, "high_ms": median + 1, "samples": 30}


def _row(one: TimedPipeline, timing: StageExperiment) -> dict[str, Any]:
    bottom_up = one.model.name == "paf6"
    fixed, slope = (20.0, 0.25) if bottom_up else (10.0, 2.0)
    gmac = {str(n): 3.0 if bottom_up else 1.0 + 0.5 * n for n in (0, *NUMBERS)}
    joints = {str(n): times(slope * n) for n in NUMBERS}
    parts: dict[str, Any] = (
        {"network": times(fixed), "decode": joints}
        if bottom_up
        else {
            "detector": times(fixed),
            "joints": joints if one.model.name == "detector_hourglass" else {},
        }
    )
    told = {"people": None} if bottom_up else {"people": timing.whole, "uncounted": _UNCOUNTED}
    return {
        "variant": one.variant,
        "model": one.model.name,
        "input_size": one.input_size,
        "scales": [1.0],
        "flip": False,
        "stride": 8 if bottom_up else None,
        "cost": fake_cost(67123, gmac[str(timing.whole)]) | told,
        "gmac_by_people": gmac,
        "found": {str(n): n for n in NUMBERS},
        "stages": {
            "preprocess": times(10.0),
            **parts,
            "end_to_end": {str(n): times(10.0 + fixed + slope * n) for n in NUMBERS},
        },
    }
