"""What the suites of the deck's Tables 2 to 4 share: their rows, side by side."""

from collections.abc import Callable

from ablations import whole_images
from ablations.options import Options, refuse_blocks
from ablations.pipeline_presets import PipelineSize
from bench.experiment import ModelSpec
from bench.plan import Plan

#: The rows of a table, at the size of a preset.
Rows = Callable[[PipelineSize], dict[str, ModelSpec]]


def side_by_side(options: Options, suite: str, rows: Rows) -> Plan:
    """Return every row trained and judged alike, and the stages of all timed in one run.

    Args:
        options: of the command line.
        suite: its name, for messages.
        rows: of the table.

    Raises:
        Problem: an option that cannot be met.
    """
    refuse_blocks(options, suite)
    setting = whole_images.settle(options)
    models = rows(setting.size)
    timing = whole_images.stages(setting, models, setting.size.input_size)
    return Plan(whole_images.experiments(setting, models), stages=(timing,))
