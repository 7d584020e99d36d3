"""Table 4 beside measurements: a detector with an hourglass beside Mask R-CNN and MSPAF."""

import pytest
from deck_reports import NOTHING, pairs, report_of, report_on, rows, said, verdict
from fake_records import Suite
from report_tables import column

from reports.paper.verdicts import FAILS, HOLDS, OPEN

DECK = "The deck's Table 4, and what was measured here"
SIX = "Claim 6, detector + stacked hourglass beats Mask R-CNN on PoseTrack"
FOUR = "Claim 4, second half, bottom-up wins on PoseTrack"
LIKE_THE_DECK = {"mspaf3": 1.8, "mask_rcnn": 3.0, "detector_hourglass": 2.4}


def test_the_decks_numbers_hold_both_claims(suite: Suite) -> None:
    report = report_of(suite, "table4", LIKE_THE_DECK)
    assert column(report, DECK, "deck, mAP (PoseTrack)") == ["67.8", "57.4", "60.3"]
    assert column(report, DECK, "deck, Δ") == ["", "-10.4", "-7.5"]
    assert (verdict(report, SIX), verdict(report, FOUR)) == (HOLDS, HOLDS)
    (six,) = pairs(report, SIX)
    assert six[:3] == ["**detector_hourglass**", "**mask_rcnn**", "+2.9"]
    assert [row[:3] for row in pairs(report, FOUR)] == [
        ["mspaf3", "mask_rcnn", "+10.4"],
        ["**mspaf3**", "**detector_hourglass**", "+7.5"],  # the best of top-down
    ]
    assert "by PoseTrack mAP: **mspaf3** against **detector_hourglass**" in said(report, FOUR)


@pytest.mark.parametrize(
    ("errors", "six", "four"),
    [
        ((1.8, 2.4, 3.0), FAILS, HOLDS),
        ((1.8, 2.4, 2.4), OPEN, HOLDS),
        ((3.0, 2.4, 1.8), HOLDS, FAILS),
        ((2.4, 3.0, 2.4), HOLDS, OPEN),
    ],
)
def test_the_verdicts_turn_with_the_numbers(suite, errors, six, four) -> None:
    report = report_of(suite, "table4", dict(zip(LIKE_THE_DECK, errors, strict=True)))
    assert (verdict(report, SIX), verdict(report, FOUR)) == (six, four)


@pytest.mark.parametrize(
    ("changed", "six", "four"),
    [
        ("mspaf3", HOLDS, OPEN),  # it has no part in claim 6
        ("mask_rcnn", OPEN, OPEN),
        ("detector_hourglass", OPEN, OPEN),
    ],
)
@pytest.mark.parametrize("missing", [True, False])
def test_a_row_without_skill_or_result_opens_what_it_has_a_part_in(
    suite, changed, six, four, missing
) -> None:
    errors = {name: error for name, error in LIKE_THE_DECK.items() if name != changed}
    report = report_of(suite, "table4", errors if missing else errors | {changed: NOTHING})
    assert (verdict(report, SIX), verdict(report, FOUR)) == (six, four)
    why = f"{changed} brought no result" if missing else f"{changed} learnt next to nothing"
    for claim, found in ((SIX, six), (FOUR, four)):
        assert (why in said(report, claim)) == (found == OPEN)


def test_a_seed_in_common_is_needed(suite: Suite) -> None:
    planned = rows("table4", seeds=2)
    for one in planned:
        if (one.variant == "mask_rcnn") == (one.seed == 1):
            suite.done(one, LIKE_THE_DECK[one.variant], samples=False)
    report = report_on(suite, "table4", planned)
    assert verdict(report, SIX) == OPEN
    assert "detector_hourglass and mask_rcnn have no seed in common" in said(report, SIX)
