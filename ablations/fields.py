"""What the suites of bottom-up pipelines share: networks, protocols, ceilings and timings."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ablations.field_presets import FIELD_PRESETS, FieldSize
from ablations.options import Options, choose, settle_device
from ablations.presets import Preset
from bench.data.datasets import describe_data
from bench.experiment import (
    CeilingExperiment,
    DataSpec,
    Experiment,
    ModelSpec,
    Protocol,
    StageExperiment,
    TimedPipeline,
    TrainSpec,
)
from models.grouping import GROUPING_VERSION

# PAF has no batch norm, and at the rates that suit MSPAF its training diverges.
_PLAIN_RATE = 0.2
#: People an image at which decoding is timed, and those with which everything is.
PEOPLE, WHOLE = (1, 2, 5, 10, 20, 50), 5
MULTI_SCALE = (0.5, 1.0, 1.5, 2.0)  # Cao et al., CVPR 2017
#: (scales, flip) that inference is priced at; the first is what pipelines are compared by.
VIEWS = (((1.0,), False), ((1.0,), True), (MULTI_SCALE, False))
SINGLE_SCALE = VIEWS[:2]
_CEILING_STRIDES = (4, 8)
# Small inputs have a ceiling of their own; this one shows how much of theirs is the grid's.
_CEILING_INPUT = 256
# A limb narrower than this share of a cell may pass between the cells' centres and leave no field.
_LEAST_CELLS = 0.75


@dataclass(frozen=True)
class Setting:
    """The options of a run, settled."""

    preset: Preset[FieldSize]
    data: DataSpec
    train: TrainSpec

    @property
    def size(self) -> FieldSize:
        """The networks and targets."""
        return self.preset.model


def settle(options: Options) -> Setting:
    """Return what ``options`` ask for.

    Raises:
        Problem: an option that cannot be met.
    """
    choice = choose(options, FIELD_PRESETS)
    train = settle_device(choice.train)
    data = describe_data(options.data, options.data_root, **asdict(choice.data))
    return Setting(choice.preset, data, train)


def paf6(size: FieldSize) -> ModelSpec:
    """Return PAF with six stages at the preset's width."""
    arguments = {"width": size.width_factor, "stride": size.paf_stride}
    return ModelSpec("paf6", arguments | _targets(size))


def mspaf3(size: FieldSize, block: str = "aioi_light", plugin: str = "") -> ModelSpec:
    """Return the multiscale PAF with three stages at the preset's width."""
    arguments = {"block": block, "width": size.width_factor, "stride": size.mspaf_stride}
    return ModelSpec("mspaf3", arguments | _targets(size), plugin)


def protocol(input_size: int, scales: tuple[float, ...] = (1.0,), flip: bool = False) -> Protocol:
    """Return how whole images are measured."""
    return Protocol(
        split="val",
        boxes="none",
        input_size=input_size,
        scales=scales,
        flip=flip,
        score_rule="sum of joint and connection scores",
        decoder=GROUPING_VERSION,
    )


def experiments(
    setting: Setting,
    models: Mapping[str, ModelSpec],
    views: Sequence[tuple[tuple[float, ...], bool]] = VIEWS[:1],
) -> tuple[Experiment, ...]:
    """Return every model once a seed, and measured again under each further view."""
    return tuple(
        Experiment(
            variant,
            model,
            setting.data,
            _train(setting.train, model),
            protocol(setting.size.input_size, scales, flip),
            seed,
        )
        for scales, flip in views
        for seed in range(setting.preset.seeds)
        for variant, model in models.items()
    )


def ceilings(setting: Setting) -> tuple[CeilingExperiment, ...]:
    """Return the decoder on true fields, at both strides, of the preset's and of a large input."""
    inputs = dict.fromkeys((setting.size.input_size, _CEILING_INPUT))
    return tuple(
        CeilingExperiment(
            f"true fields, {side} px, stride {stride}",
            # The smallest network there is: only targets and decoder are used.
            ModelSpec(
                "mspaf3",
                {"block": "residual", "depth": 1, "trunk_depth": 1, "stages": 1, "width": 1 / 16}
                | {"stride": stride}
                | _targets(setting.size, least=_LEAST_CELLS * stride),
            ),
            setting.data,
            protocol(side),
        )
        for side in inputs
        for stride in _CEILING_STRIDES
    )


def stages(
    setting: Setting,
    models: Mapping[str, ModelSpec],
    input_size: int,
    *,
    views: Sequence[tuple[tuple[float, ...], bool]] = VIEWS[:1],
    rounds: int,
) -> StageExperiment:
    """Return the timing of all models under all views, in one run."""
    pipelines = tuple(
        TimedPipeline(variant, model, input_size, scales, flip)
        for scales, flip in views
        for variant, model in models.items()
    )
    return StageExperiment(
        pipelines,
        setting.data.skeleton,
        setting.data.image_size or input_size,
        PEOPLE,
        WHOLE,
        rounds,
        setting.train.device,
        setting.train.precision,
    )


def _targets(size: FieldSize, least: float = 0.0) -> dict[str, Any]:
    return {
        "sigma": max(size.sigma, least),
        "half_width": max(size.half_width, least),
        "grouping": {"min_parts": size.min_parts},
    }


def _train(train: TrainSpec, model: ModelSpec) -> TrainSpec:
    if model.name != "paf6":
        return train
    return replace(train, learning_rate=train.learning_rate * _PLAIN_RATE)
