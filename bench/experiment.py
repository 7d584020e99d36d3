"""Plain data in the middle: what is run, as frozen values with a content hash."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self

KEY_LENGTH = 16  # hexadecimal digits: 64 bits, ample for any number of experiments


@dataclass(frozen=True)
class ModelSpec:
    """A registered pipeline and its keyword arguments.

    ``plugin`` is the sha256 of the user's file that registered a part of it, "" for our own, so
    that an edited plugin is a new experiment.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    plugin: str = ""


@dataclass(frozen=True)
class DataSpec:
    """Which images; ``digest`` pins the content of data that lies on disk.

    Attributes:
        name: a registered data set.
        skeleton: the name of its joint set.
        train_images, val_images: how many; 0 means all.
        image_size: side of a rendered scene in pixels; 0 for photographs.
        crop_size: side of a person's crop in pixels; 0 for whole images.
        seed: of the renderer.
        digest: sha256 of the annotation files, or the renderer's version.
        factors: of the scenes, that differ from the data set's own: names and values.
    """

    name: str
    skeleton: str
    train_images: int
    val_images: int
    image_size: int
    crop_size: int
    seed: int
    digest: str
    factors: tuple[tuple[str, float | tuple[float, ...]], ...] = ()

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild it from ``dataclasses.asdict`` of it, after a trip through JSON."""
        factors = tuple(
            (name, tuple(value) if isinstance(value, list) else value)
            for name, value in values.get("factors", ())
        )
        return cls(**(values | {"factors": factors}))


@dataclass(frozen=True)
class TrainSpec:
    """One training: schedule, optimiser, augmentation, device and number format.

    Attributes:
        steps: optimiser steps.
        batch_size: images a step.
        learning_rate: AdamW's, at its highest; warms up linearly, then falls as a cosine to 0.
        weight_decay: of AdamW, on weights of two or more dimensions.
        warmup: share of the steps.
        rotation: largest rotation in degrees, both ways, uniform.
        scale: largest factor of zoom in or out, log-uniform.
        shift: largest shift as a share of the crop, uniform.
        flip: mirror half of the images.
        device: "cpu" or "cuda".
        precision: "fp32" or "bf16" (autocast).
    """

    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    warmup: float
    rotation: float
    scale: float
    shift: float
    flip: bool
    device: str
    precision: str


@dataclass(frozen=True)
class Protocol:
    """The fingerprint of a measurement: rows that differ here are never ranked together.

    ``boxes`` are those that people are cut out by: "ground-truth", or "ground-truth ±0.05" where
    each side has an error of that deviation, a share of the box (``bench.given_boxes``); "none"
    where whole images are seen and people are to be found.
    """

    split: str
    boxes: str
    input_size: int
    scales: tuple[float, ...]
    flip: bool
    score_rule: str
    decoder: str

    def __str__(self) -> str:
        flip = "flip test" if self.flip else "no flip"
        scales = "/".join(f"{scale:g}" for scale in self.scales)
        shown = "whole images" if self.boxes == "none" else f"{self.boxes} boxes"
        return (
            f"{self.split}, {shown}, {self.input_size} px, scale {scales}, {flip}, "
            f"score: {self.score_rule}, decoder: {self.decoder}"
        )


@dataclass(frozen=True)
class Experiment:
    """Train one model on one data set with one seed, and measure it.

    Attributes:
        variant: names the row in reports; it does not enter the key, so that suites which share an
            experiment share its record.
        model: the pipeline.
        data: that it is trained on, and measured on where ``tested`` is None.
        train: how.
        protocol: of the measurement.
        seed: of the training.
        tested: other data that it is measured on.
        starts_from: key of the experiment with whose weights the training begins, "" for fresh
            ones.
    """

    variant: str
    model: ModelSpec
    data: DataSpec
    train: TrainSpec
    protocol: Protocol
    seed: int
    tested: DataSpec | None = None
    starts_from: str = ""

    @property
    def judged_on(self) -> DataSpec:
        """The data that it is measured on."""
        return self.tested or self.data

    @property
    def key(self) -> str:
        """The content hash under which the record is filed."""
        return _key("accuracy", _hashed(self) | {"variant": ""})

    @property
    def training_key(self) -> str:
        """The content hash of all that decides the weights; protocols of one training share it."""
        decides = ("model", "data", "train", "seed", "starts_from")
        values = _hashed(self)
        return _key("training", {name: values[name] for name in decides if name in values})

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild an experiment from ``dataclasses.asdict`` of it, after a trip through JSON."""
        protocol = values["protocol"] | {"scales": tuple(values["protocol"]["scales"])}
        tested = values.get("tested")
        return cls(
            variant=values["variant"],
            model=ModelSpec(**values["model"]),
            data=DataSpec.from_dict(values["data"]),
            train=TrainSpec(**values["train"]),
            protocol=Protocol(**protocol),
            seed=values["seed"],
            tested=None if tested is None else DataSpec.from_dict(tested),
            starts_from=values.get("starts_from", ""),
        )


