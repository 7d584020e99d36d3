"""The stages of a top-down pipeline: preprocessing, the detector, and the joints of each person.

The detector does all its work, but those it finds are a given number of people who fill the image
(``bench.stages.known_people``): fresh weights find slivers, and the joints of a person in a large
box cost more than those of one in a small box.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from bench.jobs import StageExperiment, TimedPipeline
from bench.problem import Problem
from bench.stages.calls import StageCalls, in_evaluation, resized
from bench.stages.crowd import crowd
from bench.stages.known_people import detector_heads, known_people
from models.skeleton import SKELETONS


def top_down_calls(
    model: nn.Module, timed: TimedPipeline, experiment: StageExperiment, image: Tensor
) -> StageCalls:
    """Return the calls of "preprocess", "detector", "joints" and "end_to_end".

    - detector: from the batch to boxes: the pipeline's half ``detector``, or all of it where it has
      no such half, with nobody found.
    - joints: of so many people from their boxes, where the pipeline has a method ``joints_in``;
      other pipelines' joints share what the detector has computed, and have no call of their own.
    - end_to_end: preprocessing and the whole pipeline, for each number of people.

    Args:
        model: in evaluation mode, on the experiment's device.
        timed: what it is.
        experiment: how it is timed.
        image: of ``photograph``.

    Raises:
        Problem: the pipeline has no detector of torchvision's, or does not return so many people.
    """
    heads = detector_heads(model)
    if not heads:
        raise Problem(
            f"pipeline '{timed.model.name}' can't be timed in stages: it has neither a method "
            "'predict' nor torchvision's RoIHeads, whose number of people can be fixed"
        )
    skeleton = SKELETONS[experiment.skeleton]
    numbers = tuple(sorted({*experiment.people, experiment.whole}))
    shares = {
        people: crowd(people, skeleton, 1.0, 1.0)["boxes"].to(experiment.device)
        for people in (0, *numbers)
    }

    def preprocess() -> Tensor:
        batch = resized(image, timed.input_size, experiment.device)
        return batch.contiguous(memory_format=torch.channels_last)

    def detect() -> list[dict[str, Tensor]]:
        with known_people(heads, shares[0]):
            found: list[dict[str, Tensor]] = detector(batch)
        return found

    def joints(people: int) -> Any:
        # Pixels whose centres are at whole numbers, as everywhere but in torchvision.
        return joints_in(batch, [shares[people] * timed.input_size - 0.5])

    def end_to_end(people: int) -> list[dict[str, Tensor]]:
        fresh_batch = preprocess()
        with known_people(heads, shares[people]):
            found: list[dict[str, Tensor]] = model(fresh_batch)
        return found

    def each(call: Callable[[int], Any]) -> dict[int, Callable[[], Any]]:
        return {people: in_evaluation(partial(call, people), experiment) for people in numbers}

    detector: Any = getattr(model, "detector", model)
    joints_in: Any = getattr(model, "joints_in", None)
    batch = preprocess()
    everything = each(end_to_end)
    found = {people: len(call()[0]["scores"]) for people, call in everything.items()}
    for people, came in found.items():
        if came != people:
            raise Problem(
                f"pipeline '{timed.model.name}' returned {came} people where its detector was made "
                f"to find {people}, so it can't be timed for them"
            )
    return StageCalls(
        batch,
        None,
        {
            "preprocess": in_evaluation(preprocess, experiment),
            "detector": in_evaluation(detect, experiment),
            "joints": each(joints) if joints_in else {},
            "end_to_end": everything,
        },
        found,
    )
