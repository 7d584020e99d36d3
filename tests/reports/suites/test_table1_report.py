"""Table 1 beside measurements, and verdicts that turn with the numbers."""

from dataclasses import replace

import pytest
from fake_experiments import WHOLE_DATA, stages, whole
from fake_records import Suite, fake_cost
from report_tables import column, table

from bench.experiment import ModelSpec
from bench.jobs import TimedPipeline
from bench.plan import Plan
from reports.measured.results import Estimate
from reports.paper import deck
from reports.paper.claim3 import ratio_of_medians, ratio_verdict
from reports.paper.verdicts import FAILS, HOLDS, OPEN, Part, difference_verdict, whole_verdict
from reports.suites.table1 import write_report

DECK = "The deck's Table 1, and what was measured here"
# Counted by hand and by two programs: parameters, and GMAC at 224 and 368 px.
COUNTED = {
    224: {"paf6": (52_311_446, 50.36), "mspaf3": (9_641_771, 32.26)},
    368: {"paf6": (52_311_446, 135.93), "mspaf3": (9_641_771, 87.06)},
}
PAPER_TIMES = {"paf6": 104.91, "mspaf3": 56.96}


def full_size(side: int, **arguments):
    """Return the timing of both networks at an input."""
    names = ("paf6", "mspaf3")
    return stages(*(TimedPipeline(name, ModelSpec(name, dict(arguments)), side) for name in names))


def report_of(
    suite: Suite, errors=(3.2, 2.0), macs=(1.0, 0.6), times=None, sides=(224, 368), **changes
) -> str:
    """Return the report on two trained pipelines, so many pixels off, and their stages."""
    planned = [whole("paf6", **changes), whole("mspaf3", **changes)]
    for one, error, gmac in zip(planned, errors, macs, strict=True):
        suite.done(one, error, cost=fake_cost(67123, gmac))
    timings = [full_size(side) for side in sides]
    for side, timing in zip(sides, timings, strict=True):
        suite.staged(timing, times or PAPER_TIMES, COUNTED[side])
    return write(suite, Plan(planned, stages=timings))


def write(suite: Suite, plan: Plan) -> str:
    write_report(suite.folder, plan)
    return (suite.folder / "report.md").read_text()


def verdicts(report: str) -> dict[str, str]:
    rows = table(report, f"Claim 3, as far as it was measured here: {whole_of(report)}")
    return {row[0]: row[3].strip("*") for row in rows}


def whole_of(report: str) -> str:
    return report.split("## Claim 3, as far as it was measured here: ")[1].splitlines()[0]


def test_the_deck_prints_these_numbers() -> None:
    # PAPER: claim 3's ratios follow from the table's own columns.
    assert deck.MSPAF3.params_m / deck.PAF6.params_m == pytest.approx(deck.PARAMS_RATIO, abs=5e-4)
    assert deck.MSPAF3.tera / deck.PAF6.tera == pytest.approx(deck.MACS_RATIO)
    ratio = deck.MSPAF3.titan_x_ms / deck.PAF6.titan_x_ms
    assert ratio == pytest.approx(deck.TIME_RATIO, abs=5e-4)


def test_paper_and_measurement_stand_side_by_side(suite: Suite) -> None:
    rows = table(report_of(suite), DECK)
    assert rows[0] == ["parameters, M", "52.31", "52.311", "9.66", "9.642", "0.185", "0.184"]
    assert rows[1][1:] == ["0.05", "0.0504", "0.03", "0.0323", "about 0.6", "0.641"]
    assert rows[2][1:] == ["–", "0.136", "–", "0.0871", "–", "0.640"]
    assert rows[3][1:4:2] == ["104.91 (Titan X)", "56.96 (Titan X)"]
    assert rows[3][2:5:2] == ["105 [103, 107]", "57.0 [55.8, 58.1]"]
    assert rows[5][:2] == ["mAP, % (here synthetic; difference)", "58.5 (COCO)"]
    assert rows[5][3] == "61.1 (COCO; Jin et al. 60.8)"
    assert rows[5][5] == "+2.6 (+2.3)"


def test_a_ratio_spans_what_both_medians_allow() -> None:
    one = {"median_ms": 60.0, "low_ms": 57.0, "high_ms": 66.0}
    other = {"median_ms": 100.0, "low_ms": 95.0, "high_ms": 110.0}
    ratio = ratio_of_medians(one, other)
    assert ratio == Estimate(0.6, 57 / 110, 66 / 95)


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [((0.3, 0.5), HOLDS), ((0.3, 0.7), OPEN), ((0.6, 0.7), FAILS), ((0.5, 0.5), HOLDS)],
)
def test_a_cost_holds_where_its_whole_interval_does(ends, verdict) -> None:
    assert ratio_verdict(Estimate(sum(ends) / 2, *ends), highest=0.5) == verdict


def test_what_was_not_measured_is_not_decided() -> None:
    assert ratio_verdict(None, highest=0.5) == OPEN
    assert difference_verdict(None) == OPEN
    assert difference_verdict(Estimate(0.0, -0.01, 0.01)) == OPEN


