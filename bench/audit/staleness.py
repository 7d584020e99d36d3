"""What of an experiment is no longer what the present code and data would make of it."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from bench.data.datasets import DATASET_NAMES, checked_root, describe_data
from bench.data.synthetic.factors import DOMAINS
from bench.experiment import DataSpec, Experiment
from bench.gates.measure import METHOD
from bench.jobs import (
    AnnotationExperiment,
    CeilingExperiment,
    FieldExperiment,
    GateExperiment,
    Job,
    LatencyExperiment,
    SpectrumExperiment,
    models_of,
)
from bench.problem import Problem
from models import grouping, heatmaps, list_blocks, list_pipelines
from models.registry import unknown_name

_DIGITS = 12  # of a digest: enough to tell two apart by eye


class Present:
    """The code and data of today, which experiments on record are compared with.

    Args:
        root: the folder of a data set on disk; without it, data on disk are not compared.
        plugin: sha256 of the user's file, which is loaded; "" without one.
    """

    def __init__(self, root: Path | None = None, plugin: str = "") -> None:
        self._root = root
        self._plugin = plugin
        self._described: dict[DataSpec, DataSpec | Problem] = {}

    def outdated(self, job: Job) -> list[str]:
        """Return what makes ``job`` another experiment today, one clause a reason.

        Its data have another version, digest or number; its decoder or the way of looking at gates
        has another version; its pipeline, block or plugin is not there any more.
        """
        reasons = [
            *(reason for spec in _data_of(job) for reason in self._changed_data(spec)),
            *(
                reason
                for one in experiments_of(job)
                for reason in _changed_decoder(one.protocol.decoder)
            ),
            *_changed_look(job),
            *self._missing_names(job),
        ]
        return list(dict.fromkeys(reasons))

    def unchecked(self, job: Job) -> list[str]:
        """Return what of ``job`` cannot be compared, and what would help, one sentence each."""
        reasons = []
        for spec in _data_of(job):
            if spec.name in DATASET_NAMES and spec.name not in DOMAINS:
                now = self._describe(spec)
                reasons += [str(now)] if isinstance(now, Problem) else []
        if not self._plugin and any(model.plugin for model in models_of(job)):
            reasons.append("its block comes from a plugin; give the file with --plugin")
        return list(dict.fromkeys(reasons))

    def _changed_data(self, spec: DataSpec) -> Iterator[str]:
        if spec.name not in DATASET_NAMES:
            yield unknown_name("data set", spec.name, DATASET_NAMES)
            return
        now = self._describe(spec)
        if isinstance(now, Problem):
            # Of data on disk that cannot be read here, ``unchecked`` tells.
            yield from [str(now)] if spec.name in DOMAINS else []
            return
        for field in fields(spec):
            before, after = getattr(spec, field.name), getattr(now, field.name)
            if before != after:
                rendered = spec.name in DOMAINS and field.name == "digest"
                what = "renderer's version" if rendered else field.name
                yield (
                    f"data set '{spec.name}': the {what} was {_short(before)} and is now "
                    f"{_short(after)}"
                )

    def _describe(self, spec: DataSpec) -> DataSpec | Problem:
        if spec not in self._described:
            try:
                self._described[spec] = self._describe_anew(spec)
            except Problem as problem:
                self._described[spec] = problem
        return self._described[spec]

    def _describe_anew(self, spec: DataSpec) -> DataSpec:
        if spec.name not in DOMAINS:
            checked_root(spec.name, self._root)
        return describe_data(
            spec.name,
            self._root,
            train_images=spec.train_images,
            val_images=spec.val_images,
            image_size=spec.image_size,
            crop_size=spec.crop_size,
            seed=spec.seed,
            factors=spec.factors,
        )

    def _missing_names(self, job: Job) -> Iterator[str]:
        for model in models_of(job):
            if model.plugin and not self._plugin:
                continue  # ``unchecked`` asks for it
            if model.plugin not in ("", self._plugin):
                yield (
                    f"the plugin's file was {_short(model.plugin)} and is now "
                    f"{_short(self._plugin)}"
                )
            if isinstance(job, SpectrumExperiment):
                yield from _unknown_block(job.block)
            else:
                yield from _unknown_parts(model.name, model.arguments)


def _unknown_parts(pipeline: str, arguments: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the names of a pipeline, its block, and the pipeline inside it."""
    if pipeline not in list_pipelines():
        yield unknown_name("pipeline", pipeline, list_pipelines())
    if "block" in arguments:
        yield from _unknown_block(arguments["block"])
    person = arguments.get("person")  # the single-person half of ``detector_hourglass``
    if isinstance(person, dict):
        yield from _unknown_parts(person["name"], person)


def _unknown_block(name: str) -> Iterator[str]:
    if name not in list_blocks():
        yield unknown_name("block", name, list_blocks())


def _changed_decoder(decoder: str) -> Iterator[str]:
    # Modules' own names, so that what is compared is what they say at the moment.
    versions = (grouping.GROUPING_VERSION, heatmaps.DECODER_VERSION)
    for part in decoder.split(", "):
        if part not in versions:
            yield f"the decoder was {part}, and there are now {' and '.join(versions)}"


def _changed_look(job: Job) -> Iterator[str]:
    if isinstance(job, GateExperiment) and job.method != METHOD:
        was = job.method or "the first, after training only"
        yield f"the way of looking at gates was {was}, and is now {METHOD}"


def experiments_of(job: Job) -> list[Experiment | CeilingExperiment]:
    """Return the experiments on data that a job consists of, itself where it is one."""
    if isinstance(job, LatencyExperiment):
        return list(job.experiments)
    if isinstance(job, FieldExperiment | GateExperiment):
        return [job.experiment]
    if isinstance(job, AnnotationExperiment):
        return [job.annotator]
    return [job] if isinstance(job, Experiment | CeilingExperiment) else []


def _data_of(job: Job) -> list[DataSpec]:
    own = [job.data, job.calibrated_on] if isinstance(job, AnnotationExperiment) else []
    return own + [
        spec
        for one in experiments_of(job)
        for spec in (
            (*one.learnt_from, one.judged_on) if isinstance(one, Experiment) else (one.data,)
        )
    ]


def _short(value: object) -> str:
    text = str(value)
    is_digest = len(text) == 64 and set(text) <= set("0123456789abcdef")
    return f"{text[:_DIGITS]}…" if is_digest else text
