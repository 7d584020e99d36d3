"""The suite ``blocks``: every block as the trunk of one and the same single-person network."""

from dataclasses import asdict, replace

from ablations.matching import Match, match_block
from ablations.options import Options, choose, settle_device, unknown
from ablations.presets import PRESETS
from bench.data.datasets import describe_data
from bench.experiment import DataSpec, Experiment, ModelSpec, Protocol, TrainSpec
from bench.jobs import LatencyExperiment
from bench.plan import Plan
from models import list_blocks
from models.heatmaps import DECODER_VERSION
from models.skeleton import SKELETONS

BASELINE = "mean_pose"
# Batches that the baseline counts: some thousand crops fix a mean to well under a pixel.
BASELINE_STEPS = 100


def plan(options: Options) -> Plan:
    """Return every selected block once a seed, and the baseline once, for it has nothing random.

    All blocks of a seed come before the next seed, so that what an interruption leaves can
    already be compared.

    Raises:
        Problem: an option that cannot be met.
    """
    choice = choose(options, PRESETS)
    train = settle_device(choice.train, options.elsewhere)
    blocks = list_blocks(options.blocks)
    if not blocks:
        raise unknown("block", options.blocks, list_blocks())
    data = describe_data(options.data, options.data_root, **asdict(choice.data))
    size, joints = choice.preset.model, len(SKELETONS[data.skeleton])
    matches = {
        block: match_block(options.match, block, size, joints, data.crop_size) for block in blocks
    }
    models = {
        block: _model(block, match, size.stages, data.crop_size, _plugin_of(block, options))
        for block, match in matches.items()
    }
    protocol = _protocol(data.crop_size)
    experiments = [
        Experiment(block, models[block], data, train, protocol, seed)
        for seed in range(choice.preset.seeds)
        for block in blocks
    ]
    latency = choice.preset.latency
    everything = (*experiments, _baseline(data, train, protocol))
    return Plan(
        everything,
        LatencyExperiment(everything, latency.batch_sizes, latency.rounds),
        {experiment.key: matches[experiment.variant].to_json() for experiment in experiments},
    )


def _model(block: str, match: Match, stages: int, crop_size: int, plugin: str) -> ModelSpec:
    arguments = {
        "block": block,
        "depth": match.depth,
        "width": match.width,
        "stages": stages,
        "crop_size": crop_size,
    }
    return ModelSpec("single_person", arguments, plugin)


def _plugin_of(block: str, options: Options) -> str:
    return options.plugin if block in options.plugin_blocks else ""


def _protocol(crop_size: int) -> Protocol:
    return Protocol(
        split="val",
        boxes="ground-truth",
        input_size=crop_size,
        scales=(1.0,),
        flip=False,  # what is timed is what is scored: one pass
        score_rule="mean joint score",
        decoder=DECODER_VERSION,
    )


def _baseline(data: DataSpec, train: TrainSpec, protocol: Protocol) -> Experiment:
    """Return zero skill at its best: the mean of crops that were not moved about."""
    still = replace(
        train,
        steps=min(train.steps, BASELINE_STEPS),
        rotation=0.0,
        scale=1.0,
        shift=0.0,
        flip=False,
        precision="fp32",
    )
    model = ModelSpec(BASELINE, {"crop_size": data.crop_size})
    return Experiment(BASELINE, model, data, still, protocol, seed=0)
