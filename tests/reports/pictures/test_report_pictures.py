"""The whole report with its pictures."""

import re
from pathlib import Path

from fake_experiments import ceiling, experiment, latency, stages, timed_like, whole
from fake_records import Suite
from matplotlib.image import imread

from bench.plan import Plan
from reports.suites import blocks, pipelines


def test_everything_is_written_and_embedded(tmp_path: Path) -> None:
    suite = Suite(tmp_path)
    planned = [experiment("residual"), experiment("ioi"), experiment("mean_pose")]
    for one, error in zip(planned, (3.0, 2.5, 12.0), strict=True):
        suite.done(one, error)
    timing = latency(*planned)
    suite.timed(timing)
    written = blocks.write_report(suite.folder, Plan(planned, timing))
    plots = {"accuracy_vs_latency.png", "accuracy_vs_macs.png", "learning_curves.png"}
    sheets = {f"predictions_{one.variant}.png" for one in planned}
    assert {path.name for path in written} == {"report.md", "results.csv"} | plots | sheets
    embedded = re.findall(r"\]\((.+?\.png)\)", (suite.folder / "report.md").read_text())
    assert sorted(embedded) == sorted(plots | sheets)
    for name in embedded:
        assert imread(suite.folder / name)[..., :3].std() > 0.02  # not blank


def test_everything_of_whole_images_is_written_and_embedded(tmp_path: Path) -> None:
    suite = Suite(tmp_path)
    planned = [whole("paf6"), whole("mspaf3")]
    for one, error in zip(planned, (3.0, 2.5), strict=True):
        suite.done(one, error)
    timing, top = stages(*map(timed_like, planned)), ceiling(4)
    suite.staged(timing, {"paf6": 40.0, "mspaf3": 20.0})
    suite.ceiling(top, ("rounding", 0.9))
    written = pipelines.write_report(suite.folder, Plan(planned, ceilings=[top], stages=[timing]))
    plots = {"accuracy_vs_latency.png", "accuracy_vs_macs.png", "learning_curves.png"}
    plots |= {"latency_vs_people.png", "predictions_paf6.png", "predictions_mspaf3.png"}
    tables = {"report.md", "results.csv", "ceilings.csv", "stages.csv"}
    assert {path.name for path in written} == plots | tables
    embedded = re.findall(r"\]\((.+?\.png)\)", (suite.folder / "report.md").read_text())
    assert sorted(embedded) == sorted(plots)
    for name in embedded:
        assert imread(suite.folder / name)[..., :3].std() > 0.02  # not blank
