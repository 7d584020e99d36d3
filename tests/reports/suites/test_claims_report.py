"""The eight claims, gathered from the records of whatever suites have run."""

import csv
import importlib
from dataclasses import replace
from pathlib import Path

import pytest
from deck_reports import NOTHING, rows
from fake_experiments import experiment
from fake_records import Suite
from report_tables import table

from ablations.claims import DECIDED_BY
from ablations.plan import save_plan
from bench.plan import Plan
from reports.paper.claims import CLAIMS, decided, whole
from reports.paper.verdicts import FAILS, HOLDS, OPEN
from reports.suites.claims import write_report

TABLE4 = {"mspaf3": 1.8, "mask_rcnn": 3.0, "detector_hourglass": 2.4}


def filed(out: Path, suite: str, errors: dict[str, float]) -> None:
    """File a suite's rows, so many pixels off each, and note its plan."""
    filled = Suite(out / suite)
    planned = rows(suite)
    for one in planned:
        if one.variant in errors:
            filled.done(one, errors[one.variant], samples=False)
    save_plan(out / suite, Plan(tuple(planned)))


def verdicts(out: Path) -> dict[int, str]:
    return {number: whole(parts) for number, parts in decided(out).items()}


def test_without_any_record_no_claim_is_decided_and_none_is_missing(tmp_path):
    written = write_report(tmp_path / "claims", Plan(()))
    text = written[0].read_text()
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    summary = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[1:9]]
    assert [row[0] for row in summary] == [str(number) for number in CLAIMS]
    assert {row[-1] for row in summary} == {f"**{OPEN}**"}
    assert len(summary) == 8
    parts = table(text, "Part by part")
    assert {row[5] for row in parts} == {OPEN}
    assert {row[0] for row in parts} == {str(number) for number in CLAIMS}


def test_each_claim_is_decided_by_the_suites_that_the_collection_runs(tmp_path):
    for number, parts in decided(tmp_path).items():
        assert {one.suite for one in parts} == set(DECIDED_BY[number])


@pytest.mark.parametrize(
    ("changed", "six", "bottom_up"),
    [({}, HOLDS, HOLDS), ({"mask_rcnn": 1.0}, FAILS, FAILS), ({"mask_rcnn": NOTHING}, OPEN, OPEN)],
    ids=["as the deck has it", "the other way round", "one learnt nothing"],
)
def test_table4_decides_claim_6_and_a_half_of_claim_4(tmp_path, changed, six, bottom_up):
    filed(tmp_path, "table4", TABLE4 | changed)
    found = decided(tmp_path)
    assert whole(found[6]) == six
    on_coco, on_posetrack = found[4]
    assert (on_coco.part.verdict, on_posetrack.part.verdict) == (OPEN, bottom_up)
    assert whole(found[4]) == (FAILS if bottom_up == FAILS else OPEN), "half is not decided"
    (part,) = found[6]
    assert part.suite == "table4"
    assert part.part.claimed == "+2.9 points of mAP"
    assert part.data.startswith("synthetic-posetrack, ")
    assert part.data.endswith(" validation images, 1 seed")


def test_both_halves_together_decide_claim_4(tmp_path):
    filed(tmp_path, "table4", TABLE4)
    table2 = {"paf6": 3.0, "mspaf3": 2.4, "mask_rcnn": 1.8, "mask_rcnn deeper": 1.5}
    filed(tmp_path, "table2", table2)
    assert verdicts(tmp_path) == dict.fromkeys(CLAIMS, OPEN) | {4: HOLDS, 6: HOLDS}


def test_boxes_decide_claim_5(tmp_path):
    filed(tmp_path, "boxes", {"detector": 2.0, "truth": 1.5, "detected": 3.0, "proposals": 2.0})
    assert verdicts(tmp_path)[5] == HOLDS
    assert [one.part.claimed for one in decided(tmp_path)[5]] == [
        "true boxes are better",
        "proposals are better than detector boxes",
    ]


def test_table5_decides_claim_7_by_its_rows_and_not_by_what_these_need(tmp_path):
    rows_of = {"posetrack 5w": 4.0, "mixed 5w": 3.5, "mixed+nose 5w": 3.0, "mixed+nose 11w": 2.0}
    # First in the plan, and judged on other data.
    needed = {"nose annotator": 1.0, "coco 5w": 1.0}
    filed(tmp_path, "table5", rows_of | needed | {"coco 5w, tuned 6w": 2.5})
    mixing, longer = decided(tmp_path)[7]
    assert (mixing.part.verdict, longer.part.verdict) == (HOLDS, HOLDS)
    assert mixing.data.startswith("synthetic-posetrack, ")


def test_networks_by_depth_are_a_part_of_claim_1(tmp_path):
    suite, planned = Suite(tmp_path / "depth"), []
    for block, depths, errors in (
        ("ioi", (1, 3), (3.0, 1.0)),
        ("inception_residual", (6, 18), (3.0, 2.0)),
        ("residual", (19, 57), (3.0, 2.9)),
    ):
        for depth, error in zip(depths, errors, strict=True):
            one = replace(experiment(block), variant=f"{depth} × {block}")
            one.model.arguments["depth"] = depth
            planned.append(one)
            suite.done(one, error, samples=False)
    save_plan(suite.folder, Plan(tuple(planned)))
    (by_depth,) = [one for one in decided(tmp_path)[1] if one.suite == "depth"]
    assert by_depth.part.verdict == HOLDS
    assert by_depth.part.measured.startswith("points of AP won by depth, each less the next: +")


def test_the_table_is_written_for_programs_too(tmp_path):
    filed(tmp_path, "table4", TABLE4)
    _, path = write_report(tmp_path / "claims", Plan(()))
    with path.open(encoding="utf-8") as lines:
        (six,) = [row for row in csv.DictReader(lines) if row["claim"] == "6"]
    assert (six["verdict"], six["decided by"]) == (HOLDS, "table4")
    assert six["measured, with its 95 % interval"].startswith("detector_hourglass − mask_rcnn: +")


def test_the_collection_has_a_report_like_any_suite():
    assert callable(importlib.import_module("reports.suites.claims").write_report)
