"""Table 2 beside measurements: bottom-up and top-down on COCO-like people."""

from dataclasses import replace

import numpy as np
import pytest
from deck_reports import NOTHING, pairs, report_of, report_on, rows, said, verdict
from fake_records import Suite, fake_cost
from report_tables import column, table

from ablations.table2 import DEEPER
from bench.metrics.intervals import bootstrap_weights
from bench.metrics.oks import OksMatches
from bench.records import read_record
from reports.measured import results
from reports.measured.results import SEED
from reports.paper.verdicts import FAILS, HOLDS, OPEN

DECK = "The deck's Table 2, and what was measured here"
CLAIM = "Claim 4, first half, top-down wins on COCO"
LIKE_THE_DECK = {"paf6": 3.2, "mspaf3": 2.8, "mask_rcnn": 2.2, DEEPER: 2.0}


def test_the_decks_numbers_stand_beside_the_measured_ones(suite: Suite) -> None:
    planned = rows("table2")
    found = []
    for one in planned:
        suite.done(one, LIKE_THE_DECK[one.variant], samples=False)
        record, _ = read_record(suite.records, one.key)
        assert record is not None
        found.append(record)
    report = report_on(suite, "table2", planned)
    # PAPER: 58.5, 61.1, 62.7, 63.1.
    assert column(report, DECK, "deck, mAP (COCO)") == ["58.5", "61.1", "62.7", "63.1"]
    assert column(report, DECK, "deck, Δ") == ["", "+2.6", "+4.2", "+4.6"]
    assert column(report, DECK, "kind") == ["bottom-up"] * 2 + ["top-down"] * 2
    scores = [100 * record["measured"]["accuracy"]["AP"] for record in found]
    here = column(report, DECK, "here, AP (synthetic)")
    assert [cell.split(" ±")[0] for cell in here] == [f"{score:.1f}" for score in scores]

    evidence = [OksMatches.from_json(record["evidence"]["oks"]) for record in found]
    weights = bootstrap_weights(len(evidence[0].positives), results.RESAMPLES, SEED)
    drawn = [
        [100 * float(one.statistics(row[None])["AP"][0]) for row in weights] for one in evidence
    ]
    for number, cell in enumerate(column(report, DECK, "here, Δ")[1:], start=1):
        low, high = np.quantile(np.subtract(drawn[number], drawn[0]), [0.025, 0.975])
        assert cell == f"{scores[number] - scores[0]:+.1f} [{low:+.1f}, {high:+.1f}]"


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        (LIKE_THE_DECK, HOLDS),
        ({"paf6": 3.2, "mspaf3": 2.0, "mask_rcnn": 3.0, DEEPER: 2.8}, FAILS),
        # One top-down row behind, but the best of them ahead of the best of the others.
        ({"paf6": 3.2, "mspaf3": 2.8, "mask_rcnn": 3.4, DEEPER: 2.0}, HOLDS),
        ({"paf6": 3.2, "mspaf3": 2.4, "mask_rcnn": 3.0, DEEPER: 2.4}, OPEN),
    ],
)
def test_the_verdict_is_that_of_the_best_of_each_kind(suite, errors, expected) -> None:
    report = report_of(suite, "table2", errors)
    assert verdict(report, CLAIM) == expected
    assert ("the interval of the difference contains 0" in said(report, CLAIM)) == (
        expected == OPEN
    )


def test_all_pairs_are_shown_and_the_deciding_one_is_bold(suite: Suite) -> None:
    report = report_of(suite, "table2", LIKE_THE_DECK)
    found = pairs(report, CLAIM)
    assert [(row[0], row[1]) for row in found] == [
        ("mask_rcnn", "paf6"),
        ("mask_rcnn", "mspaf3"),
        (DEEPER, "paf6"),
        (f"**{DEEPER}**", "**mspaf3**"),
    ]
    assert [row[2] for row in found] == ["+4.2", "+1.6", "+4.6", "+2.0"]
    assert [row[4] for row in found] == ["better"] * 4
    text = said(report, CLAIM)
    told = f"by AP: **{DEEPER}** against **mspaf3**, {found[3][3]} points; in the deck +2.0."
    assert f"Best against best {told}" in text


def test_a_row_without_skill_leaves_the_claim_open(suite: Suite) -> None:
    report = report_of(suite, "table2", LIKE_THE_DECK | {"paf6": NOTHING})
    assert verdict(report, CLAIM) == OPEN
    assert "**Not decided:** paf6 learnt next to nothing (the interval of AP contains" in report


def test_rows_are_told_by_their_size_and_steps(suite: Suite) -> None:
    first, *others = rows("table2")
    planned = [replace(first, train=replace(first.train, steps=5000))]
    planned += [replace(one, train=replace(one.train, steps=2000)) for one in others]
    for one, params in zip(planned, (52_000_000, 9_600_000, 59_000_000, 78_000_000), strict=True):
        suite.done(one, 2.0, samples=False, cost=fake_cost(params, 50.0))
    assert (
        f"they have 9,600,000 (mspaf3) to 78,000,000 ({DEEPER}) parameters, and were trained for "
        f"5,000 steps (paf6) and 2,000 steps (mspaf3, mask_rcnn and {DEEPER})."
    ) in report_on(suite, "table2", planned)


def test_a_missing_row_leaves_the_claim_open_and_the_decks_numbers_stand(suite: Suite) -> None:
    report = report_of(suite, "table2", {name: 2.0 for name in LIKE_THE_DECK if name != "paf6"})
    assert verdict(report, CLAIM) == OPEN
    assert "**Not decided:** paf6 brought no result" in report
    (first, *others) = table(report, DECK)
    assert first[3:6] == ["58.5", "", "–"]
    assert [row[6] for row in others] == ["–"] * 3  # no first row to differ from
    assert column(report, "What did not finish", "reason") == ["no memory"]


def test_where_nothing_finished_nothing_is_said_of_it(suite: Suite) -> None:
    report = report_of(suite, "table2", {})
    assert verdict(report, CLAIM) == OPEN
    assert column(report, DECK, "here, AP (synthetic)") == ["–"] * 4
    assert "How far this carries" not in report


def test_data_of_another_kind_decides_nothing(suite: Suite) -> None:
    report = report_of(suite, "table2", LIKE_THE_DECK, called="crowdpose")
    assert verdict(report, CLAIM) == OPEN
    assert "crowdpose is not COCO, and not made to be like it" in said(report, CLAIM)


def test_it_says_how_far_it_carries_and_what_would_decide(suite: Suite) -> None:
    report = report_of(suite, "table2", LIKE_THE_DECK)
    assert (
        "judged on rendered data (`synthetic`, made to be like COCO), at reduced size (an input "
        "of 128 px, widths under *Models* below), with one seed: each row was trained once"
    ) in report
    assert "--suite table2 --data coco --data-root DIR --preset paper" in report


def test_several_seeds_and_photographs_are_no_caveat(suite: Suite) -> None:
    text = report_of(suite, "table2", LIKE_THE_DECK, called="coco", seeds=2)
    assert "judged at reduced size (an input of 128 px, widths under *Models* below). " in text


def test_the_published_size_on_photographs_needs_no_caveat(suite: Suite) -> None:
    report = report_of(suite, "table2", LIKE_THE_DECK, called="coco", preset="paper", seeds=2)
    assert "How far this carries" not in report
    assert "These rows are of the published size, on coco." in report


def test_the_splits_of_the_deck_are_told_as_inferred(suite: Suite) -> None:
    report = report_of(suite, "table2", LIKE_THE_DECK)
    assert "**Inferred:** the deck does not say on which split of COCO" in report
