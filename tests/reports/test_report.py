"""The report's text, from fake records of every shape that a run can leave."""

import re
from dataclasses import replace

import pandas as pd
from fake_experiments import DATA, PROTOCOL, experiment, latency
from fake_records import ENVIRONMENT, Suite
from report_tables import table

from bench.plan import Plan
from reports.suites.blocks import write_report

BLOCKS = {"residual": 3.0, "inception_residual": 2.6, "ioi": 2.2}


def filled(suite: Suite, seeds: int = 1):
    """File three blocks and the baseline; return them as planned."""
    planned = []
    for seed in range(seeds):
        for variant, error in (BLOCKS | {"mean_pose": 12.0}).items():
            one = experiment(variant, seed)
            suite.done(one, error)
            planned.append(one)
    return planned


def report_of(suite: Suite, planned, timing=None) -> str:
    write_report(suite.folder, Plan(planned, timing))
    return (suite.folder / "report.md").read_text()


def test_rows_fall_by_ap_and_the_baseline_is_not_ranked(suite: Suite) -> None:
    rows = table(report_of(suite, filled(suite)), "Accuracy")
    assert [row[0] for row in rows] == ["**ioi**", "inception_residual", "residual", "mean_pose"]
    standings = [row[6] for row in rows]
    assert standings[0] == "best"
    assert standings[3] == "zero skill, not ranked"


def test_equal_models_are_tied(suite: Suite) -> None:
    planned = [experiment("residual"), experiment("ioi")]
    for one in planned:
        suite.done(one, 2.5)
    report = report_of(suite, planned)
    assert sorted(row[6] for row in table(report, "Accuracy")) == ["best", "tied"]
    assert table(report, "Differences from residual")[0][1:3] == [
        "+0.0 [+0.0, +0.0]",
        "tied within noise",
    ]


def test_several_processes_that_trained_together_are_told_and_one_alone_is_not(
    suite: Suite,
) -> None:
    training = {"images_per_second": 1234.5, "seconds": 16.0, "final_loss": 1.25}
    planned = [experiment("residual"), experiment("ioi")]
    suite.done(planned[0], 2.5, training=training | {"processes": 1})
    assert "**Processes:**" not in report_of(suite, planned[:1])
    suite.done(planned[1], 2.5, training=training | {"processes": 4})
    assert (
        "- **Processes:** 1 or 4 trained a network together, each with an equal share of every "
        "batch; batch norms of each saw its own share." in report_of(suite, planned)
    )


def test_a_much_better_block_is_called_better(suite: Suite) -> None:
    planned = [experiment("residual"), experiment("ioi")]
    suite.done(planned[0], 6.0)
    suite.done(planned[1], 1.0)
    report = report_of(suite, planned)
    assert table(report, "Differences from residual")[0][2] == "better"
    assert "Each block was trained once here" in report


def test_the_first_block_is_the_reference_where_residual_is_missing(suite: Suite) -> None:
    planned = [experiment("ioi"), experiment("aioi")]
    suite.done(planned[0], 2.0)
    suite.done(planned[1], 6.0)
    assert table(report_of(suite, planned), "Differences from ioi")[0][2] == "worse"


def test_a_failure_is_a_row_with_its_reason(suite: Suite) -> None:
    planned = [*filled(suite), experiment("aioi")]
    suite.failed(planned[-1], "RuntimeError: a | b")
    report = report_of(suite, planned)
    assert "1 of 5 experiments did not finish" in report
    assert r"RuntimeError: a \| b" in report.split("## What did not finish")[1]
    assert r"no result: RuntimeError: a \| b" in report.split("## Cost")[0]
    frame = pd.read_csv(suite.folder / "results.csv").set_index("variant")
    assert frame.loc["aioi", "reason"] == "RuntimeError: a | b"
    assert pd.isna(frame.loc["aioi", "AP_fraction"])


def test_only_failures(suite: Suite) -> None:
    planned = [experiment("residual"), experiment("ioi")]
    for one in planned:
        suite.failed(one, "out of memory")
    report = report_of(suite, planned, latency(*planned))
    assert "No block finished" in report
    assert [row[2] for row in table(report, "What did not finish")] == ["out of memory"] * 2
    assert not list(suite.folder.glob("*.png"))


def test_nothing_has_run_yet(suite: Suite) -> None:
    assert "not run yet" in report_of(suite, [experiment("residual")])


def test_nothing_was_planned(suite: Suite) -> None:
    assert "nothing to report" in report_of(suite, [])


def test_one_block_alone(suite: Suite) -> None:
    one = experiment("ioi")
    suite.done(one, 2.0)
    suite.timed(latency(one))
    report = report_of(suite, [one], latency(one))
    assert "Only **ioi** finished" in report
    assert "## Differences" not in report


def test_without_latency_there_is_no_such_plot_and_a_reason(suite: Suite) -> None:
    planned = filled(suite)
    report = report_of(suite, planned, latency(*planned))
    assert "Latency is not reported: not run yet" in report
    assert not (suite.folder / "accuracy_vs_latency.png").exists()
    assert (suite.folder / "accuracy_vs_macs.png").exists()


def test_without_samples_there_is_no_sheet(suite: Suite) -> None:
    one = experiment("ioi")
    suite.done(one, 2.0, samples=False)
    assert "predictions_" not in report_of(suite, [one])
    assert (suite.folder / "accuracy_vs_macs.png").exists()


