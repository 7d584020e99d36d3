"""The report of the suite ``table2``: the deck's Table 2 beside what was measured."""

from ablations.table2 import rows
from reports.page import report_of
from reports.paper.deck_tables import TABLE2, TOP_DOWN_WINS
from reports.paper.side_by_side import opening_of
from reports.text.words import Words

write_report = report_of(
    Words(
        title="Table 2 of the deck",
        question="The deck sets two bottom-up pipelines, which find joints and group them into "
        "people, beside Mask R-CNN with two backbones, which finds people and then their joints; "
        "on COCO, top-down wins. Here all four are trained on the same images, and judged "
        "alike.",
        thing="pipeline",
        reference="paf6",
        shape=(),
    ),
    opening_of(TABLE2, (TOP_DOWN_WINS,), rows),
)
