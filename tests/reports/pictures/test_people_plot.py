"""Latency against people: which times are drawn, and that awkward curves are drawn too."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_experiments import stages, timed_like, whole
from fake_records import Suite
from matplotlib.image import imread
from timed_people import NUMBERS, timed_rows, top_down

from reports.measured.stages import read_stages
from reports.pictures import people_curves
from reports.pictures.people_curves import latency_by_people
from reports.pictures.people_plot import PeopleCurve, Series, draw_people

PLACES = {"paf6": 0, "mspaf3": 1, "mask_rcnn": 2, "detector_hourglass": 3}


def series(times: list[float], *, spread: bool = True) -> Series:
    ms = np.array(times)
    numbers = np.array([1, 2, 5, 10, 20, 50])[: len(times)]
    return Series(numbers, ms, np.stack([0.9 * ms, 1.2 * ms], axis=1) if spread else None)


def curve(place: int, part: list[float] | None, before: float) -> PeopleCurve:
    everything = series([before + ms for ms in part or [1.0, 1.0]])
    return PeopleCurve(
        f"variant_{place}", place, series(part) if part else None, everything, everything
    )


@pytest.mark.parametrize(
    "curves",
    [
        [curve(0, [0.2], 5.0)],
        [curve(0, [0.2, 0.2, 0.2], 5.0), curve(1, [0.2, 0.2, 0.2], 5.0)],
        [curve(place, [0.1, 0.3, 0.9, 2.0, 8.0, 900.0], 10.0**place) for place in range(4)],
        [curve(0, [0.2, 0.3], 5.0), curve(1, None, 5.0)],
        [curve(0, None, 5.0)],
        [PeopleCurve("sum", 0, series([1.0, 2.0]), series([3, 4], spread=False), series([3.5]))],
    ],
    ids=["one number", "equal and flat", "wide span", "no part", "no parts at all", "sums"],
)
def test_curves_are_drawn(tmp_path: Path, curves: list[PeopleCurve]) -> None:
    draw_people(tmp_path / "a.png", curves, headings=("part", "whole"), title="t", note="n")
    picture = imread(tmp_path / "a.png")[..., :3]
    assert (picture.max(axis=-1) - picture.min(axis=-1)).max() > 0.3  # something has a colour


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What was to be drawn last."""
    last: dict[str, Any] = {}

    def note(path: Path, curves: list[PeopleCurve], **words: Any) -> None:
        last.update(words, path=path, curves={curve.label: curve for curve in curves})

    monkeypatch.setattr(people_curves, "draw_people", note)
    return last


def test_everything_in_one_call_is_drawn_of_both_kinds(
    tmp_path: Path, drawn: dict[str, Any]
) -> None:
    suite, timing = Suite(tmp_path), top_down()
    suite.staged(timing, dict.fromkeys(PLACES, 1.0), pipelines=timed_rows(timing))
    [read] = read_stages(suite.folder, [timing])
    assert latency_by_people(tmp_path, read, PLACES, "_2") == [tmp_path / "latency_vs_people_2.png"]
    curves = drawn["curves"]
    assert list(curves) == ["paf6", "mask_rcnn", "detector_hourglass"]
    for name, one in curves.items():
        assert one.place == PLACES[name]
        assert one.whole is one.measured
        assert one.whole.people.tolist() == list(NUMBERS)
        assert one.whole.spread.shape == (len(NUMBERS), 2)
    assert curves["paf6"].whole.ms.tolist() == pytest.approx([30.25, 31.25, 35.0])
    assert curves["mask_rcnn"].whole.ms.tolist() == pytest.approx([22.0, 30.0, 60.0])
    assert curves["mask_rcnn"].part is None
    assert curves["detector_hourglass"].part.ms.tolist() == pytest.approx([2.0, 10.0, 40.0])
    assert drawn["headings"] == ("decoding, or joints in boxes", "from end to end")


def test_of_the_first_records_sums_are_drawn(tmp_path: Path, drawn: dict[str, Any]) -> None:
    suite = Suite(tmp_path)
    timing = stages(timed_like(whole("paf6")))
    suite.staged(timing, {"paf6": 40.0})
    [read] = read_stages(suite.folder, [timing])
    latency_by_people(tmp_path, read, PLACES, "")
    one = drawn["curves"]["paf6"]
    assert one.whole.ms.tolist() == pytest.approx([41.1, 41.5])
    assert one.whole.spread is None
    assert (one.measured.people.tolist(), one.measured.ms.tolist()) == ([5], [41.5])
    assert drawn["headings"] == ("decoding", "preprocess + network + decode")
    assert "sum of the three medians" in drawn["note"]
    assert "measured with 5 people" in drawn["note"]
