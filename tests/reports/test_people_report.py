"""Top-down beside bottom-up: stages that one kind lacks, and what people cost."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_experiments import stages, timed_like, whole
from fake_records import Suite
from report_tables import column
from timed_people import NUMBERS, timed_rows, top_down

from reports.measured.stages import StageTiming, read_stages, stage_clocks, stages_frame
from reports.stage_sections import stage_sections
from reports.text.words import Words

WORDS = Words("Pipelines", "Which?", "pipeline", "paf6", ())
STAGES = "Latency in stages, 128 px"
END_TO_END = "From end to end by the number of people in the image:"
MACS = "Multiply-adds by the number of people in the image:"


def read(folder: Path, **changes: Any) -> StageTiming:
    """File and read the timing of both kinds."""
    suite, timing = Suite(folder), top_down()
    named = dict.fromkeys((one.variant for one in timing.pipelines), 1.0)
    suite.staged(timing, named, **({"pipelines": timed_rows(timing)} | changes))
    [timed] = read_stages(folder, [timing])
    return timed


@pytest.fixture
def timing(tmp_path: Path) -> StageTiming:
    return read(tmp_path)


@pytest.fixture
def report(timing: StageTiming) -> str:
    # Each part under a heading of its own, by which its table is found.
    text = "\n\n".join(stage_sections(timing, WORDS, []))
    return text.replace(END_TO_END, f"## {END_TO_END}").replace(MACS, f"## {MACS}")


def test_a_stage_that_a_pipeline_lacks_is_a_dash(report: str) -> None:
    assert column(report, STAGES, "stride") == ["8", "–", "–"]
    assert column(report, STAGES, "network, ms") == ["20.0 (18.0–22.0)", "–", "–"]
    assert column(report, STAGES, "decode 5 people, ms") == ["1.25 (-0.750–3.25)", "–", "–"]
    assert column(report, STAGES, "detector, ms") == ["–"] + ["10.0 (8.00–12.0)"] * 2
    assert column(report, STAGES, "joints of 5 people, ms") == ["–", "–", "10.0 (8.00–12.0)"]
    assert column(report, STAGES, "sum of medians, ms") == ["31.2", "–", "30.0"]
    ends = column(report, STAGES, "end to end, 5 people, ms")
    assert ends == ["31.2 (29.2–33.2)"] + ["30.0 (28.0–32.0)"] * 2
    assert column(report, STAGES, "GMAC, 5 people") == ["3.00", "3.50", "3.50"]


def test_top_down_alone_has_no_columns_of_the_others(tmp_path: Path) -> None:
    suite, both = Suite(tmp_path), top_down()
    alone = replace(both, pipelines=both.pipelines[1:])
    suite.staged(alone, dict.fromkeys(("mask_rcnn", "detector_hourglass"), 1.0),
                 pipelines=timed_rows(alone))  # fmt: skip
    [timing] = read_stages(tmp_path, [alone])
    report = "\n\n".join(stage_sections(timing, WORDS, []))
    assert "network, ms" not in report
    assert "decode" not in report.split("A call takes")[0]
    assert "Decoding by the number" not in report


def test_how_people_were_fixed_is_told(report: str) -> None:
    assert "people who fill the image replace what the detector's last layer says" in report
    assert "The joints of mask_rcnn read what the detector has computed" in report


def test_everything_is_timed_for_each_number_of_people(report: str) -> None:
    assert column(report, END_TO_END, "20 people, ms")[1] == "60.0 (58.0–62.0)"
    # 19 people more: 4.75 ms, or 38 ms; the intervals of both medians are 1 ms to each side.
    slopes = column(report, END_TO_END, "each further person, ms")
    assert slopes == ["0.250 [0.145, 0.355]"] + ["2.00 [1.89, 2.11]"] * 2


def test_multiply_adds_by_people(report: str) -> None:
    assert column(report, MACS, "1 person, GMAC") == ["3.00", "1.50", "1.50"]
    assert column(report, MACS, "20 people, GMAC") == ["3.00", "11.0", "11.0"]
    assert column(report, MACS, "share of a person, GMAC") == ["0", "0.500", "0.500"]
    assert column(report, MACS, "not counted") == ["–", *["nms x2, roi_align x8"] * 2]


def test_a_number_of_people_that_nobody_counted_is_a_dash(tmp_path: Path) -> None:
    rows = timed_rows(top_down())
    for row in rows:
        del row["gmac_by_people"]["20"]
    timing = read(tmp_path, pipelines=rows)
    report = "\n\n".join(stage_sections(timing, WORDS, []))
    assert column(report.replace(MACS, f"## {MACS}"), MACS, "20 people, GMAC") == ["–"] * 3


def test_the_first_records_read_as_they_did(tmp_path: Path) -> None:
    suite, old = Suite(tmp_path), stages(timed_like(whole("paf6")))
    suite.staged(old, {"paf6": 40.0})
    [timing] = read_stages(tmp_path, [old])
    [one] = timing.pipelines
    assert one.end_to_end == one.by_people[5]
    assert list(one.by_people) == [5]
    assert not one.top_down
    report = "\n\n".join(stage_sections(timing, WORDS, []))
    for word in ("detector", "joints", "From end to end by", "Multiply-adds by", "GMAC,"):
        assert word not in report


def test_clocks_know_no_network_of_a_detector(tmp_path: Path) -> None:
    timing = read(tmp_path)
    experiments = [whole(one.variant, model=one.model) for one in timing.experiment.pipelines]
    network, end_to_end = stage_clocks([timing], experiments)
    assert list(network.times) == [experiments[0].key]
    assert [end_to_end.times[one.key]["median_ms"] for one in experiments] == [31.25, 30.0, 30.0]


def test_raw_times_have_all_stages_and_numbers(timing: StageTiming) -> None:
    frame = stages_frame([timing])
    rows = frame[frame.variant == "detector_hourglass"]
    assert rows.stage.tolist() == ["preprocess", "detector", *["joints"] * 3, *["end_to_end"] * 3]
    assert rows.people.dropna().tolist() == [*NUMBERS, *NUMBERS]
    priced = rows[rows.stage == "end_to_end"].fvcore_GMAC.tolist()
    assert priced == [1.5, 3.5, 11.0]
    assert set(frame[frame.variant == "mask_rcnn"].stage) == {
        "preprocess",
        "detector",
        "end_to_end",
    }
