"""Ceilings: what each loss costs, and beside which rows a ceiling may stand."""

from dataclasses import replace

import pandas as pd
import pytest
from fake_experiments import WHOLE, WHOLE_DATA, ceiling, whole
from fake_records import Suite
from report_tables import column, table

from bench.experiment import ModelSpec
from bench.plan import Plan
from reports.suites.pipelines import write_report

LOSSES = (("joints out of the image", 0.985), ("rounding", 0.912), ("overlapping limbs", 0.91))


def report_of(suite: Suite, plan: Plan) -> str:
    write_report(suite.folder, plan)
    return (suite.folder / "report.md").read_text()


def test_each_loss_has_its_cost(suite: Suite) -> None:
    four, eight = ceiling(4), ceiling(8)
    suite.ceiling(four, *LOSSES)
    suite.ceiling(eight, LOSSES[0], ("rounding", 0.8), ("more", 0.8))
    rows = table(report_of(suite, Plan([], ceilings=[four, eight])), "Oracle ceiling")
    assert [row[:3] for row in rows[:-1]] == [
        ["nothing: the truth itself, as detections", "100.0", "–"],
        ["joints out of the image", "98.5", "1.5"],
        ["rounding", "91.2", "7.3"],
        ["overlapping limbs", "91.0", "0.2"],
        ["more", "–", "–"],
    ]
    assert [row[3:] for row in rows[:-1]] == [
        ["100.0", "–"],
        ["98.5", "1.5"],
        ["80.0", "18.5"],
        ["–", "–"],
        ["80.0", "0.0"],
    ]
    assert rows[-1][1].startswith("91.0 ±")
    assert [rows[-1][2], rows[-1][4]] == ["9.0", "20.0"]


def test_a_gain_is_no_negative_nothing(suite: Suite) -> None:
    one = ceiling(4)
    suite.ceiling(one, ("rounding", 0.9), ("limbs", 0.9002))
    rows = table(report_of(suite, Plan([], ceilings=[one])), "Oracle ceiling")
    assert rows[2][2] == "0.0"


@pytest.mark.parametrize(
    ("stride", "changes", "shown"),
    [
        (4, {}, True),
        (8, {}, False),
        (4, {"data": replace(WHOLE_DATA, seed=1)}, False),
        (4, {"protocol": replace(WHOLE, input_size=256)}, False),
        (4, {"protocol": replace(WHOLE, flip=True)}, True),  # the truth needs no second view
        (4, {"model": ModelSpec("paf6", {"stride": 4, "sigma": 7.0})}, False),
        (4, {"model": ModelSpec("mspaf3", {"sigma": 3.0})}, False),  # its stride is not known
    ],
    ids=["same", "stride", "data", "input", "flip", "sigma", "default stride"],
)
def test_a_ceiling_stands_beside_rows_with_its_targets(suite, stride, changes, shown) -> None:
    row, top = whole("paf6", **changes), ceiling(stride)
    suite.done(row, 2.0)
    suite.ceiling(top, *LOSSES)
    report = report_of(suite, Plan([row], ceilings=[top]))
    assert ("ceiling AP" in report) == shown
    if shown:
        assert column(report, "Accuracy", "ceiling AP") == ["91.0"]


def test_a_ceiling_that_failed_is_named(suite: Suite) -> None:
    lost = ceiling(8)
    suite.failed(lost, "out of memory")
    report = report_of(suite, Plan([], ceilings=[lost]))
    expected = [["oracle ceiling of true fields, stride 8", "–", "out of memory"]]
    assert table(report, "What did not finish") == expected
    assert "## Oracle ceiling" not in report


def test_raw_steps_are_written_and_removed(suite: Suite) -> None:
    one = ceiling(4)
    suite.ceiling(one, *LOSSES)
    write_report(suite.folder, Plan([], ceilings=[one]))
    frame = pd.read_csv(suite.folder / "ceilings.csv")
    assert frame.AP_fraction.tolist() == [1.0, 0.985, 0.912, 0.91]
    assert frame.stride_px.tolist() == [4] * 4
    write_report(suite.folder, Plan([]))
    assert not (suite.folder / "ceilings.csv").exists()
