"""The suite ``pipelines``: all pipelines on whole images, trained and measured alike."""

from ablations import bottom_up, top_down, whole_images
from ablations.options import Options, refuse_blocks
from ablations.pipeline_presets import PipelineSize
from bench.experiment import ModelSpec
from bench.plan import Plan


def plan(options: Options) -> Plan:
    """Return every pipeline, the bottom-up ones priced at further views, and ceilings and stages.

    Raises:
        Problem: an option that cannot be met.
    """
    refuse_blocks(options, "pipelines")
    setting = whole_images.settle(options)
    size = setting.size
    fields = from_below(size)
    models = fields | from_above(size)
    views = (whole_images.VIEWS if size.multi_scale else whole_images.SINGLE_SCALE)[1:]
    timing = whole_images.stages(
        setting,
        models,
        size.input_size,
        further=whole_images.timed(fields, size.input_size, views),
    )
    return Plan(
        (
            *whole_images.experiments(setting, models),
            *whole_images.experiments(setting, fields, views),
        ),
        ceilings=bottom_up.ceilings(setting),
        stages=(timing,),
    )


def from_below(size: PipelineSize) -> dict[str, ModelSpec]:
    """Return the bottom-up pipelines, by the names of their rows."""
    return {"paf6": bottom_up.paf6(size), "mspaf3": bottom_up.mspaf3(size)}


def from_above(size: PipelineSize) -> dict[str, ModelSpec]:
    """Return the top-down pipelines, by the names of their rows."""
    return {
        "mask_rcnn": top_down.mask_rcnn(size),
        "detector_hourglass": top_down.detector_hourglass(size),
    }
