"""The suite ``pipelines``: bottom-up pipelines on whole images, trained and measured alike."""

from ablations import bottom_up, whole_images
from ablations.options import Options, refuse_blocks
from bench.plan import Plan


def plan(options: Options) -> Plan:
    """Return paf6 and mspaf3, each priced at every view, the ceilings, and the stages' timing.

    Raises:
        Problem: an option that cannot be met.
    """
    refuse_blocks(options, "pipelines")
    setting = whole_images.settle(options)
    size = setting.size
    views = whole_images.VIEWS if size.multi_scale else whole_images.SINGLE_SCALE
    models = {"paf6": bottom_up.paf6(size), "mspaf3": bottom_up.mspaf3(size)}
    timing = whole_images.stages(setting, models, size.input_size, views=views)
    return Plan(
        whole_images.experiments(setting, models, views),
        ceilings=bottom_up.ceilings(setting),
        stages=(timing,),
    )
