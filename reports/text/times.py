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
#: Stands wherever times are shown that another load may have lengthened.
DISTURBED = "The machine was disturbed while timing: do not trust small differences."


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
        f"{_warning(measured['disturbed'])}"
    )


def stage_latency(disturbed: bool) -> str:
    """Return how latency columns of whole images are read, and what disturbed the clock."""
    return (
        "Times are medians of a call of 1 image and in brackets the 5th to 95th percentile, from "
        "the run under *Latency in stages*: the same network with fresh weights, which take as "
        f"long as trained ones.{_warning(disturbed)}"
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
    wrong = miscounts(timing)
    return text + _warning(timing.disturbed) + (f" **{' '.join(wrong)}**" if wrong else "")


def _warning(disturbed: bool) -> str:
    return f" **{DISTURBED}**" if disturbed else ""


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


def sweep(timing: Timing) -> str:
    """Return how the table of batch sizes is read."""
    assert timing.record is not None
    return f"{_READING} {_taken(timing.record['measured'])}"


def in_one_call(timing: StageTiming) -> str:
    """Return how the table of everything in one call is read."""
    assert timing.record is not None
    whole = people(timing.experiment.whole)
    return (
        f"Everything in one call, {whole} an image. {_READING} {_taken(timing.record['measured'])}"
    )


_READING = (
    "The median and its 95 % interval (from order statistics), the 90th and 99th percentile of the "
    "samples, and how many the median makes a second. A sample is the mean of as many calls as "
    "fill 2 ms; of fewer than 100 samples the 99th percentile lies beside the slowest."
)


def _taken(measured: dict[str, Any]) -> str:
    """Return how memory and energy were measured, or why not; "" for records from before it."""
    if "no_energy" not in measured:
        return ""
    by = (
        "torch's CUDA allocator"
        if measured["device"] == "cuda"
        else "torch's allocator under its profiler, without what libraries take for themselves"
    )
    reason = measured["no_energy"]
    energy = (
        f"Energy is not reported: {reason}."
        if reason
        else "Energy is that of the whole board by NVML's counter, one call after another for 2 s."
    )
    return (
        f"Peak memory is what a call holds at its peak beyond weights and input, by {by}. {energy}"
    )


def _machine(measured: dict[str, Any]) -> str:
    threads = measured["threads"]
    told = (
        f"{measured['device']}, {threads} thread{'' if threads == 1 else 's'}, "
        f"{measured['precision']}, {measured['memory_format']}"
    )
    share = measured.get("processor_share")
    return told if share is None else f"{told}; in a round the process had {share:.2f} processors"
