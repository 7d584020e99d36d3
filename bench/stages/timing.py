"""Where the time of a pipeline for whole images goes, stage by stage.

Weights do not matter to a clock, so they are fresh; who is found is given (``bench.stages.crowd``).
"""

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor, nn

from bench.cost import count_cost, macs_by_people
from bench.footprint import footprints
from bench.jobs import StageExperiment, TimedPipeline
from bench.latency import Call, Timing, time_models
from bench.memory_format import lay_channels_last
from bench.stages.bottom_up import bottom_up_calls
from bench.stages.calls import StageCalls, photograph
from bench.stages.top_down import top_down_calls
from models import create_pipeline
from models.skeleton import SKELETONS, Skeleton

#: Called with the stage, units done and units in all.
Report = Callable[..., None]
Measured = tuple[dict[str, Any], dict[str, Any]]

_SEED: Final = 0  # of the weights


def measure_stages(experiment: StageExperiment, report: Report) -> Measured:
    """Time the stages of all pipelines in one interleaved run, an image a call.

    Of all pipelines:

    - preprocess: from a uint8 photograph ``[3, S, S]`` on the CPU to the pipeline's batch.
    - end_to_end: everything in one call, by the number of people.

    Of pipelines with a method ``predict``, bottom-up:

    - network: ``predict``, from the batch to the maps, in all views of the inference options.
    - decode: by the number of people, from their ideal maps to detections. These also stand in
      for the network's own maps from end to end.

    Of all others, top-down:

    - detector: from the batch to detections, where nobody is found.
    - joints: by the number of people, from their boxes, where they can be told apart.

    A stage that depends on people is a table by their number, empty where there is no such stage.
    ``found`` counts who came out; ``gmac_by_people`` are multiply-adds, with 0 for the detector
    alone; ``cost`` is that with ``whole`` people, and ``footprint`` the memory, and on a GPU the
    energy, of everything in one call with as many.

    Args:
        experiment: what to time.
        report: progress.

    Returns:
        what a record calls "measured" and "evidence", the latter empty.

    Raises:
        Problem: a top-down pipeline can't be held to a number of people.
    """
    torch.manual_seed(_SEED)
    image = photograph(experiment.image_size)
    rows: list[dict[str, Any]] = []
    ready: list[StageCalls] = []
    for number, timed in enumerate(experiment.pipelines):
        report("prepare", number, len(experiment.pipelines))
        row, stages = _prepare(timed, experiment, image)
        rows.append(row)
        ready.append(stages)
    calls = {
        name: call
        for number, stages in enumerate(ready)
        for name, call in _named(number, stages).items()
    }
    report("time", 0, 1)
    timings = time_models(calls, experiment.rounds, experiment.device)
    report("time", 1, 1)
    in_one = {str(n): calls[f"{n} end_to_end {experiment.whole}"] for n in range(len(ready))}
    taken, unmetered = footprints(in_one, 1, experiment.device)
    for number, (row, stages) in enumerate(zip(rows, ready, strict=True)):
        row["stages"] = _times(number, stages, timings)
        row["footprint"] = taken[str(number)]
    return {
        "pipelines": rows,
        "whole": experiment.whole,
        "image_size": experiment.image_size,
        "threads": torch.get_num_threads(),
        "precision": experiment.precision,
        "memory_format": "channels_last",
        "device": experiment.device,
        "disturbed": any(timing.disturbed for timing in timings.values()),
        "processor_share": min(timing.processor_share for timing in timings.values()),
        "no_energy": unmetered,
    }, {}


def _prepare(
    timed: TimedPipeline, experiment: StageExperiment, image: Tensor
) -> tuple[dict[str, Any], StageCalls]:
    """Return what is known of a pipeline without a clock, and the calls of its stages."""
    model: Any = _create(timed, SKELETONS[experiment.skeleton]).to(experiment.device)
    prepare = bottom_up_calls if hasattr(model, "predict") else top_down_calls
    stages = prepare(model, timed, experiment, image)
    numbers = sorted({0, *experiment.people, experiment.whole})
    gmac = macs_by_people(model, stages.batch, numbers)
    row = {
        "variant": timed.variant,
        "model": timed.model.name,
        "input_size": timed.input_size,
        "scales": list(timed.scales),
        "flip": timed.flip,
        "stride": stages.stride,
        "cost": count_cost(model, stages.batch, experiment.whole).to_json(),
        "gmac_by_people": {str(people): macs for people, macs in gmac.items()},
        "found": {str(people): found for people, found in stages.found.items()},
    }
    return row, stages


def _create(timed: TimedPipeline, skeleton: Skeleton) -> nn.Module:
    views: dict[str, Any] = {}
    if timed.scales != (1.0,):
        views["scales"] = timed.scales
    if timed.flip:
        views["flip"] = True
    model = create_pipeline(timed.model.name, skeleton, **timed.model.arguments, **views)
    model.eval()
    lay_channels_last(model)
    return model


def _named(number: int, stages: StageCalls) -> dict[str, Call]:
    """Return the calls of one pipeline under names like "0 network" and "0 decode 5"."""
    named: dict[str, Call] = {}
    for stage, call in stages.calls.items():
        if isinstance(call, dict):
            named |= {f"{number} {stage} {people}": one for people, one in call.items()}
        else:
            named[f"{number} {stage}"] = call
    return named


def _times(number: int, stages: StageCalls, timings: dict[str, Timing]) -> dict[str, Any]:
    """Return the times of one pipeline in the shape of its calls."""
    return {
        stage: (
            {str(people): timings[f"{number} {stage} {people}"].to_json() for people in call}
            if isinstance(call, dict)
            else timings[f"{number} {stage}"].to_json()
        )
        for stage, call in stages.calls.items()
    }