@pytest.mark.parametrize(
    ("times", "others", "expected"),
    [
        ((HOLDS,), HOLDS, HOLDS),
        ((HOLDS, FAILS), HOLDS, OPEN),  # the deck names no input
        ((FAILS, FAILS), HOLDS, FAILS),
        ((HOLDS, HOLDS), FAILS, FAILS),
        ((HOLDS, HOLDS), OPEN, OPEN),
    ],
)
def test_the_whole_claim_holds_where_every_part_does(times, others, expected) -> None:
    found = [Part("time", f"{at} px", "", "", one) for at, one in enumerate(times)]
    assert whole_verdict([*found, Part("mAP", "", "", "", others)]) == expected


def test_the_papers_own_numbers_hold(suite: Suite) -> None:
    found = verdicts(report_of(suite))
    assert set(found.values()) == {HOLDS}
    assert list(found) == [
        "parameters",
        "multiply-adds, 224 px",
        "forward time, 224 px",
        "forward time, 368 px",
        "mAP",
    ]


def test_a_slower_network_turns_the_verdict(suite: Suite) -> None:
    report = report_of(suite, times={"paf6": 100.0, "mspaf3": 80.0})
    assert verdicts(report)["forward time, 224 px"] == FAILS
    assert whole_of(report) == FAILS
    assert "**Time ratio at 224 px: not closely.** 0.800" in report


def test_times_about_the_limit_decide_nothing(suite: Suite) -> None:
    report = report_of(suite, times={"paf6": 100.0, "mspaf3": 57.0})
    assert verdicts(report)["forward time, 368 px"] == OPEN
    assert whole_of(report) == OPEN
    assert "**Time ratio at 368 px: closely.** 0.570 on this machine" in report


@pytest.mark.parametrize(
    ("errors", "verdict"), [((2.0, 3.2), FAILS), ((2.4, 2.4), OPEN), ((3.2, 2.0), HOLDS)]
)
def test_the_verdict_on_map_is_that_of_the_paired_interval(suite, errors, verdict) -> None:
    assert verdicts(report_of(suite, errors=errors))["mAP"] == verdict


def test_a_pair_that_is_not_the_deck_s_decides_nothing_on_map(suite: Suite) -> None:
    report = report_of(suite, macs=(1.0, 0.16))
    assert verdicts(report)["mAP"] == OPEN
    assert "mspaf3 has 0.16 of paf6's multiply-adds, which is not the deck's pair" in report


def test_more_multiply_adds_than_the_deck_can_mean(suite: Suite) -> None:
    timing = full_size(224)
    suite.staged(timing, PAPER_TIMES, {"paf6": (52_311_446, 50.0), "mspaf3": (9_641_771, 41.0)})
    report = write(suite, Plan([], stages=[timing]))
    assert verdicts(report)["multiply-adds, 224 px"] == FAILS
    assert "**Multiply-adds: not.**" in report


def test_what_is_exact_is_said_of_the_numbers_and_not_from_memory(suite: Suite) -> None:
    report = report_of(suite)
    assert "**Parameters: paf6 exactly.** paf6 has 52,311,446, exactly the deck's" in report
    assert "mspaf3 has 9,641,771, 0.2 % below the deck's 9.66 M" in report
    assert "**Multiply-adds: closely.** paf6 50.4 G and mspaf3 32.3 G" in report


def test_parameters_that_differ_are_not_exact(suite: Suite) -> None:
    timing = full_size(224)
    suite.staged(timing, PAPER_TIMES, {"paf6": (60_000_000, 50.0), "mspaf3": (9_641_771, 32.0)})
    report = write(suite, Plan([], stages=[timing]))
    assert "**Parameters: not exactly.** paf6 has 60,000,000, 14.7 % above" in report


def test_reduced_networks_are_not_taken_for_the_decks(suite: Suite) -> None:
    timing = full_size(224, width=0.5)
    suite.staged(timing, PAPER_TIMES)
    assert "**Not at full width:** paf6 at 0.5, mspaf3 at 0.5" in write(
        suite, Plan([], stages=[timing])
    )


def test_map_of_other_data_decides_nothing_about_the_decks(suite: Suite) -> None:
    report = report_of(suite)
    assert "mAP here is on synthetic, of networks of 0.125 of the full width" in report
    assert "decides nothing about COCO at full width" in report
    assert "measured only elsewhere (not COCO at full width)" in report
    assert "Each pipeline was trained once" in report


def test_the_decks_own_setting_needs_no_such_caveat(suite: Suite) -> None:
    coco = replace(WHOLE_DATA, name="coco")
    report = report_of(suite, data=coco, width=1.0)
    assert "decides nothing" not in report


def test_networks_without_skill_are_named(suite: Suite) -> None:
    report = report_of(suite, errors=(60.0, 2.0))
    assert "**paf6 learnt next to nothing in this budget" in report


def test_missing_timings_leave_the_decks_numbers_and_a_reason(suite: Suite) -> None:
    planned = [whole("paf6"), whole("mspaf3")]
    suite.done(planned[0], 2.0)
    timing = full_size(224)
    suite.failed(timing, "no memory")
    report = write(suite, Plan(planned, stages=[timing]))
    rows = table(report, DECK)
    assert rows[0] == ["parameters, M", "52.31", "–", "9.66", "–", "0.185", "–"]
    assert rows[-1][2] != "–"
    assert rows[-1][4] == "–"
    assert set(verdicts(report).values()) == {OPEN}
    assert "**Not timed:** 224 px: no memory." in report
    assert "not measured**; see what did not finish" in report
    assert column(report, "What did not finish", "what") == [
        "mspaf3",
        "latency in stages, 224 px",
    ]
