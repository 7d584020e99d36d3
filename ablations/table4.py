"""The suite ``table4``: Table 3 and a person detector with a stacked hourglass."""

from ablations import table3, top_down
from ablations.deck_tables import side_by_side
from ablations.options import Options
from ablations.pipeline_presets import PipelineSize
from bench.experiment import ModelSpec
from bench.plan import Plan


def rows(size: PipelineSize) -> dict[str, ModelSpec]:
    """Return the rows of Table 4 at a preset's size."""
    return table3.rows(size) | {"detector_hourglass": top_down.detector_hourglass(size)}


def plan(options: Options) -> Plan:
    """Return all rows, trained, judged and timed alike.

    Raises:
        Problem: an option that cannot be met.
    """
    return side_by_side(options, "table4", rows)
