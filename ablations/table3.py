"""The suite ``table3``: MSPAF-3 and Mask R-CNN on PoseTrack-like frames."""

from ablations import bottom_up, top_down
from ablations.deck_tables import side_by_side
from ablations.options import Options
from ablations.pipeline_presets import PipelineSize
from bench.experiment import ModelSpec
from bench.plan import Plan


def rows(size: PipelineSize) -> dict[str, ModelSpec]:
    """Return the rows of Table 3 at a preset's size."""
    return {"mspaf3": bottom_up.mspaf3(size), "mask_rcnn": top_down.mask_rcnn(size)}


def plan(options: Options) -> Plan:
    """Return all rows, trained, judged and timed alike.

    Raises:
        Problem: an option that cannot be met.
    """
    return side_by_side(options, "table3", rows)
