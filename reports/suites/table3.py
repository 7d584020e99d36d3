"""The report of the suite ``table3``: the deck's Table 3 beside what was measured."""

from ablations.table3 import rows
from reports.page import report_of
from reports.paper.deck_tables import TABLE3, bottom_up_wins
from reports.paper.side_by_side import opening_of
from reports.text.words import Words

write_report = report_of(
    Words(
        title="Table 3 of the deck",
        question="In frames of videos, which are crowded and blurred, the deck has bottom-up ahead "
        "of top-down: MSPAF before Mask R-CNN on PoseTrack. Here both are trained on the same "
        "frames, and judged alike.",
        thing="pipeline",
        reference="mspaf3",
        shape=(),
    ),
    opening_of(TABLE3, (bottom_up_wins(TABLE3),), rows),
)
