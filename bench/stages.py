"""Where the time of a pipeline for whole images goes: preprocessing, network, decoding.

Weights do not matter to a clock, so they are fresh. Fresh weights find nobody, so what is decoded
are not the network's maps but the pipeline's own targets for a given number of people.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.cost import count_cost
from bench.experiment import StageExperiment, TimedPipeline
from bench.latency import Call, Timing, time_models
from models import create_pipeline
from models.networks.staged_fields import FieldMaps
from models.pipelines.paf import FieldPipeline
from models.skeleton import SKELETONS, Skeleton
from models.whole_images import pad_images

#: Called with the stage, units done and units in all.
Report = Callable[..., None]
Measured = tuple[dict[str, Any], dict[str, Any]]
_Sizes = list[tuple[int, int]]

_SEED: Final = 0  # of the weights, the photograph and the people
_GREY: Final = 0.5  # what a pipeline of fields takes from an image of values 0 to 1, and pads with

# Somebody upright with arms down, height 1: x from the body's axis to the side, y from the top.
_FIGURE: Final = {
    "head_top": (0.0, 0.0),
    "eye": (0.025, 0.09),
    "ear": (0.055, 0.11),
    "nose": (0.0, 0.12),
    "neck": (0.0, 0.22),
    "thorax": (0.0, 0.27),
    "shoulder": (0.11, 0.26),
    "elbow": (0.14, 0.44),
    "wrist": (0.15, 0.6),
    "pelvis": (0.0, 0.56),
    "hip": (0.07, 0.56),
    "knee": (0.08, 0.78),
    "ankle": (0.08, 1.0),
}
_POSE_JITTER: Final = 0.012  # standard deviation of a joint: poses differ, limbs keep their order
# The figure's own 0.3 and 1, and five of these deviations on every side.
_BREADTH: Final = 0.42
_HEIGHT: Final = 1.12


def measure_stages(experiment: StageExperiment, report: Report) -> Measured:
    """Time the stages of all pipelines in one interleaved run, an image a call.

    - preprocess: from a uint8 photograph ``[3, S, S]`` on the CPU to the network's batch.
    - network: ``predict``, from the batch to the maps, in all views of the inference options.
    - decode: from the ideal maps of so many people to detections; ``found`` counts these.
    - end_to_end: all three in one call. The ideal maps of ``whole`` people are decoded in place of
      the network's own, in which fresh weights leave nobody to be found.

    Args:
        experiment: what to time.
        report: progress.

    Returns:
        what a record calls "measured" and "evidence", the latter empty.
    """
    torch.manual_seed(_SEED)
    photograph = _photograph(experiment.image_size)
    rows: list[dict[str, Any]] = []
    calls: dict[str, Call] = {}
    for number, timed in enumerate(experiment.pipelines):
        report("prepare", number, len(experiment.pipelines))
        row, own_calls = _prepare(timed, experiment, photograph)
        rows.append(row)
        calls |= {f"{number} {stage}": call for stage, call in own_calls.items()}
    report("time", 0, 1)
    timings = time_models(calls, experiment.rounds, experiment.device)
    report("time", 1, 1)
    for number, row in enumerate(rows):
        times = partial(_times, timings, number)
        row["stages"] = {
            "preprocess": times("preprocess"),
            "network": times("network"),
            "decode": {str(people): times(f"decode {people}") for people in experiment.people},
            "end_to_end": times("end_to_end"),
        }
    return {
        "pipelines": rows,
        "whole": experiment.whole,
        "image_size": experiment.image_size,
        "threads": torch.get_num_threads(),
        "precision": experiment.precision,
        "memory_format": "channels_last",
        "device": experiment.device,
        "disturbed": any(timing.disturbed for timing in timings.values()),
    }, {}


def _prepare(
    timed: TimedPipeline, experiment: StageExperiment, photograph: Tensor
) -> tuple[dict[str, Any], dict[str, Call]]:
    """Return what is known of a pipeline without a clock, and the call of each stage."""
    model = _create(timed, SKELETONS[experiment.skeleton]).to(experiment.device)
    batch, _ = _preprocess(photograph, timed.input_size, model.stride, experiment.device)
    cost = count_cost(model, batch)
    calls = _calls(model, timed.input_size, experiment, photograph)
    found = {
        str(people): len(calls[f"decode {people}"]()[0]["scores"]) for people in experiment.people
    }
    row = {
        "variant": timed.variant,
        "model": timed.model.name,
        "input_size": timed.input_size,
        "scales": list(timed.scales),
        "flip": timed.flip,
        "stride": model.stride,
        "cost": cost.to_json(),
        "found": found,
    }
    return row, calls


def _create(timed: TimedPipeline, skeleton: Skeleton) -> FieldPipeline:
    views: dict[str, Any] = {}
    if timed.scales != (1.0,):
        views["scales"] = timed.scales
    if timed.flip:
        views["flip"] = True
    model = create_pipeline(timed.model.name, skeleton, **timed.model.arguments, **views)
    model.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return cast(FieldPipeline, model)


def _calls(
    model: FieldPipeline, input_size: int, experiment: StageExperiment, photograph: Tensor
) -> dict[str, Callable[[], Any]]:
    """Return the call of each stage, by name: "preprocess", "network", "decode 5", "end_to_end"."""

    def preprocess() -> tuple[Tensor, _Sizes]:
        return _preprocess(photograph, input_size, model.stride, experiment.device)

    def decode(people: int) -> list[dict[str, Tensor]]:
        return model.detections(ideal[people], sizes)

    def end_to_end() -> list[dict[str, Tensor]]:
        fresh_batch, fresh_sizes = preprocess()
        model.predict(fresh_batch)
        return model.detections(ideal[experiment.whole], fresh_sizes)

    batch, sizes = preprocess()
    network = _in_evaluation(partial(model.predict, batch), experiment)
    maps = network()
    ideal = {
        people: _ideal_maps(model, people, sizes, maps)
        for people in {*experiment.people, experiment.whole}
    }
    return {
        "preprocess": _in_evaluation(preprocess, experiment),
        "network": network,
        **{
            f"decode {people}": _in_evaluation(partial(decode, people), experiment)
            for people in experiment.people
        },
        "end_to_end": _in_evaluation(end_to_end, experiment),
    }


def _in_evaluation(call: Callable[[], Any], experiment: StageExperiment) -> Callable[[], Any]:
    bf16 = experiment.precision == "bf16"

    def evaluate() -> Any:
        with torch.no_grad(), torch.autocast(experiment.device, torch.bfloat16, enabled=bf16):
            return call()

    return evaluate


def _photograph(size: int) -> Tensor:
    """Return uint8 ``[3, size, size]``: large smooth patches and a little noise.

    Its colours lie side by side in memory, as decoders of image files leave them.
    """
    generator = torch.Generator().manual_seed(_SEED)
    patches = torch.rand(1, 3, 8, 8, generator=generator)
    smooth = F.interpolate(patches, size=(size, size), mode="bicubic")
    noisy = smooth + 0.05 * torch.randn(1, 3, size, size, generator=generator)
    pixels = noisy.mul(255).clamp(0, 255).to(torch.uint8)
    return pixels.contiguous(memory_format=torch.channels_last)[0]


def _preprocess(
    photograph: Tensor, input_size: int, stride: int, device: str
) -> tuple[Tensor, _Sizes]:
    """Return the network's batch of one square photograph, and the image's size in it.

    It is resized where it lies and in its own bytes, which is the fastest way; what goes to the
    device is small.
    """
    resized = F.interpolate(
        photograph.unsqueeze(0), size=(input_size, input_size), mode="bilinear", antialias=True
    )
    batch, sizes = pad_images(resized.to(device).float() / 255, stride, _GREY)
    return (batch - _GREY).contiguous(memory_format=torch.channels_last), sizes


def _ideal_maps(model: FieldPipeline, people: int, sizes: _Sizes, like: FieldMaps) -> FieldMaps:
    [(height, width)] = sizes
    target = _crowd(people, model.skeleton, height, width)
    drawn = model.targets([target], sizes, like.heatmaps)
    # Decoding depends on the order in memory: it is the order in which the network leaves its own.
    return FieldMaps(
        torch.empty_like(like.heatmaps).copy_(drawn.heatmaps),
        torch.empty_like(like.fields).copy_(drawn.fields),
    )


def _crowd(people: int, skeleton: Skeleton, height: int, width: int) -> dict[str, Tensor]:
    """Return torchvision's target of so many people on a grid that fills the image.

    Each stands in a place of its own, as large as that lets him be, more or less, and off its
    middle as far as it has room. Places that are left over are drawn by lot.
    """
    generator = torch.Generator().manual_seed(_SEED)
    columns = math.ceil(math.sqrt(people * (width / _BREADTH) / (height / _HEIGHT)))
    lines = math.ceil(people / columns)
    place = torch.randperm(columns * lines, generator=generator)[:people]
    corner = torch.stack([place % columns, place // columns], dim=1).unsqueeze(1)
    room = torch.tensor([width / columns, height / lines])
    needed = torch.tensor([_BREADTH, _HEIGHT])
    size = (room / needed).amin() * (1 - 0.15 * torch.rand(people, 1, 1, generator=generator))
    shift = (room - size * needed) * (torch.rand(people, 1, 2, generator=generator) - 0.5)
    figure = _figure(skeleton)
    jitter = _POSE_JITTER * torch.randn(people, *figure.shape, generator=generator)
    points = (corner + 0.5) * room + shift + size * (figure + jitter)
    return {
        "boxes": torch.cat([points.amin(dim=1), points.amax(dim=1)], dim=1),
        "keypoints": torch.cat([points, torch.full_like(points[..., :1], 2.0)], dim=-1),
        "iscrowd": torch.zeros(people, dtype=torch.int64),
    }


def _figure(skeleton: Skeleton) -> Tensor:
    """Return the joints ``[K, 2]`` of a figure of height 1 that faces us, its middle at (0, 0)."""
    places = []
    for joint in skeleton.joints:
        x, y = _FIGURE[joint.removeprefix("left_").removeprefix("right_")]
        places.append((-x if joint.startswith("right_") else x, y - 0.5))
    return torch.tensor(places)


def _times(timings: dict[str, Timing], number: int, stage: str) -> dict[str, Any]:
    return timings[f"{number} {stage}"].to_json()
