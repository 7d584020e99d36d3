"""Experiments as suites would plan them, on a small data set that nobody has to open."""

from dataclasses import replace
from typing import Any

from bench.experiment import DataSpec, Experiment, ModelSpec, Protocol, TrainSpec
from bench.jobs import CeilingExperiment, LatencyExperiment, StageExperiment, TimedPipeline

IMAGES, CROP = 40, 64
TRAIN = TrainSpec(600, 32, 2e-3, 1e-2, 0.05, 30.0, 1.25, 0.1, True, "cpu", "fp32")
PROTOCOL = Protocol("val", "ground-truth", CROP, (1.0,), False, "mean joint score", "peak-1")
DATA = DataSpec("synthetic", "lsp14", 4000, IMAGES, 128, CROP, 0, "digest")
# Whole images: no crops, nobody to count PCK for.
WHOLE_DATA = replace(DATA, crop_size=0)
WHOLE = replace(PROTOCOL, boxes="none", input_size=128, decoder="paf-1")
MULTI_SCALE = (0.5, 1.0)
Fields = dict[str, Any]


def experiment(variant: str, seed: int = 0, **changes: Any) -> Experiment:
    """Return an experiment; ``changes`` replace its data, protocol or train."""
    if variant == "mean_pose":
        model = ModelSpec("mean_pose", {"crop_size": CROP})
    else:
        size = {"block": variant, "depth": 2, "width": 32, "stages": 1, "crop_size": CROP}
        model = ModelSpec("single_person", size)
    fields: Fields = {"data": DATA, "train": TRAIN, "protocol": PROTOCOL} | changes
    return Experiment(variant=variant, model=model, seed=seed, **fields)


def whole(variant: str, seed: int = 0, width: float = 0.125, **changes: Any) -> Experiment:
    """Return an experiment on whole images; ``changes`` replace its fields.

    A variant that is no pipeline is the block of an mspaf3.
    """
    arguments = {"width": width, "stride": 4, "sigma": 3.0}
    model = ModelSpec(variant, arguments)
    if variant not in ("paf6", "mspaf3"):
        model = ModelSpec("mspaf3", {"block": variant} | arguments)
    fields: Fields = {"model": model, "data": WHOLE_DATA, "train": TRAIN, "protocol": WHOLE}
    return Experiment(variant=variant, seed=seed, **(fields | changes))


def ceiling(stride: int) -> CeilingExperiment:
    """Return the ceiling of every pipeline with the targets of ``whole`` at a stride."""
    model = ModelSpec("mspaf3", {"width": 0.0625, "stride": stride, "sigma": 3.0})
    return CeilingExperiment(f"true fields, stride {stride}", model, WHOLE_DATA, WHOLE)


def stages(*pipelines: TimedPipeline, people: tuple[int, ...] = (1, 5)) -> StageExperiment:
    """Return the timing of some pipelines, five people an image from end to end."""
    return StageExperiment(pipelines, "coco17", 128, people, 5, 30, "cpu", "fp32")


def timed_like(one: Experiment) -> TimedPipeline:
    """Return the timing of the very model of an experiment, in its views."""
    seen = one.protocol
    return TimedPipeline(one.variant, one.model, seen.input_size, seen.scales, seen.flip)


def latency(*experiments: Experiment) -> LatencyExperiment:
    """Return the timing of ``experiments`` at batches of 1 and 16."""
    return LatencyExperiment(experiments, (1, 16), 30)
