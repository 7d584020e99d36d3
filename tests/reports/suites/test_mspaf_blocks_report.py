"""The report of the blocks inside mspaf3."""

from fake_experiments import stages, timed_like, whole
from fake_records import Suite
from report_tables import column, table

from bench.plan import Plan
from reports.suites.mspaf_blocks import write_report


def test_blocks_are_set_beside_inception_residual(suite: Suite) -> None:
    blocks = {"residual": 3.0, "inception_residual": 2.5, "ioi": 2.0}
    planned = [whole(name) for name in blocks]
    for one, error in zip(planned, blocks.values(), strict=True):
        suite.done(one, error)
    lost = whole("aioi")
    suite.failed(lost, "killed")
    timing = stages(*map(timed_like, planned))
    suite.staged(timing, {"residual": 3.0, "inception_residual": 2.0, "ioi": 1.0})
    write_report(suite.folder, Plan([*planned, lost], stages=[timing]))
    report = (suite.folder / "report.md").read_text()
    names = column(report, "Accuracy", "block")
    assert names == ["**ioi**", "inception_residual", "residual", "aioi"]
    assert [row[0] for row in table(report, "Differences from inception_residual")] == [
        "ioi",
        "residual",
    ]
    assert table(report, "What did not finish") == [["aioi", "0", "killed"]]
    assert column(report, "Latency in stages, 128 px", "block") == list(blocks)
