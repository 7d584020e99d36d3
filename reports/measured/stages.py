"""Where the time of pipelines for whole images goes, as one interleaved run has recorded it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.experiment import Experiment
from bench.jobs import StageExperiment, TimedPipeline
from bench.records import Record
from reports.measured.clocks import Clock, Times
from reports.measured.results import RECORDS, finished, is_plain
from reports.tables.cells import UNKNOWN, figures
from reports.tables.comparisons import latency_cell
from reports.text.words import Words, row_name


@dataclass(frozen=True)
class TimedStages:
    """The measured stages of one pipeline, an image a call.

    Times of a stage that the pipeline does not have are empty: bottom-up pipelines have network
    and decode, top-down ones have detector and, where it can be told apart, joints.

    Attributes:
        pipeline: what was timed.
        stride: of its network, pixels a cell; None where there is no such grid.
        cost: as ``bench.cost.Cost.to_json`` gives it, all views of the inference option together,
            and of the experiment's ``whole`` people where it depends on them.
        preprocess: times.
        network: times.
        decode: number of people -> times.
        detector: times, where nobody is found.
        joints: number of people -> times of what brings their boxes to joints.
        end_to_end: times of everything in one call, at the experiment's ``whole`` people.
        by_people: number of people -> times from end to end, for all that were timed.
        gmac: number of people -> multiply-adds; 0 is a detector alone.
        found: number of people -> how many of them came out.
        footprint: what everything in one call takes beside time, at the experiment's ``whole``
            people: peak_bytes, joules_per_image; empty in records from before it was measured.
    """

    pipeline: TimedPipeline
    stride: int | None
    cost: dict[str, Any]
    preprocess: Times
    network: Times
    decode: dict[int, Times]
    detector: Times
    joints: dict[int, Times]
    end_to_end: Times
    by_people: dict[int, Times]
    gmac: dict[int, float]
    found: dict[int, int]
    footprint: Mapping[str, float]

    @property
    def name(self) -> str:
        """The variant and, where it is not the plain one, its inference option."""
        return row_name(self.pipeline.variant, self.pipeline)

    @property
    def top_down(self) -> bool:
        """Whether people are found by a detector, each of whom costs more."""
        return self.cost.get("people") is not None

    def sum_of_medians(self, people: int) -> float | None:
        """Return the sum of the medians of the stages in ms; None where one was not timed alone."""
        stages = (
            (self.preprocess, self.detector, self.joints.get(people))
            if self.top_down
            else (self.preprocess, self.network, self.decode.get(people))
        )
        return sum(times["median_ms"] for times in stages if times) if all(stages) else None


@dataclass(frozen=True)
class StageTiming:
    """One interleaved run over all stages of several pipelines, or why there is none."""

    experiment: StageExperiment
    record: Record | None
    reason: str
    pipelines: tuple[TimedStages, ...]  #: empty without a record

    @property
    def disturbed(self) -> bool:
        """Whether another load took part of the machine while they were timed."""
        return self.record is not None and bool(self.record["measured"]["disturbed"])

    @property
    def sizes(self) -> str:
        """The input sizes, for headings: ``224 px``."""
        sizes = dict.fromkeys(str(one.input_size) for one in self.experiment.pipelines)
        return f"{'/'.join(sizes)} px"


def read_stages(folder: Path, experiments: Sequence[StageExperiment]) -> list[StageTiming]:
    """Return the timings of a suite in the order of the plan.

    Args:
        folder: of the suite; holds ``records``.
        experiments: those that were planned.
    """
    return [_read(folder, experiment) for experiment in experiments]


def stage_clocks(timings: Sequence[StageTiming], experiments: Sequence[Experiment]) -> list[Clock]:
    """Return network and end-to-end latency of those experiments whose very model was timed.

    Model, input size and inference option must be the same; none where no experiment's are.
    """
    clocks = []
    for timing in timings:
        timed = {
            experiment.key: stages
            for experiment in experiments
            for stages in timing.pipelines
            if _same(stages.pipeline, experiment)
        }
        if not timed:
            continue
        whole = people(timing.experiment.whole)
        clocks += [
            Clock(
                "network, ms",
                "network alone (ms)",
                "network",
                {key: stages.network for key, stages in timed.items() if stages.network},
                timing.disturbed,
            ),
            Clock(
                f"end to end, {whole}, ms",
                f"end to end, {whole} an image (ms)",
                "end_to_end",
                {key: stages.end_to_end for key, stages in timed.items()},
                timing.disturbed,
            ),
        ]
    return clocks


def stage_table(timing: StageTiming, words: Words) -> pd.DataFrame:
    """Return where the time of an image goes; a stage that no pipeline has is no column."""
    whole = timing.experiment.whole
    kinds = {one.top_down for one in timing.pipelines}
    macs = f"GMAC, {people(whole)}" if True in kinds else "GMAC"
    rows = []
    for one in timing.pipelines:
        total = one.sum_of_medians(whole)
        rows.append(
            {
                words.thing: one.name,
                "input, px": one.pipeline.input_size,
                "stride": UNKNOWN if one.stride is None else one.stride,
                "params": f"{one.cost['params']:,}",
                macs: figures(one.cost["gmac"]),
                "preprocess, ms": latency_cell(one.preprocess),
                "network, ms": latency_cell(one.network or None),
                f"decode {people(whole)}, ms": latency_cell(one.decode.get(whole)),
                "detector, ms": latency_cell(one.detector or None),
                f"joints of {people(whole)}, ms": latency_cell(one.joints.get(whole)),
                "sum of medians, ms": UNKNOWN if total is None else figures(total),
                f"end to end, {people(whole)}, ms": latency_cell(one.end_to_end),
            }
        )
    frame = pd.DataFrame(rows)
    missing = {True: ("detector", "joints"), False: ("network", "decode")}
    absent = tuple(name for kind in {True, False} - kinds for name in missing[kind])
    return frame[[name for name in frame.columns if not str(name).startswith(absent)]]


def decode_table(timing: StageTiming, words: Words) -> pd.DataFrame:
    """Return how long decoding takes, by the number of people an image.

    Maps of several views are averaged before, so only the plain pipelines are shown where there
    are any.
    """
    decoding = [one for one in timing.pipelines if one.decode]
    plain = [one for one in decoding if is_plain(one.pipeline)]
    return pd.DataFrame(
        [
            {words.thing: one.name}
            | {f"{people(n)}, ms": latency_cell(times) for n, times in one.decode.items()}
            for one in plain or decoding
        ]
    )


def miscounts(timing: StageTiming) -> list[str]:
    """Return a sentence for each pipeline whose decoder did not find exactly the people there."""
    sentences = []
    for one in timing.pipelines:
        wrong = [f"{found} of {n}" for n, found in one.found.items() if found != n]
        if wrong:
            sentences.append(f"{one.name}: the decoder found {', '.join(wrong)} people.")
    return sentences


def stages_frame(timings: Sequence[StageTiming]) -> pd.DataFrame:
    """Return the raw times, one row for each pipeline and stage, units in the column names.

    Multiply-adds are the whole pipeline's, for as many people as the row has, or ``whole``.
    """
    rows = []
    for timing in timings:
        for one in timing.pipelines:
            stages: list[tuple[str, int | None, Times]] = [
                ("preprocess", None, one.preprocess),
                ("network", None, one.network),
                *(("decode", n, times) for n, times in one.decode.items()),
                ("detector", None, one.detector),
                *(("joints", n, times) for n, times in one.joints.items()),
                *(("end_to_end", n, times) for n, times in one.by_people.items()),
            ]
            rows += [
                {
                    "variant": one.pipeline.variant,
                    "pipeline": one.pipeline.model.name,
                    "input_size_px": one.pipeline.input_size,
                    "scales": "/".join(f"{scale:g}" for scale in one.pipeline.scales),
                    "flip": one.pipeline.flip,
                    "stride_px": one.stride,
                    "params": one.cost["params"],
                    "fvcore_GMAC": one.gmac.get(n, one.cost["gmac"]) if n else one.cost["gmac"],
                    "stage": stage,
                    "people": n,
                    "people_found": None if n is None else one.found.get(n),
                    **times,
                    **(one.footprint if times is one.end_to_end else {}),
                    "key": timing.experiment.key,
                }
                for stage, n, times in stages
                if times
            ]
    return pd.DataFrame(rows).convert_dtypes()


def people(number: int) -> str:
    """Return ``1 person`` or ``5 people``."""
    return f"{number} {'person' if number == 1 else 'people'}"


def _read(folder: Path, experiment: StageExperiment) -> StageTiming:
    record, reason = finished(folder / RECORDS, experiment.key)
    if record is None:
        return StageTiming(experiment, None, reason, ())
    rows = record["measured"]["pipelines"]
    # The worker keeps the order in which the pipelines were asked for.
    timed = [
        _stages(pipeline, row, experiment)
        for pipeline, row in zip(experiment.pipelines, rows, strict=True)
    ]
    return StageTiming(experiment, record, "", tuple(timed))


def _stages(
    pipeline: TimedPipeline, row: dict[str, Any], experiment: StageExperiment
) -> TimedStages:
    stages = row["stages"]
    by_people = _by_number(stages["end_to_end"], experiment.whole)
    gmac = row.get("gmac_by_people") or dict.fromkeys(experiment.people, row["cost"]["gmac"])
    return TimedStages(
        pipeline,
        row["stride"],
        row["cost"],
        stages["preprocess"],
        stages.get("network", {}),
        _by_number(stages.get("decode", {}), experiment.whole),
        stages.get("detector", {}),
        _by_number(stages.get("joints", {}), experiment.whole),
        by_people[experiment.whole],
        by_people,
        {int(number): cost for number, cost in gmac.items()},
        {int(number): found for number, found in row["found"].items()},
        row.get("footprint", {}),
    )


def _by_number(times: Mapping[str, Any], whole: int) -> dict[int, Times]:
    """Return number of people -> times.

    The first records have a single time from end to end, that of ``whole`` people.
    """
    if "median_ms" in times:
        return {whole: times}
    return {int(number): of_people for number, of_people in times.items()}


def _same(pipeline: TimedPipeline, experiment: Experiment) -> bool:
    protocol = experiment.protocol
    return (pipeline.model, pipeline.input_size, pipeline.scales, pipeline.flip) == (
        experiment.model,
        protocol.input_size,
        protocol.scales,
        protocol.flip,
    )
