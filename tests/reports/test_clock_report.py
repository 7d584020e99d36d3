"""Batch sweeps, slow tails, memory and energy on their way from records into a report."""

import pandas as pd
import pytest
from fake_experiments import experiment, latency, stages, timed_like, whole
from fake_records import Suite
from report_tables import column, table

from bench.plan import Plan
from reports.suites import blocks, pipelines

SWEEP = "Latency by batch size"
LATER = {"p90_ms": 3.5, "p99_ms": 4.25, "peak_bytes": 12_340_000}


@pytest.fixture
def swept(suite: Suite):
    """Two blocks timed with one crop and sixteen; files their times with what is added."""
    planned = [experiment("residual"), experiment("ioi")]
    for one in planned:
        suite.done(one, 2.0)
    timing = latency(*planned)

    def report(added: dict[str, float], **facts: object) -> str:
        times = {"median_ms": 2.0, "p05_ms": 1.5, "p95_ms": 4.0, "low_ms": 1.9, "high_ms": 2.2}
        one = times | {"samples": 30} | added
        models = {each.key: {"1": one, "16": one} for each in planned}
        suite.timed(timing, models=models, **facts)
        blocks.write_report(suite.folder, Plan(planned, timing))
        return (suite.folder / "report.md").read_text()

    return report


def test_every_batch_size_has_its_rate_tail_and_memory(swept, suite: Suite) -> None:
    report = swept(LATER, no_energy="only a GPU meters its energy", processor_share=1.94)
    assert column(report, SWEEP, "block") == ["residual", "residual", "ioi", "ioi"]
    assert column(report, SWEEP, "crops a call") == ["1", "16"] * 2
    assert column(report, SWEEP, "median, ms a call") == ["2.00 [1.90, 2.20]"] * 4
    assert column(report, SWEEP, "p99, ms") == ["4.25"] * 4
    assert column(report, SWEEP, "crops/s") == ["500", "8,000"] * 2
    assert column(report, SWEEP, "peak memory, MB") == ["12.3"] * 4
    assert "energy, J" not in report
    assert "Energy is not reported: only a GPU meters its energy." in report
    assert "in a round the process had 1.94 processors" in report
    frame = pd.read_csv(suite.folder / "results.csv")
    assert frame.latency_b16_p99_ms.tolist() == [4.25] * 2
    assert frame.latency_b1_peak_bytes.tolist() == [12_340_000] * 2


def test_energy_stands_where_it_was_metered(swept) -> None:
    report = swept(LATER | {"joules_per_image": 0.125}, no_energy="", device="cuda")
    assert column(report, SWEEP, "energy, J a crop") == ["0.125"] * 4
    assert "NVML's counter" in report


def test_records_from_before_show_what_they_have(swept) -> None:
    report = swept({})
    assert column(report, SWEEP, "median, ms a call") == ["2.00 [1.90, 2.20]"] * 4
    assert len(table(report, SWEEP)[0]) == 4  # neither percentiles nor memory
    assert "Peak memory" not in report


def test_pipelines_have_theirs_in_one_call(suite: Suite) -> None:
    planned = [whole("paf6"), whole("mspaf3")]
    for one in planned:
        suite.done(one, 2.0)
    timing = stages(*map(timed_like, planned))
    suite.staged(timing, {"paf6": 40.0, "mspaf3": 20.0})
    pipelines.write_report(suite.folder, Plan(planned, stages=[timing]))
    report = (suite.folder / "report.md").read_text()
    told = report.split("Everything in one call, 5 people an image.")[1]
    assert "41.5 [40.7, 42.3]" in told  # within 2 %, as the fake clock has it
    assert "images/s" in told
