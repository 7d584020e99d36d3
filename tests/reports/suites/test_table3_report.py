"""Table 3 beside measurements: MSPAF and Mask R-CNN on PoseTrack-like frames."""

import pytest
from deck_reports import NOTHING, pairs, report_of, report_on, rows, said, verdict
from fake_records import Suite
from report_tables import column, table

from bench.metrics.posetrack import GROUPS
from bench.records import read_record
from reports.measured.results import POSETRACK
from reports.paper.deck_tables import MSPAF_JOINTS
from reports.paper.verdicts import FAILS, HOLDS, OPEN

DECK = "The deck's Table 3, and what was measured here"
CLAIM = "Claim 4, second half, bottom-up wins on PoseTrack"
JOINTS = "MSPAF, joint by joint"


def test_the_decks_joints_have_its_mean() -> None:
    # Of 15 joints the head has three (head top, neck, nose) and every other group two.
    assert list(MSPAF_JOINTS) == list(GROUPS)
    total = sum(ap * (3 if name == "head" else 2) for name, ap in MSPAF_JOINTS.items())
    assert total / 15 == pytest.approx(67.8, abs=0.05)


def test_rows_are_judged_by_posetracks_own_metric(suite: Suite) -> None:
    planned = rows("table3")
    for one, error in zip(planned, (2.0, 3.0), strict=True):
        suite.done(one, error, samples=False)
    report = report_on(suite, "table3", planned)
    assert column(report, DECK, "deck, mAP (PoseTrack)") == ["67.8", "57.4"]
    assert column(report, DECK, "deck, Δ") == ["", "-10.4"]
    scores = []
    for one in planned:
        record, _ = read_record(suite.records, one.key)
        assert record is not None
        scores.append(100 * record["measured"]["accuracy"][POSETRACK])
    here = column(report, DECK, "here, PoseTrack mAP (synthetic-posetrack)")
    assert [cell.split(" ±")[0] for cell in here] == [f"{score:.1f}" for score in scores]
    assert column(report, DECK, "here, Δ")[1].startswith(f"{scores[1] - scores[0]:+.1f} [")


@pytest.mark.parametrize(
    ("errors", "expected"), [((2.0, 3.0), HOLDS), ((3.0, 2.0), FAILS), ((2.5, 2.5), OPEN)]
)
def test_the_verdict_is_that_of_the_paired_interval(suite, errors, expected) -> None:
    report = report_of(suite, "table3", dict(zip(("mspaf3", "mask_rcnn"), errors, strict=True)))
    assert verdict(report, CLAIM) == expected
    (pair,) = pairs(report, CLAIM)
    assert pair[:3] == ["**mspaf3**", "**mask_rcnn**", "+10.4"]
    assert pair[4] == {HOLDS: "better", FAILS: "worse", OPEN: "tied within noise"}[expected]


def test_mspafs_joints_stand_beside_the_decks(suite: Suite) -> None:
    report = report_of(suite, "table3", {"mspaf3": 2.0, "mask_rcnn": 3.0})
    deck, here = table(report, JOINTS)
    assert deck == ["MSPAF, deck", "79.1", "77.3", "69.9", "58.3", "66.2", "63.5", "54.9", "67.8"]
    joints = {row[0]: row[1:] for row in table(report, "Joints")}
    assert here == ["mspaf3, here", *joints["mspaf3"]]


def test_mspafs_joints_are_the_decks_alone_where_it_is_missing(suite: Suite) -> None:
    report = report_of(suite, "table3", {"mask_rcnn": 3.0})
    assert [row[0] for row in table(report, JOINTS)] == ["MSPAF, deck"]
    assert verdict(report, CLAIM) == OPEN


def test_data_that_the_metric_cannot_judge_is_judged_by_ap_and_decides_nothing(suite) -> None:
    report = report_of(suite, "table3", {"mspaf3": 2.0, "mask_rcnn": 3.0}, data="synthetic")
    assert column(report, DECK, "here, AP (synthetic)")[0] != "–"
    assert len(table(report, JOINTS)) == 1
    assert verdict(report, CLAIM) == OPEN
    assert "synthetic is not PoseTrack, and not made to be like it" in said(report, CLAIM)
    assert "synthetic has not what PoseTrack mAP needs" in said(report, CLAIM)


def test_no_skill_is_no_verdict(suite: Suite) -> None:
    report = report_of(suite, "table3", {"mspaf3": 2.0, "mask_rcnn": NOTHING})
    assert verdict(report, CLAIM) == OPEN
    assert "mask_rcnn learnt next to nothing" in said(report, CLAIM)


def test_what_the_deck_trained_on_is_told(suite: Suite) -> None:
    # PAPER, Table 5: 37.5 on PoseTrack alone, 67.8 on three sets.
    report = report_of(suite, "table3", {"mspaf3": 2.0, "mask_rcnn": 3.0})
    assert "on PoseTrack alone it has 37.5" in report
    assert "--suite table3 --data posetrack18 --data-root DIR --preset paper" in report
