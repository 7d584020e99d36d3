"""Plain data in the middle: what is run, as frozen values with a content hash."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self

#: The skeleton that holds every joint of every data set, by name.
UNION = "canonical"
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
class Part:
    """One data set of a mixture that is trained on.

    Attributes:
        data: its training images.
        weight: the share of the images seen that are its own, up to a factor common to all parts.
        annotated_by: key of the job that marked further joints on it, "" where none did.
        adds: the joints which that job marked.
    """

    data: DataSpec
    weight: float
    annotated_by: str = ""
    adds: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild it from ``dataclasses.asdict`` of it, after a trip through JSON."""
        data = DataSpec.from_dict(values["data"])
        return cls(**(values | {"data": data, "adds": tuple(values["adds"])}))


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
        data: that it is trained on where there is no mixture, and measured on where ``tested`` is
            None.
        train: how.
        protocol: of the measurement.
        seed: of the training.
        tested: other data that it is measured on.
        starts_from: key of the experiment with whose weights the training begins, "" for fresh
            ones.
        mixture: the data sets that it is trained on; () for ``data`` alone. A model of a mixture,
            of one part too, has every joint there is, and is measured in those of the data that
            it is measured on.
    """

    variant: str
    model: ModelSpec
    data: DataSpec
    train: TrainSpec
    protocol: Protocol
    seed: int
    tested: DataSpec | None = None
    starts_from: str = ""
    mixture: tuple[Part, ...] = ()

    @property
    def judged_on(self) -> DataSpec:
        """The data that it is measured on."""
        return self.tested or self.data

    @property
    def learnt_from(self) -> tuple[DataSpec, ...]:
        """The data that it is trained on."""
        return tuple(part.data for part in self.mixture) or (self.data,)

    @property
    def skeleton(self) -> str:
        """The name of the joints that its model finds."""
        return UNION if self.mixture else self.data.skeleton

    @property
    def needs(self) -> tuple[str, ...]:
        """The keys of the jobs whose results its training begins with."""
        annotated = (part.annotated_by for part in self.mixture)
        return tuple(dict.fromkeys(key for key in (self.starts_from, *annotated) if key))

    @property
    def key(self) -> str:
        """The content hash under which the record is filed."""
        return content_key("accuracy", without_later_defaults(asdict(self)) | {"variant": ""})

    @property
    def training_key(self) -> str:
        """The content hash of all that decides the weights; protocols of one training share it."""
        decides = ("model", "data", "train", "seed", "starts_from", "mixture")
        values = without_later_defaults(asdict(self))
        return content_key("training", {name: values[name] for name in decides if name in values})

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
            mixture=tuple(Part.from_dict(one) for one in values.get("mixture", ())),
        )


def without_later_defaults(values: dict[str, Any]) -> dict[str, Any]:
    """Return ``values``, the fields of a job, as they enter its key.

    Fields that came later are left out at their defaults, so that older records keep their keys.
    """
    return {
        name: _plain(value)
        for name, value in values.items()
        if name not in _LATER or value != _LATER[name]
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_plain(one) for one in value)
    return without_later_defaults(value) if isinstance(value, dict) else value


#: Fields that came after the first records were filed, and what they say where they say nothing.
_LATER: dict[str, Any] = {
    "tested": None,
    "starts_from": "",
    "factors": (),
    "mixture": (),
    "method": "",
}


def content_key(kind: str, values: dict[str, Any]) -> str:
    """Return the key of a job of that ``kind``: a hash of what decides its record."""
    canonical = json.dumps([kind, values], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:KEY_LENGTH]
