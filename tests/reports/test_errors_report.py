"""Errors on their way from records into the tables of a report."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fake_experiments import DATA, IMAGES
from fake_experiments import experiment as any_experiment
from fake_records import Suite
from planted_errors import LAYOUT, NOWHERE, SIDE, K, distance, result, target
from report_tables import column, table

from bench.experiment import Experiment
from bench.metrics.coco_truth import coco_ground_truth
from bench.metrics.dissection import dissect
from bench.plan import Plan
from bench.records import read_record, write_record
from models.skeleton import COCO17
from reports.measured.anatomy import dissected
from reports.measured.results import gather
from reports.suites.blocks import write_report

RIGHT = LAYOUT
JITTERED = LAYOUT + distance(np.full(K, 0.62))[:, None] * np.array([0.6, -0.8])
HALF_LOST = np.where(np.arange(K)[:, None] < 8, NOWHERE, LAYOUT)


def experiment(variant: str, seed: int = 0) -> Experiment:
    return any_experiment(variant, seed, data=replace(DATA, skeleton="coco17"))


def judged(found: list[np.ndarray]) -> dict[str, Any]:
    """Return the evidence on images of a person each, one detection of each."""
    targets = [target(number, number, LAYOUT[None]) for number in range(1, len(found) + 1)]
    truth = coco_ground_truth(targets, [(SIDE, SIDE)] * len(targets), COCO17)
    results = [result(number, joints) for number, joints in enumerate(found, start=1)]
    anatomy = dissect(truth, results, COCO17, targets)
    return {"oks": anatomy.oks.to_json(), "errors": anatomy.to_json()}


def file(suite: Suite, one: Experiment, found: list[np.ndarray]) -> None:
    suite.done(one, 2.0, samples=False)
    record, _ = read_record(suite.records, one.key)
    assert record is not None
    evidence = record["evidence"] | judged(found)
    write_record(suite.records, record | {"evidence": evidence})


def report(suite: Suite, *planned: Experiment) -> str:
    write_report(suite.folder, Plan(planned))
    return (suite.folder / "report.md").read_text()


def row(text: str, heading: str, name: str) -> list[str]:
    return next(cells for cells in table(text, heading) if cells[0].strip("*") == name)[1:]


def test_shares_costs_and_joints_are_in_the_report(suite):
    one, other = experiment("residual"), experiment("ioi")
    file(suite, one, [JITTERED] * IMAGES)
    file(suite, other, [HALF_LOST] * IMAGES)
    text = report(suite, one, other)
    assert row(text, "Errors", "residual") == ["0.0 ±0.0", "100.0 ±0.0", *["0.0 ±0.0"] * 5]
    assert row(text, "Errors", "ioi")[0] == f"{100 * 9 / 17:.1f} ±0.0"
    costs = text.split("**What each costs**")[1]
    told = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in costs.splitlines()[2:6]}
    # OKS .62 passes three of ten thresholds and .85 eight; 9/17 one, and (9 + 8/2)/17 six.
    assert [cell.strip() for cell in told["residual"]] == ["50.0 ±0.0", *["0.0 ±0.0"] * 5]
    assert told["ioi"][3].strip() == "50.0 ±0.0"
    assert column(text, "AP of each joint", "joint")[:2] == ["nose", "left eye"]
    assert column(text, "AP of each joint", "residual") == ["30.0 ±0.0"] * K
    assert column(text, "AP of each joint", "ioi") == ["0.0 ±0.0"] * 8 + ["100.0 ±0.0"] * 9
    # All people are alike: one group, with the AP of all.
    assert table(text, "AP of some of the people") == [
        ["size", "100", str(IMAGES), "30.0 ±0.0", "10.0 ±0.0"]
    ]


def test_seeds_are_averaged_with_an_interval(suite):
    planned = [experiment("residual", seed) for seed in range(2)]
    file(suite, planned[0], [RIGHT] * IMAGES)
    file(suite, planned[1], [RIGHT, JITTERED] * (IMAGES // 2))
    (comparison,) = gather(suite.folder, planned, "residual")
    found = dissected(comparison.variants[0])
    assert found is not None
    jitter = found.shares["jitter"]
    assert jitter is not None
    assert jitter.value == pytest.approx(0.25)
    assert jitter.low == pytest.approx(0, abs=0.1)
    assert jitter.high == pytest.approx(0.5, abs=0.1)


def test_records_from_before_errors_were_kept_are_still_reported(suite):
    one, other = experiment("residual"), experiment("ioi")
    suite.done(one, 2.0)
    assert "## Errors" not in report(suite, one)
    file(suite, other, [RIGHT] * IMAGES)
    text = report(suite, one, other)
    assert column(text, "Errors", "block") == ["ioi"]
