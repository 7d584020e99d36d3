"""The other kinds of jobs beside an experiment, as frozen values with a content hash too."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from bench.experiment import (
    DataSpec,
    Experiment,
    ModelSpec,
    Protocol,
    content_key,
    without_later_defaults,
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
        return content_key("latency", values)

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
        return content_key("ceiling", without_later_defaults(asdict(self)) | {"variant": ""})

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
        return content_key("stages", asdict(self))

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
        return content_key("spectrum", asdict(self))

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
        return content_key("field", {"experiment": self.experiment.key, "images": self.images})

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild it from ``dataclasses.asdict`` of it, after a trip through JSON."""
        return cls(Experiment.from_dict(values["experiment"]), values["images"])


@dataclass(frozen=True)
class GateExperiment:
    """Sample a network's gates at the joints of people, of whom the data know everything.

    Attributes:
        experiment: the accuracy experiment whose first and last weights are looked at.
        images: at most so many of its validation images.
        method: the version of how it is done; "" of the first, which had no look before training.
    """

    experiment: Experiment
    images: int
    method: str = ""

    @property
    def key(self) -> str:
        """The content hash under which the record is filed."""
        values = asdict(self) | {"experiment": self.experiment.key}
        return content_key("gates", without_later_defaults(values))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild it from ``dataclasses.asdict`` of it, after a trip through JSON."""
        return cls(
            Experiment.from_dict(values["experiment"]), values["images"], values.get("method", "")
        )


@dataclass(frozen=True)
class AnnotationExperiment:
    """Let a trained model mark joints on a data set whose annotators do not.

    Attributes:
        annotator: the experiment whose weights are used.
        data: whose training images are annotated.
        joints: that it lacks.
        calibrated_on: other data, of which the annotators mark these joints and head boxes; on its
            training images it is decided how sure the model has to be.
        precision: the share of joints that have to be right there.
        method: the version of how joints are given to people.
    """

    annotator: Experiment
    data: DataSpec
    joints: tuple[str, ...]
    calibrated_on: DataSpec
    precision: float
    method: str

    @property
    def key(self) -> str:
        """The content hash under which the record is filed."""
        values = without_later_defaults(asdict(self)) | {"annotator": self.annotator.key}
        return content_key("annotation", values)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild it from ``dataclasses.asdict`` of it, after a trip through JSON."""
        return cls(
            annotator=Experiment.from_dict(values["annotator"]),
            data=DataSpec.from_dict(values["data"]),
            joints=tuple(values["joints"]),
            calibrated_on=DataSpec.from_dict(values["calibrated_on"]),
            precision=values["precision"],
            method=values["method"],
        )


OtherJob = (
    AnnotationExperiment
    | CeilingExperiment
    | SpectrumExperiment
    | FieldExperiment
    | GateExperiment
    | LatencyExperiment
    | StageExperiment
)
Job = Experiment | OtherJob


def models_of(job: Job) -> list[ModelSpec]:
    """Return the models that a job builds."""
    if isinstance(job, LatencyExperiment):
        return [one.model for one in job.experiments]
    if isinstance(job, StageExperiment):
        return [one.model for one in job.pipelines]
    if isinstance(job, SpectrumExperiment):
        return [ModelSpec(job.block, plugin=job.plugin)]
    if isinstance(job, AnnotationExperiment):
        return [job.annotator.model]
    one = job.experiment if isinstance(job, FieldExperiment | GateExperiment) else job
    return [one.model]
