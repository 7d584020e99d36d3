"""What the suites of pipelines for whole images share: settings, protocols and timings."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from ablations.options import Options, choose, settle_device
from ablations.pipeline_presets import PIPELINE_PRESETS, PipelineSize
from ablations.presets import Preset
from bench.cost import COUNTED_PEOPLE
from bench.data.datasets import describe_data
from bench.experiment import DataSpec, Experiment, ModelSpec, Protocol, TrainSpec
from bench.given_boxes import FOUND
from bench.jobs import StageExperiment, TimedPipeline
from models.grouping import GROUPING_VERSION
from models.heatmaps import DECODER_VERSION

# Shares of the preset's learning rate. PAF has no batch norm, and at the rates that suit the others
# its training diverges.
_RATES = {"paf6": 0.16, "mask_rcnn": 0.4, "detector_hourglass": 0.4}
#: People an image with which pipelines are compared.
WHOLE = COUNTED_PEOPLE
#: Scales and flip.
View = tuple[tuple[float, ...], bool]
_SINGLE: View = ((1.0,), False)
MULTI_SCALE = (0.5, 1.0, 1.5, 2.0)  # Cao et al., CVPR 2017
#: That bottom-up inference is priced at; pipelines are compared by the first.
VIEWS: tuple[View, ...] = (_SINGLE, ((1.0,), True), (MULTI_SCALE, False))
SINGLE_SCALE = VIEWS[:2]


@dataclass(frozen=True)
class Setting:
    """The options of a run, settled."""

    preset: Preset[PipelineSize]
    data: DataSpec
    train: TrainSpec

    @property
    def size(self) -> PipelineSize:
        """The networks and targets."""
        return self.preset.model


def settle(options: Options) -> Setting:
    """Return what ``options`` ask for.

    Raises:
        Problem: an option that cannot be met.
    """
    choice = choose(options, PIPELINE_PRESETS)
    train = settle_device(choice.train, options.elsewhere)
    data = describe_data(options.data, options.data_root, **asdict(choice.data))
    return Setting(choice.preset, data, train)


def protocol(
    input_size: int, scales: tuple[float, ...] = (1.0,), flip: bool = False, boxes: str = FOUND
) -> Protocol:
    """Return how whole images are measured; ``boxes`` as in ``bench.given_boxes``."""
    return Protocol(
        split="val",
        boxes=boxes,
        input_size=input_size,
        scales=scales,
        flip=flip,
        score_rule="each pipeline's own",
        decoder=f"{GROUPING_VERSION}, {DECODER_VERSION}",
    )


def experiments(
    setting: Setting,
    models: Mapping[str, ModelSpec],
    views: Sequence[View] = VIEWS[:1],
) -> tuple[Experiment, ...]:
    """Return every model once a seed, and measured again under each further view."""
    return tuple(
        Experiment(
            variant,
            model,
            setting.data,
            schedule(setting, model),
            protocol(setting.size.input_size, scales, flip),
            seed,
        )
        for scales, flip in views
        for seed in range(setting.preset.seeds)
        for variant, model in models.items()
    )


def stages(
    setting: Setting,
    models: Mapping[str, ModelSpec],
    input_size: int,
    *,
    further: tuple[TimedPipeline, ...] = (),
    most_rounds: int | None = None,
) -> StageExperiment:
    """Return the timing of all models under the view that compares them, in one run.

    Args:
        setting: of the run.
        models: by the variants' names.
        input_size: side in pixels of the square that the networks see.
        further: pipelines under other views, timed in the same run.
        most_rounds: in place of the preset's, where that has more.
    """
    rounds = setting.preset.latency.rounds
    return StageExperiment(
        (*timed(models, input_size, VIEWS[:1]), *further),
        setting.data.skeleton,
        setting.data.image_size or input_size,
        setting.size.people,
        WHOLE,
        rounds if most_rounds is None else min(rounds, most_rounds),
        setting.train.device,
        setting.train.precision,
    )


def timed(
    models: Mapping[str, ModelSpec], input_size: int, views: Sequence[View]
) -> tuple[TimedPipeline, ...]:
    """Return every model under every view, as its stages are timed."""
    return tuple(
        TimedPipeline(variant, model, input_size, scales, flip)
        for scales, flip in views
        for variant, model in models.items()
    )


def schedule(setting: Setting, model: ModelSpec) -> TrainSpec:
    """Return the preset's schedule with the learning rate and the steps that suit a model."""
    train = setting.train
    share = setting.size.paf_steps if model.name == "paf6" else 1.0
    return replace(
        train,
        learning_rate=train.learning_rate * _RATES.get(model.name, 1.0),
        steps=max(1, round(train.steps * share)),
    )
