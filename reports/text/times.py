"""The sentences about clocks, inference options and the oracle ceiling."""

from collections.abc import Sequence
from typing import Any

from reports.measured.ceilings import Ceiling
from reports.measured.clocks import Timing
from reports.measured.stages import StageTiming, miscounts, people

OPTIONS = (
    "What flip and several scales give the *same weights*, and what they cost. Each is a protocol "
    "of its own and is never ranked with another; the difference is allowed because data and model "
    "are one and the same, and it is paired over images. GMAC and median times are those of all "
    "views together, and in brackets how many times those of the single one."
)
_DISTURBED = " **The machine was disturbed while timing: do not trust small differences.**"


def crop_latency(timing: Timing) -> str:
    """Return how latency columns of crops are read; "" without a record."""
    if timing.record is None:
        return ""
    measured = timing.record["measured"]
    samples = max(
        (times["samples"] for model in measured["models"].values() for times in model.values()),
        default=0,
    )
    return (
        "Latency is that of a call of the whole pipeline, normalised crops in, joints out: the "
        f"median of {samples} rounds and in brackets their 5th to 95th percentile; b1 is a call of "
        "1 crop. All models (the first finished seed of each) were timed in one run, in turn: "
        f"{_machine(measured)}. Reading and cropping images is not part of it."
        f"{_DISTURBED if measured['disturbed'] else ''}"
    )


def stage_latency() -> str:
    """Return how latency columns of whole images are read."""
    return (
        "Times are medians of a call of 1 image and in brackets the 5th to 95th percentile, from "
        "the run under *Latency in stages*: the same network with fresh weights, which take as "
        "long as trained ones."
    )


def stages(timing: StageTiming) -> str:
    """Return how the stages were timed and what end to end means."""
    assert timing.record is not None
    measured = timing.record["measured"]
    whole = people(timing.experiment.whole)
    text = (
        f"A call takes one image. *Preprocess*: from a uint8 image of {measured['image_size']} px "
        "to the network's batch. *Network*: to the maps, in all views of the inference option. "
        "*Decode*: from maps to people; the weights are fresh and would find nobody, so the maps "
        "that are decoded are the ideal ones of so many people. *End to end*: all three in one "
        f"call, with the ideal maps of {whole}; beside it, as a check, the sum of the three "
        "medians. The median and in brackets the 5th to 95th percentile of the rounds; all stages "
        f"of all pipelines were timed in one run, in turn: {_machine(measured)}."
    )
    if measured["disturbed"]:
        text += _DISTURBED
    wrong = miscounts(timing)
    return text + (f" **{' '.join(wrong)}**" if wrong else "")


def ceiling(ceilings: Sequence[Ceiling]) -> str:
    """Return what the oracle ceiling is, and on what it was measured."""
    on = dict.fromkeys(
        f"{one.measured['images']:,} images and {one.measured['people']:,} people of "
        f"{one.experiment.data.name} at {one.experiment.protocol.input_size} px"
        for one in ceilings
        if one.record is not None
    )
    return (
        "The ideal maps of the annotated people, drawn as in training, go through the decoder: "
        "what a network without any error would reach with this representation and grouping. Each "
        "line is the AP in percent when one more cause of loss is let in, in this order, and what "
        f"that costs in points. Measured on {'; '.join(on)}."
    )


def _machine(measured: dict[str, Any]) -> str:
    threads = measured["threads"]
    return (
        f"{measured['device']}, {threads} thread{'' if threads == 1 else 's'}, "
        f"{measured['precision']}, {measured['memory_format']}"
    )
