"""The stages of a pipeline of fields: preprocessing, network, decoding.

Fresh weights find nobody, so what is decoded are not the network's maps but the pipeline's own
targets for a given number of people.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor

from bench.jobs import StageExperiment, TimedPipeline
from bench.stages.calls import StageCalls, in_evaluation, resized
from bench.stages.crowd import crowd
from models.networks.staged_fields import FieldMaps
from models.pipelines.paf import FieldPipeline
from models.whole_images import pad_images

_Sizes = list[tuple[int, int]]
_GREY: Final = 0.5  # what a pipeline of fields takes from an image of values 0 to 1, and pads with


def bottom_up_calls(
    model: FieldPipeline, timed: TimedPipeline, experiment: StageExperiment, image: Tensor
) -> StageCalls:
    """Return the calls of "preprocess", "network", "decode" and "end_to_end".

    Decoding is called for each number of people, and so is everything in one call, where the
    network sees the image once; what further views cost has nothing to do with people, and they
    are called with the experiment's ``whole`` people alone.

    Args:
        model: in evaluation mode, on the experiment's device.
        timed: what it is.
        experiment: how it is timed.
        image: of ``photograph``.
    """

    def preprocess() -> tuple[Tensor, _Sizes]:
        return prepare_batch(image, timed.input_size, model.stride, experiment.device)

    def decode(people: int) -> list[dict[str, Tensor]]:
        return model.detections(ideal[people], sizes)

    def end_to_end(people: int) -> list[dict[str, Tensor]]:
        fresh_batch, fresh_sizes = preprocess()
        model.predict(fresh_batch)
        return model.detections(ideal[people], fresh_sizes)

    def each(call: Callable[[int], Any], numbers: tuple[int, ...]) -> dict[int, Callable[[], Any]]:
        return {people: in_evaluation(partial(call, people), experiment) for people in numbers}

    batch, sizes = preprocess()
    network = in_evaluation(partial(model.predict, batch), experiment)
    maps = network()
    with_whole = tuple(sorted({*experiment.people, experiment.whole}))
    ideal = {people: _ideal_maps(model, people, sizes, maps) for people in with_whole}
    seen_once = timed.scales == (1.0,) and not timed.flip
    decodes = each(decode, experiment.people)
    return StageCalls(
        batch,
        model.stride,
        {
            "preprocess": in_evaluation(preprocess, experiment),
            "network": network,
            "decode": decodes,
            "end_to_end": each(end_to_end, with_whole if seen_once else (experiment.whole,)),
        },
        {people: len(call()[0]["scores"]) for people, call in decodes.items()},
    )


def prepare_batch(image: Tensor, side: int, stride: int, device: str) -> tuple[Tensor, _Sizes]:
    """Return the network's batch of one square photograph, and the image's size in it."""
    batch, sizes = pad_images(resized(image, side, device), stride, _GREY)
    return (batch - _GREY).contiguous(memory_format=torch.channels_last), sizes


def _ideal_maps(model: FieldPipeline, people: int, sizes: _Sizes, like: FieldMaps) -> FieldMaps:
    [(height, width)] = sizes
    target = crowd(people, model.skeleton, height, width)
    drawn = model.targets([target], sizes, like.heatmaps)
    # Decoding depends on the order in memory: it is the order in which the network leaves its own.
    return FieldMaps(
        torch.empty_like(like.heatmaps).copy_(drawn.heatmaps),
        torch.empty_like(like.fields).copy_(drawn.fields),
    )
