"""The suite ``table1``: PAF-6 and MSPAF-3 as the deck compares them."""

from ablations import bottom_up, whole_images
from ablations.options import Options, refuse_blocks
from ablations.presets import SMOKE
from bench.experiment import ModelSpec
from bench.plan import Plan

# The deck's multiply-adds fit the first input (inferred), the paper trains at the second.
_INPUTS = (224, 368)
# Full-size networks take about a second a call on a CPU core.
_MOST_ROUNDS = 10


def plan(options: Options) -> Plan:
    """Return both pipelines at the preset's width, trained, and at full size, timed.

    Raises:
        Problem: an option that cannot be met.
    """
    refuse_blocks(options, "table1")
    setting = whole_images.settle(options)
    size = setting.size
    inputs = _INPUTS[:1] if options.preset == SMOKE else _INPUTS
    published = {"paf6": ModelSpec("paf6"), "mspaf3": ModelSpec("mspaf3")}
    return Plan(
        whole_images.experiments(
            setting, {"paf6": bottom_up.paf6(size), "mspaf3": bottom_up.mspaf3(size)}
        ),
        ceilings=bottom_up.ceilings(setting),
        stages=tuple(
            whole_images.stages(setting, published, side, most_rounds=_MOST_ROUNDS)
            for side in inputs
        ),
    )
