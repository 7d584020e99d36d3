"""The suite ``pipelines``: bottom-up pipelines on whole images, trained and measured alike."""

from ablations import fields
from ablations.options import Options, refuse_blocks
from bench.plan import Plan


def plan(options: Options) -> Plan:
    """Return paf6 and mspaf3, each priced at every view, the ceilings, and the stages' timing.

    Raises:
        Problem: an option that cannot be met.
    """
    refuse_blocks(options, "pipelines")
    setting = fields.settle(options)
    size = setting.size
    views = fields.VIEWS if size.multi_scale else fields.SINGLE_SCALE
    models = {"paf6": fields.paf6(size), "mspaf3": fields.mspaf3(size)}
    return Plan(
        fields.experiments(setting, models, views),
        ceilings=fields.ceilings(setting),
        stages=(
            fields.stages(
                setting,
                models,
                size.input_size,
                views=views,
                rounds=setting.preset.latency.rounds,
            ),
        ),
    )
