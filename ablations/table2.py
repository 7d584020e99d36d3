"""The suite ``table2``: bottom-up and top-down pipelines on COCO-like people."""

from ablations import bottom_up, top_down
from ablations.deck_tables import side_by_side
from ablations.options import Options
from ablations.pipeline_presets import PipelineSize
from bench.experiment import ModelSpec
from bench.plan import Plan

#: Mask R-CNN with the larger backbone: the deck's "authors' implementation", a ResNet-101.
DEEPER = "mask_rcnn deeper"


def rows(size: PipelineSize) -> dict[str, ModelSpec]:
    """Return the rows of Table 2 at a preset's size."""
    return {
        "paf6": bottom_up.paf6(size),
        "mspaf3": bottom_up.mspaf3(size),
        "mask_rcnn": top_down.mask_rcnn(size),
        DEEPER: top_down.mask_rcnn(size, size.deeper_backbone),
    }


def plan(options: Options) -> Plan:
    """Return all rows, trained, judged and timed alike.

    Raises:
        Problem: an option that cannot be met.
    """
    return side_by_side(options, "table2", rows)