def test_pictures_of_an_earlier_report_go_and_other_files_stay(suite: Suite) -> None:
    planned = filled(suite)
    write_report(suite.folder, Plan(planned))
    (suite.folder / "mine.png").write_bytes(b"mine")
    write_report(suite.folder, Plan(planned[:1]))
    assert not (suite.folder / "predictions_ioi.png").exists()
    assert (suite.folder / "mine.png").read_bytes() == b"mine"


def test_rebuilding_gives_the_same_text(suite: Suite) -> None:
    planned = filled(suite, seeds=2)
    first = report_of(suite, planned), (suite.folder / "results.csv").read_bytes()
    second = report_of(suite, planned), (suite.folder / "results.csv").read_bytes()
    assert first == second


def test_other_protocols_have_tables_of_their_own(suite: Suite) -> None:
    flipped = experiment("ioi", protocol=replace(PROTOCOL, flip=True))
    plain = experiment("residual")
    suite.done(plain, 3.0)
    suite.done(flipped, 2.0)
    report = report_of(suite, [plain, flipped])
    first = table(report, "Accuracy (1: synthetic, single scale)")
    second = table(report, "Accuracy (2: synthetic, flip)")
    assert [row[0] for row in first] == ["**residual**"]
    assert [row[0] for row in second] == ["**ioi**"]
    assert "## Differences" not in report
    assert (suite.folder / "accuracy_vs_macs_2.png").exists()


def test_other_images_are_another_comparison(suite: Suite) -> None:
    planned = [experiment("ioi"), experiment("residual", data=replace(DATA, seed=1))]
    for one in planned:
        suite.done(one, 2.0)
    assert "## Accuracy (2: synthetic, single scale)" in report_of(suite, planned)


def test_several_seeds_are_one_row_and_change_what_intervals_cover(suite: Suite) -> None:
    planned = filled(suite, seeds=2)
    report = report_of(suite, planned)
    assert [row[-1] for row in table(report, "Accuracy")] == ["2"] * 4
    assert "Covered in part: the training seed" in report
    assert "Each block was trained once here" not in report
    assert "the training seed of rows that have only one" not in report
    frame = pd.read_csv(suite.folder / "results.csv")
    assert len(frame) == 8
    assert sorted(frame[frame.variant == "ioi"].seed) == [0, 1]


def test_a_seed_that_failed_is_counted(suite: Suite) -> None:
    planned = filled(suite)
    lost = experiment("ioi", seed=1)
    suite.failed(lost, "killed")
    report = report_of(suite, [*planned, lost])
    assert table(report, "Accuracy")[0][-1] == "1 of 2"
    assert table(report, "What did not finish") == [["ioi", "1", "killed"]]


def test_variants_without_a_common_seed_are_not_compared(suite: Suite) -> None:
    planned = [experiment("residual", seed=0), experiment("ioi", seed=1)]
    suite.done(planned[0], 6.0)
    suite.done(planned[1], 1.0)
    report = report_of(suite, planned)
    assert table(report, "Differences from residual")[0][2] == "no seed in common"
    assert [row[6] for row in table(report, "Accuracy")] == ["best", "no seed in common"]


def test_a_block_no_better_than_zero_skill_is_named(suite: Suite) -> None:
    planned = [experiment("ioi"), experiment("residual"), experiment("mean_pose")]
    for one, error in zip(planned, (2.0, 12.0, 12.0), strict=True):
        suite.done(one, error)
    assert "not clearly above it: **residual**" in report_of(suite, planned)


def test_counters_that_disagree_are_named(suite: Suite) -> None:
    near, far = experiment("residual"), experiment("ioi")
    cost = {"params": 5, "gflop": 0.2, "activations_m": 1.0, "input": "1x3x64x64", "uncounted": []}
    suite.done(near, 3.0, cost=cost | {"gmac": 0.1, "gmac_torch": 0.0981})
    suite.done(far, 2.0, cost=cost | {"gmac": 0.1, "gmac_torch": 0.097})
    report = report_of(suite, [near, far])
    assert re.findall(r"\*\*Warning\.\*\* (\w+): 0.100 GMAC \(fvcore\), 0.0970", report) == ["ioi"]


def test_provenance_tells_what_differs_and_how_to_rerun(suite: Suite) -> None:
    planned = [experiment("residual"), experiment("ioi")]
    suite.done(planned[0], 3.0)
    suite.done(
        planned[1],
        2.0,
        environment=ENVIRONMENT | {"dirty": True, "torch": "2.12.0"},
        command="python run_all.py --blocks 'io*'",
    )
    report = report_of(suite, planned).split("## Where and how")[1]
    assert "2.13.0 (1 of 2 records); 2.12.0 (1 of 2 records)" in report
    assert "files that differ from their commit" in report
    assert "python run_all.py --suite blocks --preset cpu\n" in report
    assert "python run_all.py --blocks 'io*'\n" in report


def test_a_disturbed_timing_is_told(suite: Suite) -> None:
    planned = filled(suite)
    timing = latency(*planned)
    suite.timed(timing, disturbed=True)
    assert "The machine was disturbed" in report_of(suite, planned, timing)


def test_a_torn_record_is_a_row_and_not_a_crash(suite: Suite) -> None:
    planned = filled(suite)
    path = suite.records / planned[0].key / "record.json"
    path.write_text(path.read_text()[:100])
    assert table(report_of(suite, planned), "What did not finish") == [
        ["residual", "0", "torn: not valid JSON"]
    ]
