"""The whole report with its pictures."""

import re
from pathlib import Path

import pytest
from fake_experiments import ceiling, experiment, latency, stages, timed_like, whole
from fake_records import Suite
from matplotlib.image import imread

from bench.plan import Plan
from reports.suites import blocks, pipelines
from reports.text.times import DISTURBED


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


@pytest.mark.parametrize("disturbed", [True, False])
def test_a_disturbed_clock_is_told_beside_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disturbed: bool
) -> None:
    suite = Suite(tmp_path)
    planned = [whole("paf6"), whole("mspaf3")]
    for one, error in zip(planned, (3.0, 2.5), strict=True):
        suite.done(one, error)
    timing = stages(*map(timed_like, planned))
    suite.staged(timing, {"paf6": 40.0, "mspaf3": 20.0}, disturbed=disturbed)
    notes = {}
    for place in ("drawn.draw_scatter", "drawn.draw_ranking", "people_curves.draw_people"):
        monkeypatch.setattr(
            f"reports.pictures.{place}",
            lambda path, *_, note, **__: notes.update({path.name: note}),
        )
    pipelines.write_report(suite.folder, Plan(planned, stages=[timing]))
    told = {name for name, note in notes.items() if DISTURBED in note}
    # Multiply-adds are the same whoever else computes.
    assert told == ({"accuracy_vs_latency.png", "latency_vs_people.png"} if disturbed else set())
    assert "accuracy_vs_macs.png" in notes
