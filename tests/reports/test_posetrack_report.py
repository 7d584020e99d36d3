"""PoseTrack mAP on its way from records into tables, pictures and words."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fake_experiments import DATA, IMAGES, WHOLE_DATA, experiment, whole
from fake_records import Suite
from report_tables import column, table

from bench.experiment import Experiment
from bench.metrics.intervals import bootstrap_weights
from bench.metrics.posetrack import PosetrackMatches
from bench.plan import Plan
from bench.records import read_record
from reports.measured import results
from reports.measured.results import POSETRACK, SEED, gather
from reports.suites import blocks, pipelines

GROUPS = ["head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"]
CROPS = replace(DATA, name="frames", skeleton="posetrack15")
IMAGES_OF_FRAMES = replace(WHOLE_DATA, name="frames", skeleton="posetrack15")


def filled(suite: Suite, **changes) -> list[Experiment]:
    planned = [whole(name, data=IMAGES_OF_FRAMES, **changes) for name in ("paf6", "mspaf3")]
    for one, error in zip(planned, (3.0, 1.5), strict=True):
        suite.done(one, error)
    return planned


def report_of(suite: Suite, planned, write=pipelines.write_report) -> str:
    write(suite.folder, Plan(planned))
    return (suite.folder / "report.md").read_text()


def accuracy_of(suite: Suite, one: Experiment) -> dict[str, float]:
    record, _ = read_record(suite.records, one.key)
    assert record is not None
    return record["measured"]["accuracy"]


def test_it_stands_beside_ap_with_its_interval_and_its_source(suite: Suite) -> None:
    planned = filled(suite)
    report = report_of(suite, planned)
    cells = column(report, "Accuracy", POSETRACK)
    best = accuracy_of(suite, planned[1])
    assert cells[0].startswith(f"{100 * best[POSETRACK]:.1f} ±")
    assert column(report, "Accuracy", "AP above 0") == ["yes", "yes"]
    assert "AP (OKS, by pycocotools) and PoseTrack mAP in percent" in report
    assert "Andriluka et al., PoseTrack, CVPR 2018" in report
    (row,) = table(report, "Differences from paf6")
    gain = 100 * (best[POSETRACK] - accuracy_of(suite, planned[0])[POSETRACK])
    assert row[3].startswith(f"{gain:+.1f} [")
    assert row[4] == "better"
    assert f"PoseTrack mAP {cells[0]}" in report.split("**In short**")[1]


def test_its_interval_is_that_of_the_same_resamples_as_ap_s(suite: Suite) -> None:
    planned = filled(suite)
    (comparison,) = gather(suite.folder, planned, "paf6")
    record = comparison.variants[0].runs[0].record
    matches = PosetrackMatches.from_json(record["evidence"]["posetrack"])
    drawn = [
        float(matches.statistics(row[None])[POSETRACK][0])
        for row in bootstrap_weights(IMAGES, results.RESAMPLES, SEED)
    ]
    estimate = comparison.variants[0].estimate(POSETRACK)
    expected = np.quantile(drawn, [0.025, 0.975])
    np.testing.assert_allclose([estimate.low, estimate.high], expected, rtol=0, atol=1e-12)
    assert estimate.low < estimate.value < estimate.high


def test_its_groups_have_a_table(suite: Suite) -> None:
    planned = filled(suite)
    report = report_of(suite, planned)
    for row, one in zip(table(report, "Joints"), planned[::-1], strict=True):
        accuracy = accuracy_of(suite, one)
        names = [f"PoseTrack AP {group}" for group in GROUPS] + [POSETRACK]
        assert row[0] == one.variant
        assert [cell.split(" ±")[0] for cell in row[1:]] == [
            f"{100 * accuracy[name]:.1f}" for name in names
        ]
    for group in GROUPS:
        column(report, "Joints", group)


def test_a_group_that_nobody_has_is_a_dash(suite: Suite) -> None:
    one = whole("paf6", data=IMAGES_OF_FRAMES)
    suite.done(one, 2.0, known=6)  # legs alone
    (row,) = table(report_of(suite, [one]), "Joints")
    assert [cell == "–" for cell in row[1:]] == [True] * 4 + [False] * 4
    frame = pd.read_csv(suite.folder / "results.csv")
    assert "PoseTrack AP hip_fraction" in frame and "PoseTrack AP head_fraction" not in frame


def test_csv_holds_the_records_numbers(suite: Suite) -> None:
    planned = filled(suite)
    report_of(suite, planned)
    frame = pd.read_csv(suite.folder / "results.csv")
    for name in [POSETRACK, "PoseTrack AP wrist"]:
        expected = [accuracy_of(suite, one)[name] for one in planned]
        assert frame[f"{name}_fraction"].tolist() == expected
        assert (frame[f"{name}_low95_fraction"] < frame[f"{name}_high95_fraction"]).all()


def test_crops_have_it_beside_pck_and_a_plot_each(suite: Suite) -> None:
    planned = [experiment(name, data=CROPS) for name in ("residual", "ioi", "mean_pose")]
    for one, error in zip(planned, (3.0, 2.0, 12.0), strict=True):
        suite.done(one, error)
    report = report_of(suite, planned, blocks.write_report)
    assert "AP (OKS, by pycocotools), PCK@0.2 and PoseTrack mAP in percent" in report
    assert len(column(report, "Accuracy", POSETRACK)) == 3
    assert [row[0] for row in table(report, "Joints")] == ["ioi", "residual", "mean_pose"]
    for name in ("accuracy_vs_macs", "accuracy_vs_macs_posetrack"):
        assert f"({name}.png)" in report and (suite.folder / f"{name}.png").exists()


@pytest.mark.parametrize("skeleton", ["lsp14", "posetrack15"])
def test_it_is_nowhere_unless_every_row_has_it(suite: Suite, skeleton: str) -> None:
    planned = [whole("paf6", data=replace(WHOLE_DATA, skeleton=skeleton))]
    suite.done(planned[0], 2.0)
    report = report_of(suite, planned)
    assert ("PoseTrack" in report) == ("## Joints" in report) == (skeleton == "posetrack15")
    assert (suite.folder / "accuracy_vs_macs_posetrack.png").exists() == ("## Joints" in report)


def test_the_data_that_is_judged_is_named_where_it_is_not_that_of_training(suite: Suite) -> None:
    crowded = replace(IMAGES_OF_FRAMES, factors=(("crowding", 0.5), ("people", (4.0, 8.0))))
    planned = filled(suite)
    elsewhere = filled(suite, tested=crowded)
    report = report_of(suite, [*planned, *elsewhere])
    where = "frames, judged on frames with crowding 0.5, people 4–8"
    assert "## Accuracy (1: frames, single scale)" in report
    assert f"## Accuracy (2: {where}, single scale)" in report
    told = report.split(f"(2: {where}, single scale)")[1]
    assert "trained on frames, 4,000 training images" in told
    assert "judged on frames with crowding 0.5, people 4–8, 40 validation images" in told
    assert report.startswith("# Pipelines compared: frames, cpu preset")
    frame = pd.read_csv(suite.folder / "results.csv")
    assert frame.judged_on.isna().tolist() == [True, True, False, False]
