"""Table 5 beside measurements, and the verdicts on claims 7 and 8."""

from dataclasses import asdict

import numpy as np
import pytest
from fake_records import ENVIRONMENT, Suite
from report_tables import column, table

from ablations import table5
from ablations.options import Options
from ablations.table5 import ALONE, ANNOTATOR, LONG, MIXED, NOSE, PRETRAINED, TUNED
from bench.annotation.confidence import Judged
from bench.records import write_record
from reports.measured import annotations
from reports.paper.training_sets import CLAIM8, TABLE5
from reports.paper.verdicts import FAILS, HOLDS, OPEN
from reports.suites.table5 import write_report

DECK = "The deck's Table 5, and what was measured here"
MIXING = "Claim 7, first half, mixing the three sets beats PoseTrack alone by far"
LONGER = "Claim 7, second half, training longer helps again"
PEOPLE = 200
SKILL = {ALONE: 4.0, MIXED: 3.5, NOSE: 3.0, LONG: 2.0, TUNED: 2.5, PRETRAINED: 3.0, ANNOTATOR: 3.0}


@pytest.fixture
def plan():
    return table5.plan(Options(preset="smoke", device="cpu", data="synthetic-posetrack"))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(annotations, "RESAMPLES", 200)


def annotate(suite, plan, right, threshold=0.5, given=0.8):
    """File an annotation of which that share of noses is right, at every confidence."""
    (job,) = plan.annotations
    number = int(given * PEOPLE)
    errors = np.where(np.arange(number) < round(right * number), 0.1, 3.0)
    judged = Judged(
        np.arange(number), np.full(number, 0.7), errors, np.ones(PEOPLE, dtype=np.int64)
    )
    levels = [{"confidence": level, "coverage": given, "PCKh@0.5": right} for level in (0.0, 0.5)]
    noses = {
        "threshold": threshold,
        "calibration": {"coverage": given, "PCKh@0.5": right, "people": PEOPLE},
        "found": number,
        "annotated": number if threshold is not None else 0,
        "truth": {"coverage": given, "PCKh@0.5": right, "levels": levels},
    }
    (suite.records / job.key).mkdir(parents=True, exist_ok=True)
    write_record(suite.records, {
        "key": job.key, "kind": "annotation", "status": "done", "reason": "",
        "experiment": asdict(job), "command": "python run_all.py", "files": [],
        "environment": ENVIRONMENT, "started": "2026-01-01T00:00:00+00:00", "seconds": 1.0,
        "measured": {"people": PEOPLE, "images": PEOPLE, "joints": {"nose": noses}},
        "evidence": {"nose": {"calibration": judged.to_json(), "truth": judged.to_json()}},
    })  # fmt: skip


def report(suite: Suite, plan, skill=SKILL) -> str:
    for one in plan.experiments:
        if one.variant in skill:
            suite.done(one, skill[one.variant], samples=False)
        else:
            suite.failed(one, "no memory")
    write_report(suite.folder, plan)
    return (suite.folder / "report.md").read_text()


def verdict(text: str, claim: str) -> str:
    return text.split(f"\n## {claim}: ")[1].splitlines()[0]


def test_the_decks_numbers_stand_beside_the_measured_ones(suite, plan):
    annotate(suite, plan, right=0.95)
    text = report(suite, plan)
    assert column(text, DECK, "row here") == [ALONE, MIXED, NOSE, LONG, TUNED]
    assert column(text, DECK, "deck, mAP (PoseTrack)") == ["37.5", "–", "63.8", "67.8", "–"]
    assert column(text, DECK, "deck, Δ") == ["", "–", "+26.3", "+30.3", "–"]
    here = column(text, DECK, "here, PoseTrack mAP (synthetic-posetrack)")
    assert all(" ±" in cell for cell in here)
    scores = [float(cell.split(" ±")[0]) for cell in here]
    assert scores[0] < scores[1] < scores[2] < scores[4] < scores[3], "as their skill was chosen"
    steps = column(text, DECK, "steps here")
    assert steps == ["4", "4", "4", "9", "5"]
    assert "**Iterations are scaled by 8e-05**" in text
    assert [row.score for row in TABLE5.rows] == [37.5, 63.8, 67.8]


@pytest.mark.parametrize(
    ("changes", "mixing", "longer"),
    [
        ({}, HOLDS, HOLDS),
        ({ALONE: 2.0}, FAILS, HOLDS),
        ({LONG: 4.0}, HOLDS, FAILS),
        ({NOSE: 4.0, LONG: 4.0}, OPEN, OPEN),
        ({ALONE: 60.0}, OPEN, HOLDS),  # no skill is no rival
    ],
)
def test_claim_7_is_decided_by_paired_intervals(suite, plan, changes, mixing, longer):
    text = report(suite, plan, SKILL | changes)
    assert (verdict(text, MIXING), verdict(text, LONGER)) == (mixing, longer)
    (pair,) = table(text, f"{MIXING}: {mixing}")
    assert pair[:3] == [f"**{NOSE}**", f"**{ALONE}**", "+26.3"]


@pytest.mark.parametrize(
    ("right", "noses", "whole"),
    [(0.95, HOLDS, HOLDS), (0.5, FAILS, FAILS), (0.8, OPEN, OPEN)],
)
def test_claim_8_hangs_on_the_noses_and_the_recipe(suite, plan, right, noses, whole):
    annotate(suite, plan, right)
    text = report(suite, plan)
    assert verdict(text, f"Claim 8, {CLAIM8}") == whole
    first, second = table(text, f"Claim 8, {CLAIM8}: {whole}")
    assert first[3] == f"**{noses}**"
    assert first[2].startswith(f"{100 * right:.1f} ±")
    assert second[3] == f"**{HOLDS}**"


def test_the_recipe_that_does_worse_than_posetrack_alone_fails(suite, plan):
    annotate(suite, plan, 0.95)
    text = report(suite, plan, SKILL | {TUNED: 6.0})
    assert verdict(text, f"Claim 8, {CLAIM8}") == FAILS


def test_noses_that_nobody_was_given_are_told_plainly(suite, plan):
    annotate(suite, plan, 0.3, threshold=None)
    text = report(suite, plan)
    assert verdict(text, f"Claim 8, {CLAIM8}") == OPEN
    assert "no confidence reached the precision, so nobody was given one" in text
    (row,) = table(text, "Joints that a model marked")
    assert row[2] == "–" and row[4] == "0"


def test_coverage_and_error_stand_at_every_confidence(suite, plan):
    annotate(suite, plan, 0.9)
    text = report(suite, plan)
    (row,) = table(text, "Joints that a model marked")
    assert row[:5] == ["nose", "0", "0.500", "200", "160"]
    assert [cell.split(" ±")[0] for cell in row[5:]] == ["80.0", "90.0"] * 2
    first, second = table(text, "By the hidden truth, at every confidence")
    for confidence, row in (("0.0", first), ("0.5", second)):
        assert row[:2] == ["nose", confidence]
        assert [cell.split(" ±")[0] for cell in row[2:]] == ["80.0", "90.0"]


def test_what_is_missing_is_named_and_decides_nothing(suite, plan):
    text = report(suite, plan, {ALONE: 4.0, MIXED: 3.0})
    assert verdict(text, MIXING) == verdict(text, LONGER) == OPEN
    assert verdict(text, f"Claim 8, {CLAIM8}") == OPEN
    assert "**Not annotated:** seed 0: not run yet." in text
    reasons = {row[0]: row[2] for row in table(text, "What did not finish")}
    assert reasons == dict.fromkeys((NOSE, LONG, TUNED), "no memory")
