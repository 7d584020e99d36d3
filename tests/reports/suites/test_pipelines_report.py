"""The report of whole images: accuracy, inference options, and what is missing."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from fake_experiments import MULTI_SCALE, WHOLE, WHOLE_DATA, stages, timed_like, whole
from fake_records import Suite
from report_tables import column, table

from bench.experiment import Protocol
from bench.plan import Plan
from bench.records import read_record
from reports.measured.curves import last_stage_loss
from reports.measured.results import AP, Run, bootstrap, gather
from reports.suites.pipelines import write_report

FLIP = replace(WHOLE, flip=True)
SCALES = replace(WHOLE, scales=MULTI_SCALE)
SINGLE = "Accuracy (1: synthetic, single scale)"


def filled(suite: Suite, *protocols: Protocol):
    """File both pipelines under each protocol, with the weights of the first; return them."""
    planned = []
    for protocol in protocols or (WHOLE,):
        for variant, error in (("paf6", 3.2), ("mspaf3", 2.4)):
            one = whole(variant, protocol=protocol)
            views = sum(scale**2 for scale in protocol.scales) * (2 if protocol.flip else 1)
            cost = {"params": 600_000, "gmac": 0.5 * views, "gmac_torch": 0.5 * views}
            rest = {"gflop": views, "activations_m": 1.0, "input": "1x3x128x128", "uncounted": []}
            first = "" if protocol == WHOLE else whole(variant).key
            better = 0.0 if protocol == WHOLE else 0.4
            suite.done(one, error - better, cost=cost | rest, trained_by=first)
            planned.append(one)
    return planned


def report_of(suite: Suite, plan: Plan) -> str:
    write_report(suite.folder, plan)
    return (suite.folder / "report.md").read_text()


def measured_ap(suite: Suite, one) -> float:
    record, _ = read_record(suite.records, one.key)
    assert record is not None
    return record["measured"]["accuracy"]["AP"]


def test_whole_images_have_no_pck_and_more_of_oks(suite: Suite) -> None:
    planned = filled(suite)
    report = report_of(suite, Plan(planned))
    assert "PCK" not in report
    record, _ = read_record(suite.records, planned[1].key)
    assert record is not None
    for name in ("AP50", "AP75", "AR"):
        expected = f"{100 * record['measured']['accuracy'][name]:.1f}"
        assert column(report, "Accuracy", name)[0] == expected
    frame = pd.read_csv(suite.folder / "results.csv")
    assert not [name for name in frame if "PCK" in name]
    assert frame.AP_fraction.tolist() == [measured_ap(suite, one) for one in planned]


def test_rows_are_ranked_and_their_difference_is_paired(suite: Suite) -> None:
    planned = filled(suite)
    report = report_of(suite, Plan(planned))
    assert column(report, "Accuracy", "pipeline") == ["**mspaf3**", "paf6"]
    assert column(report, "Accuracy", "against the best") == ["best", "behind"]
    (row,) = table(report, "Differences from paf6")
    gain = 100 * (measured_ap(suite, planned[1]) - measured_ap(suite, planned[0]))
    assert row[0] == "mspaf3"
    assert row[1].startswith(f"{gain:+.1f} [")
    assert row[2] == "better"


def test_whether_anything_was_learnt_is_told(suite: Suite) -> None:
    planned = [whole("paf6"), whole("mspaf3")]
    for one, error in zip(planned, (60.0, 2.0), strict=True):
        suite.done(one, error)
    report = report_of(suite, Plan(planned))
    assert column(report, "Accuracy", "AP above 0") == ["yes", "**no**"]
    assert "AP's interval contains zero, so next to nothing was learnt: **paf6**" in report


def test_models_and_trainings_that_differ_are_listed(suite: Suite) -> None:
    planned = [whole("paf6"), whole("mspaf3")]
    planned[0] = replace(planned[0], train=replace(planned[0].train, learning_rate=1e-3))
    for one in planned:
        suite.done(one, 2.0)
    report = report_of(suite, Plan(planned))
    assert "- paf6: `paf6`, sigma 3.0, stride 4, width 0.125." in report
    assert "differs between rows" in report
    assert "- paf6: 600 steps of 32 images, AdamW at 0.001" in report
    assert "- mspaf3: 600 steps of 32 images, AdamW at 0.002" in report
    assert "all variants share one" not in report


def test_each_protocol_is_ranked_alone(suite: Suite) -> None:
    report = report_of(suite, Plan(filled(suite, WHOLE, FLIP, SCALES)))
    for heading in (SINGLE, "Accuracy (2: synthetic, flip)"):
        assert column(report, heading, "against the best") == ["best", "behind"]
    assert "## Accuracy (3: synthetic, scales 0.5/1)" in report


def test_inference_options_are_priced(suite: Suite) -> None:
    planned = filled(suite, WHOLE, FLIP, SCALES)
    timing = stages(*[timed_like(one) for one in planned])
    suite.staged(timing, {"paf6": 40.0, "mspaf3": 20.0})
    report = report_of(suite, Plan(planned, stages=[timing]))
    rows = table(report, "Inference options")
    assert [row[:2] for row in rows] == [
        [variant, option]
        for variant in ("paf6", "mspaf3")
        for option in ("single scale", "flip", "scales 0.5/1")
    ]
    gain = 100 * (measured_ap(suite, planned[2]) - measured_ap(suite, planned[0]))
    assert rows[1][3].startswith(f"{gain:+.1f} [")
    gmac, network = "GMAC", "network, ms"
    assert column(report, "Inference options", gmac)[:3] == [
        "0.500 (×1.00)",
        "1.00 (×2.00)",
        "0.625 (×1.25)",
    ]
    assert column(report, "Inference options", network)[3:] == [
        "20.0 (×1.00)",
        "40.0 (×2.00)",
        "25.0 (×1.25)",
    ]


def test_an_option_without_a_record_is_a_row_and_has_its_reason(suite: Suite) -> None:
    planned = filled(suite)
    lost = whole("paf6", protocol=FLIP)
    suite.failed(lost, "out of memory")
    report = report_of(suite, Plan([*planned, lost]))
    assert table(report, "Inference options")[1][:3] == ["paf6", "flip", "–"]
    assert table(report, "What did not finish") == [["paf6, flip", "0", "out of memory"]]


def test_other_weights_are_no_option(suite: Suite) -> None:
    planned = filled(suite)
    other = whole("paf6", protocol=FLIP, model=replace(planned[0].model, arguments={"width": 1.0}))
    suite.done(other, 2.0)
    assert "## Inference options" not in report_of(suite, Plan([*planned, other]))


def test_one_training_is_drawn_once(suite: Suite) -> None:
    planned = filled(suite, FLIP, WHOLE)  # in whatever order they were planned
    report = report_of(suite, Plan(planned))
    assert f"## {SINGLE}" in report
    assert (suite.folder / "learning_curves.png").exists()
    assert (suite.folder / "accuracy_vs_macs.png").exists()
    assert not list(suite.folder.glob("*_2.png"))


def test_the_curve_of_borrowed_weights_is_that_of_their_training(suite: Suite) -> None:
    trained, borrowed = whole("paf6", protocol=FLIP), whole("paf6")
    suite.done(trained, 2.0)
    suite.done(borrowed, 2.0, trained_by=trained.key)
    assert not (suite.records / borrowed.key / "learning_curve.csv").exists()
    write_report(suite.folder, Plan([trained, borrowed]))
    assert (suite.folder / "learning_curves.png").exists()


def test_networks_of_more_stages_are_not_judged_by_more_losses() -> None:
    curve = {"step": [1, 2], "loss": [21.0, 42.0]}
    named = {"heatmaps_1": [1, 2], "fields_1": [2, 4], "heatmaps_10": [3, 6], "fields_10": [4, 8]}
    assert last_stage_loss(pd.DataFrame(curve | named)).tolist() == [7, 14]
    assert last_stage_loss(pd.DataFrame(curve)).tolist() == [21.0, 42.0]


def test_several_seeds_are_one_row(suite: Suite) -> None:
    planned = [whole("paf6", seed) for seed in (0, 1)]
    for one, error in zip(planned, (2.0, 3.0), strict=True):
        suite.done(one, error)
    report = report_of(suite, Plan(planned))
    mean = 50 * sum(measured_ap(suite, one) for one in planned)
    assert column(report, "Accuracy", "seeds") == ["2"]
    assert column(report, "Accuracy", "AP")[0].startswith(f"{mean:.1f} ±")


def test_nothing_has_finished(suite: Suite) -> None:
    planned = [whole("paf6"), whole("mspaf3")]
    suite.failed(planned[0], "killed")
    report = report_of(suite, Plan(planned))
    assert "No pipeline finished" in report
    reasons = [row[2] for row in table(report, "What did not finish")]
    assert reasons == ["killed", "not run yet"]


def test_a_comparison_has_the_statistics_that_all_its_runs_have(suite: Suite) -> None:
    planned = filled(suite)
    (comparison,) = gather(suite.folder, planned, "paf6")
    assert comparison.statistics == (AP,)
    record, _ = read_record(suite.records, planned[0].key)
    assert record is not None
    assert set(bootstrap(record["evidence"])) == {AP}
    assert Run(planned[0], record, bootstrap(record["evidence"])).estimate(AP).above_zero


@pytest.mark.parametrize("changed", ["data", "protocol"])
def test_other_data_or_decoders_are_never_ranked_together(suite: Suite, changed: str) -> None:
    other = {"data": replace(WHOLE_DATA, seed=1), "protocol": replace(WHOLE, decoder="paf-2")}
    planned = [whole("paf6"), whole("mspaf3", **{changed: other[changed]})]
    for one in planned:
        suite.done(one, 2.0)
    assert len(gather(suite.folder, planned, "paf6")) == 2


def test_pictures_of_an_earlier_report_go(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "latency_vs_people_2.png").touch()
    write_report(suite.folder, Plan(filled(suite)))
    assert not (tmp_path / "latency_vs_people_2.png").exists()
