"""The suite ``mspaf_blocks``: the multiscale PAF with each block in its branches."""

from ablations import bottom_up, whole_images
from ablations.options import Options, unknown
from bench.plan import Plan
from bench.problem import Problem
from models import list_blocks


def plan(options: Options) -> Plan:
    """Return mspaf3 with every selected block, trained, and timed stage by stage.

    Raises:
        Problem: an option that cannot be met.
    """
    if options.match != Options().match:
        raise Problem(
            "suite 'mspaf_blocks' has the depths at which the blocks share the deck's parameters; "
            "leave --match out"
        )
    blocks = list_blocks(options.blocks)
    if not blocks:
        raise unknown("block", options.blocks, list_blocks())
    setting = whole_images.settle(options)
    models = {
        block: bottom_up.mspaf3(
            setting.size, block, options.plugin if block in options.plugin_blocks else ""
        )
        for block in blocks
    }
    timing = whole_images.stages(setting, models, setting.size.input_size)
    return Plan(whole_images.experiments(setting, models), stages=(timing,))
