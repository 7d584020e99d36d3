"""Timings of stages as tests ask for them, and a clock that depends on no machine."""

from collections.abc import Callable
from typing import Any

from bench.jobs import StageExperiment, TimedPipeline
from bench.latency import Timing

SIZE = 32  # of what tiny detectors see, in pixels
# All proposals are kept, so that all detectors cost the same, whatever their weights.
DETECTOR = {
    "backbone": "resnet18", "frozen_norms": False, "min_size": (SIZE,), "max_size": SIZE,
    "anchor_sizes": (4, 8, 16, 32, 64), "pyramid_width": 16, "box_width": 32,
    "rpn_nms_thresh": 1.0, "box_detections_per_img": 2,
}  # fmt: skip
MASK_RCNN = DETECTOR | {"keypoint_width": 16, "keypoint_depth": 1}
PERSON = {"name": "hourglass", "stacks": 1, "crop_size": 32, "width": 8, "depth": 2}
DETECTOR_HOURGLASS = DETECTOR | {"person": PERSON}


def experiment(*pipelines: TimedPipeline, **changed: Any) -> StageExperiment:
    """Return a timing with 1 and 3 people, and 2 from end to end; ``changed`` replace fields."""
    fields: dict[str, Any] = {
        "pipelines": pipelines,
        "skeleton": "coco17",
        "image_size": 100,
        "people": (1, 3),
        "whole": 2,
        "rounds": 6,
        "device": "cpu",
        "precision": "fp32",
    }
    return StageExperiment(**fields | changed)


def quiet(*_: Any, **__: Any) -> None:
    """Report to nobody."""


class Clock:
    """Stands for ``time_models``: keeps what it was given, and every call takes its turn in ms."""

    def __init__(self) -> None:
        self.runs: list[tuple[dict[str, Callable[[], Any]], int, str]] = []

    def __call__(
        self, calls: dict[str, Callable[[], Any]], rounds: int, device: str
    ) -> dict[str, Timing]:
        self.runs.append((calls, rounds, device))
        return {
            name: Timing((float(turn),) * rounds, disturbed=False, processor_share=1.0)
            for turn, name in enumerate(calls, start=1)
        }

    def result(self, stage: str, pipeline: int = 0) -> Any:
        """Return what the call of a pipeline's ``stage`` returns."""
        return self.runs[-1][0][f"{pipeline} {stage}"]()
