"""Numbers on their way from records into tables."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_experiments import IMAGES, experiment, latency
from fake_records import Suite

from bench.metrics.intervals import bootstrap_weights
from bench.metrics.pck import PckCounts
from bench.records import read_record
from reports.measured.clocks import read_timing
from reports.measured.results import AP, PCK, RESAMPLES, SEED, Estimate, gather
from reports.tables.cells import figures, markdown, percent, signed
from reports.tables.comparisons import accuracy_table
from reports.tables.raw import results_frame
from reports.text.words import Words


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


def test_numbers_as_they_are_printed() -> None:
    assert percent(Estimate(0.4123, 0.399, 0.425)) == "41.2 ±1.3"
    assert signed(Estimate(0.021, -0.004, 0.046)) == "+2.1 [-0.4, +4.6]"
    assert [figures(x) for x in (0, 0.0123456, 9.876, 98.76, 1234.5)] == [
        "0",
        "0.0123",
        "9.88",
        "98.8",
        "1,234",
    ]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.1, 0.2, "better"), (-0.2, -0.1, "worse"), (-0.1, 0.1, "tied within noise")],
)
def test_verdicts(low: float, high: float, verdict: str) -> None:
    assert Estimate((low + high) / 2, low, high).verdict == verdict
    assert Estimate(0.0, 0.0, 0.0).verdict == "tied within noise"


def test_a_cell_cannot_break_the_table() -> None:
    text = markdown(pd.DataFrame([{"block": "a|b", "reason": "one\ntwo"}]), ["reason"])
    assert r"a\|b" in text
    assert len(text.splitlines()) == 3


def test_pck_interval_is_that_of_a_bootstrap_by_hand(suite: Suite) -> None:
    one = experiment("ioi")
    suite.done(one, 6.0)
    record, _ = read_record(suite.records, one.key)
    assert record is not None
    counts = PckCounts.from_json(record["evidence"]["pck"])
    weights = bootstrap_weights(IMAGES, RESAMPLES, SEED)
    shares = []
    for draw in weights:
        drawn = [person for person in range(IMAGES) for _ in range(draw[counts.image[person]])]
        shares.append(counts.correct[drawn].sum() / counts.counted[drawn].sum())
    (comparison,) = gather(suite.folder, [one], "residual")
    estimate = comparison.variants[0].estimate(PCK)
    expected = np.quantile(shares, [0.025, 0.975])
    np.testing.assert_allclose([estimate.low, estimate.high], expected, rtol=0, atol=1e-12)
    assert estimate.low < estimate.value < estimate.high


def test_a_paired_interval_is_narrower_where_models_err_alike(suite: Suite) -> None:
    planned = [experiment("residual"), experiment("ioi")]
    suite.done(planned[0], 2.6)
    suite.done(planned[1], 2.5)  # the same direction of error for each joint, a little less of it
    (comparison,) = gather(suite.folder, planned, "residual")
    residual, ioi = comparison.variants
    difference = ioi.difference(residual, AP)
    assert difference is not None
    apart = np.hypot(residual.estimate(AP).half_width, ioi.estimate(AP).half_width)
    assert difference.half_width < apart / 2


def test_a_row_of_several_seeds_is_their_mean(suite: Suite) -> None:
    planned = [experiment("ioi", seed) for seed in range(3)]
    for one, error in zip(planned, (2.0, 2.5, 3.0), strict=True):
        suite.done(one, error)
    (comparison,) = gather(suite.folder, planned, "residual")
    (variant,) = comparison.variants
    alone = [run.accuracy(AP) for run in variant.runs]
    assert variant.estimate(AP).value == pytest.approx(sum(alone) / 3)
    # Seeds that differ by more than images do widen the interval.
    assert variant.estimate(AP).half_width > variant.runs[0].estimate(AP).half_width


def test_differences_use_common_seeds_only(suite: Suite) -> None:
    residual = [experiment("residual", seed) for seed in (0, 1)]
    ioi = experiment("ioi", 1)
    for one, error in zip((*residual, ioi), (9.0, 2.5, 2.5), strict=True):
        suite.done(one, error)
    (comparison,) = gather(suite.folder, [*residual, ioi], "residual")
    difference = comparison.variants[1].difference(comparison.variants[0], AP)
    assert difference == Estimate(0.0, 0.0, 0.0)


def test_csv_holds_the_records_raw_numbers(suite: Suite) -> None:
    planned = [experiment(*one) for one in itertools.product(("residual", "ioi"), (0, 1))]
    for one in planned:
        suite.done(one, 2.5)
    timing = latency(*planned[::2])
    suite.timed(timing)
    clocks = read_timing(suite.folder, timing).clocks
    frame = results_frame(gather(suite.folder, planned, "residual"), clocks)
    assert list(zip(frame.variant, frame.seed, strict=True)) == [
        (one.variant, one.seed) for one in planned
    ]
    for one, row in zip(planned, frame.to_dict("records"), strict=True):
        record, _ = read_record(suite.records, one.key)
        assert record is not None
        assert row["key"] == one.key
        assert row["AP_fraction"] == record["measured"]["accuracy"]["AP"]
        assert row["PCK@0.2_fraction"] == record["measured"]["accuracy"]["PCK@0.2"]
        assert row["params"] == 67123
        assert row["fvcore_GMAC"] == 0.0123
        assert row["train_images_per_s"] == 1234.5
    assert frame["latency_b16_median_ms"].isna().tolist() == [False, True, False, True]
    assert frame["latency_b1_median_ms"].dropna().tolist() == [2.0, 3.0]


def test_latency_cells_show_median_and_spread(suite: Suite) -> None:
    one = experiment("ioi")
    suite.done(one, 2.5)
    suite.timed(latency(one))
    (comparison,) = gather(suite.folder, [one], "residual")
    clocks = read_timing(suite.folder, latency(one)).clocks
    words = Words("", "", "block", "residual", ("depth", "width"))
    row = accuracy_table(comparison, clocks, words, {}).iloc[0]
    assert row["latency b1, ms"] == "2.00 (1.80–2.40)"
    assert row["latency b16, ms"] == "20.0 (18.0–24.0)"
    assert row["depth × width"] == "2 × 32"
    assert row["training, images/s"] == "1,234"


def test_training_is_told_in_the_processor_s_time_where_every_record_has_it(suite: Suite) -> None:
    """Experiments share a processor: the one that got half of it is not half as fast."""
    one, other = experiment("ioi"), experiment("residual")
    rates = {"images_per_second": 100.0, "seconds": 30.0, "final_loss": 1.0}
    suite.done(one, 2.5, training=rates | {"processor_seconds": 15.0})
    suite.done(other, 2.5, training=rates | {"processor_seconds": 30.0})
    (comparison,) = gather(suite.folder, [one, other], "residual")
    words = Words("", "", "block", "residual", ("depth", "width"))
    table = accuracy_table(comparison, [], words, {}).set_index("block")
    rates_by_block = table["training, images/processor-s"]
    assert rates_by_block[[name for name in table.index if "ioi" in name]].tolist() == ["200"]
    assert rates_by_block[[name for name in table.index if "residual" in name]].tolist() == ["100"]
    frame = results_frame([comparison], []).set_index("block")
    assert frame["train_processor_seconds"].to_dict() == {"ioi": 15.0, "residual": 30.0}
