"""Three counters side by side, and a reason for all that none of them counts."""

from fake_experiments import experiment
from fake_records import Suite, fake_cost
from report_tables import column

from bench.plan import Plan
from reports.suites.blocks import write_report


def report_of(suite: Suite, **cost: object) -> str:
    one = experiment("ioi")
    suite.done(one, 2.0, cost=fake_cost(67123, 0.0123) | cost)
    write_report(suite.folder, Plan([one]))
    return (suite.folder / "report.md").read_text()


def test_the_counters_stand_side_by_side(suite: Suite) -> None:
    report = report_of(suite, gmac_closed_form=0.0124)
    for name, count in (("fvcore", "0.0123"), ("torch", "0.0123"), ("closed form", "0.0124")):
        assert column(report, "Cost", f"GMAC ({name})") == [count]
    assert "Warning" not in report.split("## Cost")[1].split("\n## ")[0]


def test_a_closed_form_that_is_off_is_told(suite: Suite) -> None:
    assert "0.00615 GMAC (closed form); they are 50 % apart" in report_of(
        suite, gmac_closed_form=0.00615
    )


def test_records_from_before_the_closed_form_can_be_read(suite: Suite) -> None:
    assert column(report_of(suite), "Cost", "GMAC (closed form)") == ["–"]


def test_what_is_not_counted_has_its_reason_or_none(suite: Suite) -> None:
    report = report_of(suite, uncounted=["aten::batch_norm x3", "aten::fft_fft2 x1"])
    assert column(report, "Cost", "not counted") == ["batch_norm x3, fft_fft2 x1"]
    assert "- batch_norm: normalisation" in report
    assert "**fft_fft2: nobody has explained this" in report