@dataclass(frozen=True)
class LatencyExperiment:
    """Time several trained models in one interleaved run.

    Attributes:
        experiments: the accuracy experiments whose very models are timed.
        batch_sizes: images a call.
        rounds: interleaved rounds; each gives one sample a model and batch size.
    """

    experiments: tuple[Experiment, ...]
    batch_sizes: tuple[int, ...]
    rounds: int

    @property
    def key(self) -> str:
        """The content hash under which the record is filed."""
        values = {
            "experiments": [experiment.key for experiment in self.experiments],
            "batch_sizes": self.batch_sizes,
            "rounds": self.rounds,
        }
        return _key("latency", values)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild it from ``dataclasses.asdict`` of it, after a trip through JSON."""
        return cls(
            experiments=tuple(Experiment.from_dict(one) for one in values["experiments"]),
            batch_sizes=tuple(values["batch_sizes"]),
            rounds=values["rounds"],
        )


@dataclass(frozen=True)
class CeilingExperiment:
    """Decode a pipeline's own targets: what representation and grouping lose without a network.

    Attributes:
        variant: names the row in reports; it does not enter the key.
        model: a pipeline of fields, whose targets and decoder are used, not its weights.
        data: whole images.
        protocol: of the measurement.
    """

    variant: str
    model: ModelSpec
    data: DataSpec
    protocol: Protocol

    @property
    def key(self) -> str:
        """The content hash under which the record is filed."""
        return _key("ceiling", _hashed(self) | {"variant": ""})

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild it from ``dataclasses.asdict`` of it, after a trip through JSON."""
        protocol = values["protocol"] | {"scales": tuple(values["protocol"]["scales"])}
        return cls(
            values["variant"],
            ModelSpec(**values["model"]),
            DataSpec.from_dict(values["data"]),
            Protocol(**protocol),
        )


@dataclass(frozen=True)
class TimedPipeline:
    """One pipeline for whole images as it is timed; its weights do not matter to a clock.

    Attributes:
        variant: names the row in reports.
        model: the pipeline.
        input_size: side in pixels of the square that the network sees.
        scales: of that square, at which the network sees it.
        flip: whether it sees the mirror image as well.
    """

    variant: str
    model: ModelSpec
    input_size: int
    scales: tuple[float, ...] = (1.0,)
    flip: bool = False


@dataclass(frozen=True)
class StageExperiment:
    """Time the stages of several pipelines in one interleaved run, an image a call.

    Attributes:
        pipelines: in table order.
        skeleton: the name of their joint set.
        image_size: side in pixels of the square image that preprocessing begins with.
        people: numbers of people an image, for each of which decoding is timed.
        whole: the number of people for which everything is timed from end to end.
        rounds: interleaved rounds; each gives one sample of each stage.
        device: "cpu" or "cuda".
        precision: "fp32" or "bf16" (autocast).
    """

    pipelines: tuple[TimedPipeline, ...]
    skeleton: str
    image_size: int
    people: tuple[int, ...]
    whole: int
    rounds: int
    device: str
    precision: str

    @property
    def key(self) -> str:
        """The content hash under which the record is filed."""
        return _key("stages", asdict(self))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild it from ``dataclasses.asdict`` of it, after a trip through JSON."""
        pipelines = tuple(
            TimedPipeline(
                one["variant"],
                ModelSpec(**one["model"]),
                one["input_size"],
                tuple(one["scales"]),
                one["flip"],
            )
            for one in values["pipelines"]
        )
        return cls(**(values | {"pipelines": pipelines, "people": tuple(values["people"])}))


@dataclass(frozen=True)
class SpectrumExperiment:
    """Count the paths through chains of one block, which needs no weights.

    Attributes:
        block: a registered block; names the row in reports.
        channels: of every block in the chains.
        depths: matching rules, each with the number of blocks in its chain.
        plugin: sha256 of the user's file that registered the block, "" for our own.
    """

    block: str
    channels: int
    depths: tuple[tuple[str, int], ...]
    plugin: str = ""

    @property
    def key(self) -> str:
        """The content hash under which the record is filed."""
        return _key("spectrum", asdict(self))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild it from ``dataclasses.asdict`` of it, after a trip through JSON."""
        depths = tuple((rule, depth) for rule, depth in values["depths"])
        return cls(**(values | {"depths": depths}))


@dataclass(frozen=True)
class FieldExperiment:
    """Measure what a network's output depends on, before its training and after.

    Attributes:
        experiment: the accuracy experiment whose first and last weights are looked at.
        images: of noise, and at most of its validation crops.
    """

    experiment: Experiment
    images: int

    @property
    def key(self) -> str:
        """The content hash under which the record is filed."""
        return _key("field", {"experiment": self.experiment.key, "images": self.images})

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild it from ``dataclasses.asdict`` of it, after a trip through JSON."""
        return cls(Experiment.from_dict(values["experiment"]), values["images"])


Job = (
    Experiment
    | CeilingExperiment
    | SpectrumExperiment
    | FieldExperiment
    | LatencyExperiment
    | StageExperiment
)


def models_of(job: Job) -> list[ModelSpec]:
    """Return the models that a job builds."""
    if isinstance(job, LatencyExperiment):
        return [one.model for one in job.experiments]
    if isinstance(job, StageExperiment):
        return [one.model for one in job.pipelines]
    if isinstance(job, SpectrumExperiment):
        return [ModelSpec(job.block, plugin=job.plugin)]
    return [job.experiment.model if isinstance(job, FieldExperiment) else job.model]


def _hashed(job: "Experiment | CeilingExperiment") -> dict[str, Any]:
    """Return the fields of ``job`` as plain values.

    Those that came later are left out at their defaults, so that older records keep their keys.
    """
    return _without_later_defaults(asdict(job))


def _without_later_defaults(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_later_defaults(value) if isinstance(value, dict) else value
        for name, value in values.items()
        if name not in _LATER or value != _LATER[name]
    }


#: Fields that came after the first records were filed, and what they say where they say nothing.
_LATER: dict[str, Any] = {"tested": None, "starts_from": "", "factors": ()}


def _key(kind: str, values: dict[str, Any]) -> str:
    canonical = json.dumps([kind, values], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:KEY_LENGTH]
