"""The report of the suite ``table4``: the deck's Table 4 beside what was measured."""

from ablations.table4 import rows
from reports.page import report_of
from reports.paper.deck_tables import CLAIM6, TABLE4, bottom_up_wins
from reports.paper.side_by_side import opening_of
from reports.text.words import Words

write_report = report_of(
    Words(
        title="Table 4 of the deck",
        question="The deck adds to its Table 3 a second top-down pipeline, a person detector with "
        "a single-person stacked hourglass: on PoseTrack it beats Mask R-CNN, and bottom-up is "
        "ahead of both. Here all three are trained on the same frames, and judged alike.",
        thing="pipeline",
        reference="mspaf3",
        shape=(),
    ),
    opening_of(TABLE4, (CLAIM6, bottom_up_wins(TABLE4)), rows),
)
