"""Where the time of pipelines for whole images goes: preprocessing, network, decoding."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.experiment import Experiment, StageExperiment, TimedPipeline
from bench.records import Record
from reports.measured.clocks import Clock, Times
from reports.measured.results import RECORDS, finished, is_plain
from reports.tables.cells import UNKNOWN, figures
from reports.tables.comparisons import latency_cell
from reports.text.words import Words, row_name


@dataclass(frozen=True)
class TimedStages:
    """The measured stages of one pipeline, an image a call.

    Attributes:
        pipeline: what was timed.
        stride: of its network, pixels a cell.
        cost: as ``bench.cost.Cost.to_json`` gives it, all views of the inference option together.
        preprocess, network: times.
        decode: number of people -> times.
        end_to_end: times of all three in one call, at the experiment's ``whole`` people.
        found: number of people -> how many of them the decoder found.
    """

    pipeline: TimedPipeline
    stride: int
    cost: dict[str, Any]
    preprocess: Times
    network: Times
    decode: dict[int, Times]
    end_to_end: Times
    found: dict[int, int]

    @property
    def name(self) -> str:
        """The variant and, where it is not the plain one, its inference option."""
        return row_name(self.pipeline.variant, self.pipeline)

    def whole_ms(self, people: int) -> float:
        """Return the sum of the medians of the stages in ms."""
        stages = (self.preprocess, self.network, self.decode[people])
        return sum(times["median_ms"] for times in stages)


@dataclass(frozen=True)
class StageTiming:
    """One interleaved run over all stages of several pipelines, or why there is none."""

    experiment: StageExperiment
    record: Record | None
    reason: str
    pipelines: tuple[TimedStages, ...]  #: empty without a record

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
                {key: stages.network for key, stages in timed.items()},
            ),
            Clock(
                f"end to end, {whole}, ms",
                f"end to end, {whole} an image (ms)",
                "end_to_end",
                {key: stages.end_to_end for key, stages in timed.items()},
            ),
        ]
    return clocks


def stage_table(timing: StageTiming, words: Words) -> pd.DataFrame:
    """Return where the time of an image goes."""
    whole = timing.experiment.whole
    return pd.DataFrame(
        [
            {
                words.thing: one.name,
                "input, px": one.pipeline.input_size,
                "stride": one.stride,
                "params": f"{one.cost['params']:,}",
                "GMAC": figures(one.cost["gmac"]),
                "preprocess, ms": latency_cell(one.preprocess),
                "network, ms": latency_cell(one.network),
                f"decode {people(whole)}, ms": latency_cell(one.decode.get(whole)),
                "sum of medians, ms": (
                    figures(one.whole_ms(whole)) if whole in one.decode else UNKNOWN
                ),
                f"end to end, {people(whole)}, ms": latency_cell(one.end_to_end),
            }
            for one in timing.pipelines
        ]
    )


def decode_table(timing: StageTiming, words: Words) -> pd.DataFrame:
    """Return how long decoding takes, by the number of people an image.

    Maps of several views are averaged before, so only the plain pipelines are shown where there
    are any.
    """
    plain = [one for one in timing.pipelines if is_plain(one.pipeline)]
    return pd.DataFrame(
        [
            {words.thing: one.name}
            | {f"{people(n)}, ms": latency_cell(times) for n, times in one.decode.items()}
            for one in plain or timing.pipelines
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
    """Return the raw times, one row for each pipeline and stage, units in the column names."""
    rows = []
    for timing in timings:
        for one in timing.pipelines:
            whole = timing.experiment.whole
            stages: list[tuple[str, int | None, Times]] = [
                ("preprocess", None, one.preprocess),
                ("network", None, one.network),
                *(("decode", n, times) for n, times in one.decode.items()),
                ("end_to_end", whole, one.end_to_end),
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
                    "fvcore_GMAC": one.cost["gmac"],
                    "stage": stage,
                    "people": n,
                    "people_found": None if n is None else one.found.get(n),
                    **times,
                    "key": timing.experiment.key,
                }
                for stage, n, times in stages
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
    timed = [_stages(*pair) for pair in zip(experiment.pipelines, rows, strict=True)]
    return StageTiming(experiment, record, "", tuple(timed))


def _stages(pipeline: TimedPipeline, row: dict[str, Any]) -> TimedStages:
    stages = row["stages"]
    return TimedStages(
        pipeline,
        row["stride"],
        row["cost"],
        stages["preprocess"],
        stages["network"],
        {int(number): times for number, times in stages["decode"].items()},
        stages["end_to_end"],
        {int(number): found for number, found in row["found"].items()},
    )


def _same(pipeline: TimedPipeline, experiment: Experiment) -> bool:
    protocol = experiment.protocol
    return (pipeline.model, pipeline.input_size, pipeline.scales, pipeline.flip) == (
        experiment.model,
        protocol.input_size,
        protocol.scales,
        protocol.flip,
    )
