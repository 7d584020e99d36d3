"""Stages: times on their way into tables, and which rows they may stand beside."""

from dataclasses import replace

import pandas as pd
from fake_experiments import WHOLE, stages, timed_like, whole
from fake_records import Suite
from report_tables import column, table

from bench.plan import Plan
from reports.suites.pipelines import write_report

STAGES = "Latency in stages, 128 px"


def report_of(suite: Suite, plan: Plan) -> str:
    write_report(suite.folder, plan)
    return (suite.folder / "report.md").read_text()


def trained(suite: Suite):
    """File both pipelines; return them."""
    planned = [whole("paf6"), whole("mspaf3")]
    for one in planned:
        suite.done(one, 2.0)
    return planned


def test_the_time_of_an_image_is_split(suite: Suite) -> None:
    planned = trained(suite)
    timing = stages(*map(timed_like, planned))
    suite.staged(timing, {"paf6": 40.0, "mspaf3": 20.0})
    report = report_of(suite, Plan(planned, stages=[timing]))
    assert column(report, STAGES, "preprocess, ms") == ["1.00 (0.900–1.20)"] * 2
    assert column(report, STAGES, "network, ms") == ["40.0 (36.0–48.0)", "20.0 (18.0–24.0)"]
    assert column(report, STAGES, "decode 5 people, ms") == ["0.500 (0.450–0.600)"] * 2
    assert column(report, STAGES, "sum of medians, ms") == ["41.5", "21.5"]
    assert column(report, STAGES, "end to end, 5 people, ms")[0] == "41.5 (37.4–49.8)"
    assert "| 1 person, ms |" in report.replace("  ", "")
    assert "cpu, 2 threads, fp32, channels_last" in report


def test_rows_have_the_latency_of_their_very_model(suite: Suite) -> None:
    planned = trained(suite)
    wider = replace(timed_like(planned[1]), input_size=224)
    timing = stages(timed_like(planned[0]), wider)
    suite.staged(timing, {"paf6": 40.0, "mspaf3": 20.0})
    report = report_of(suite, Plan(planned, stages=[timing]))
    cells = dict(
        zip(
            column(report, "Accuracy", "pipeline"),
            column(report, "Accuracy", "network, ms"),
            strict=True,
        )
    )
    assert cells == {"**paf6**": "40.0 (36.0–48.0)", "mspaf3": "–"}
    frame = pd.read_csv(suite.folder / "results.csv").set_index("variant")
    assert frame.network_median_ms["paf6"] == 40.0
    assert pd.isna(frame.network_median_ms["mspaf3"])
    assert (suite.folder / "accuracy_vs_latency.png").exists()


def test_times_of_other_networks_are_no_column(suite: Suite) -> None:
    planned = trained(suite)
    timing = stages(replace(timed_like(planned[0]), input_size=224))
    suite.staged(timing, {"paf6": 40.0})
    report = report_of(suite, Plan(planned, stages=[timing]))
    assert "Latency is not reported: the stages were timed of other sizes" in report
    assert not (suite.folder / "accuracy_vs_latency.png").exists()


def test_a_timing_that_failed_is_named(suite: Suite) -> None:
    planned = trained(suite)
    timing = stages(*map(timed_like, planned))
    suite.failed(timing, "no memory")
    report = report_of(suite, Plan(planned, stages=[timing]))
    assert "Latency is not reported: no memory." in report
    assert table(report, "What did not finish") == [[STAGES.lower(), "–", "no memory"]]
    assert f"## {STAGES}" not in report


def test_without_a_plan_for_it_there_is_no_latency(suite: Suite) -> None:
    assert "Latency is not reported: no timing was planned." in report_of(
        suite, Plan(trained(suite))
    )


def test_people_that_the_decoder_missed_are_told(suite: Suite) -> None:
    planned = trained(suite)
    timing = stages(*map(timed_like, planned), people=(5, 50))
    suite.staged(timing, {"paf6": 40.0, "mspaf3": 20.0}, missed={"mspaf3": {"50": 48}})
    report = report_of(suite, Plan(planned, stages=[timing]))
    assert "mspaf3: the decoder found 48 of 50 people." in report
    assert "paf6: the decoder found" not in report


def test_a_disturbed_clock_is_told(suite: Suite) -> None:
    planned = trained(suite)
    timing = stages(*map(timed_like, planned))
    suite.staged(timing, {"paf6": 40.0, "mspaf3": 20.0}, disturbed=True)
    assert "The machine was disturbed" in report_of(suite, Plan(planned, stages=[timing]))


def test_end_to_end_at_another_number_of_people(suite: Suite) -> None:
    planned = trained(suite)
    timing = stages(*map(timed_like, planned), people=(1, 2))
    suite.staged(timing, {"paf6": 40.0, "mspaf3": 20.0})
    report = report_of(suite, Plan(planned, stages=[timing]))
    assert column(report, STAGES, "decode 5 people, ms") == ["–", "–"]
    assert column(report, STAGES, "sum of medians, ms") == ["–", "–"]


def test_views_are_decoded_alike_and_shown_once(suite: Suite) -> None:
    planned = trained(suite)
    flip = replace(timed_like(planned[0]), flip=True)
    timing = stages(*map(timed_like, planned), flip)
    suite.staged(timing, {"paf6": 40.0, "mspaf3": 20.0})
    report = report_of(suite, Plan(planned, stages=[timing]))
    assert column(report, STAGES, "pipeline") == ["paf6", "mspaf3", "paf6, flip"]
    decoding = report.split("Decoding by the number of people")[1]
    assert "paf6, flip" not in decoding


def test_raw_times_are_written(suite: Suite) -> None:
    one = timed_like(whole("paf6", protocol=replace(WHOLE, scales=(0.5, 1.0))))
    timing = stages(one)
    suite.staged(timing, {"paf6": 40.0})
    write_report(suite.folder, Plan([], stages=[timing]))
    frame = pd.read_csv(suite.folder / "stages.csv")
    assert frame.stage.tolist() == ["preprocess", "network", "decode", "decode", "end_to_end"]
    assert frame.median_ms.tolist() == [1.0, 50.0, 0.1, 0.5, 51.5]
    assert frame.people.tolist()[2:] == [1, 5, 5]
    assert set(frame.scales) == {"0.5/1"}
