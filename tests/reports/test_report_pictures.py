"""The whole report with its pictures."""

import re
from pathlib import Path

from fake_records import Suite, experiment, latency
from matplotlib.image import imread

from reports.blocks import write_report


def test_everything_is_written_and_embedded(tmp_path: Path) -> None:
    suite = Suite(tmp_path)
    planned = [experiment("residual"), experiment("ioi"), experiment("mean_pose")]
    for one, error in zip(planned, (3.0, 2.5, 12.0), strict=True):
        suite.done(one, error)
    timing = latency(*planned)
    suite.timed(timing)
    written = write_report(suite.folder, planned, timing)
    plots = {"accuracy_vs_latency.png", "accuracy_vs_macs.png", "learning_curves.png"}
    sheets = {f"predictions_{one.variant}.png" for one in planned}
    assert {path.name for path in written} == {"report.md", "results.csv"} | plots | sheets
    embedded = re.findall(r"\]\((.+?\.png)\)", (suite.folder / "report.md").read_text())
    assert sorted(embedded) == sorted(plots | sheets)
    for name in embedded:
        assert imread(suite.folder / name)[..., :3].std() > 0.02  # not blank
