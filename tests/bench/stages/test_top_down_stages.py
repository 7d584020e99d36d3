"""Top-down pipelines among the timed: held to so many people, in the stages that they have."""

import json
from typing import Any

import pytest
import torch
from stage_clock import DETECTOR_HOURGLASS, MASK_RCNN, SIZE, Clock, experiment, quiet
from torch import Tensor, nn

from bench.experiment import ModelSpec
from bench.jobs import TimedPipeline
from bench.problem import Problem
from bench.stages import timing
from bench.stages.timing import measure_stages
from models import registry
from models.skeleton import Skeleton

PAF = TimedPipeline(
    "paf6", ModelSpec("paf6", {"width": 1 / 32, "stages": 1, "trunk_depth": 13}), SIZE
)
RCNN = TimedPipeline("mask_rcnn", ModelSpec("mask_rcnn", MASK_RCNN), SIZE)
HOURGLASS = TimedPipeline(
    "detector_hourglass", ModelSpec("detector_hourglass", DETECTOR_HOURGLASS), SIZE
)
EACH = ["1", "3"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timing, "time_models", clock)
    return clock


@pytest.fixture(scope="module")
def all_three() -> tuple[Clock, dict[str, Any]]:
    """The clock of one run of three kinds of pipelines, and what was measured."""
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing, "time_models", clock)
        measured, _ = measure_stages(experiment(PAF, RCNN, HOURGLASS, whole=3), quiet)
    return clock, measured


def test_both_kinds_are_timed_in_one_run_of_one_schema(all_three: Any) -> None:
    clock, measured = all_three
    assert len(clock.runs) == 1
    assert json.loads(json.dumps(measured, allow_nan=False)) == measured
    rows = measured["pipelines"]
    assert rows[0].keys() == rows[1].keys() == rows[2].keys()
    assert [list(row["stages"]) for row in rows] == [
        ["preprocess", "network", "decode", "end_to_end"],
        ["preprocess", "detector", "joints", "end_to_end"],
        ["preprocess", "detector", "joints", "end_to_end"],
    ]
    assert [row["stride"] for row in rows] == [8, None, None]
    for row in rows:
        assert list(row["stages"]["end_to_end"]) == EACH
        assert all(time["samples"] == 6 for time in row["stages"]["end_to_end"].values())


def test_joints_are_timed_alone_where_they_can_be_told_apart(all_three: Any) -> None:
    _, measured = all_three
    _, rcnn, hourglass = measured["pipelines"]
    assert rcnn["stages"]["joints"] == {}
    assert list(hourglass["stages"]["joints"]) == EACH


def test_so_many_people_come_out(all_three: Any) -> None:
    clock, measured = all_three
    for number in (1, 2):
        assert measured["pipelines"][number]["found"] == {"1": 1, "3": 3}
        for people in (1, 3):
            [one] = clock.result(f"end_to_end {people}", number)
            assert one["keypoints"].shape == (people, 17, 3)
        [nobody] = clock.result("detector", number)
        assert len(nobody["scores"]) == 0


def test_joints_alone_are_those_of_the_whole_pipeline(all_three: Any) -> None:
    clock, _ = all_three
    keypoints, scores = clock.result("joints 3", 2)
    [whole] = clock.result("end_to_end 3", 2)
    torch.testing.assert_close(keypoints[0], whole["keypoints"], atol=1e-2, rtol=0)
    torch.testing.assert_close(scores[0], whole["keypoints_scores"], atol=1e-4, rtol=0)


def test_people_are_priced(all_three: Any) -> None:
    _, measured = all_three
    bottom_up, *top_down = measured["pipelines"]
    assert bottom_up["cost"]["people"] is None
    assert len(set(bottom_up["gmac_by_people"].values())) == 1
    for row in top_down:
        gmac = {int(people): cost for people, cost in row["gmac_by_people"].items()}
        assert row["cost"]["people"] == 3
        assert row["cost"]["gmac"] == gmac[3]
        assert (gmac[3] - gmac[1]) / 2 == pytest.approx(gmac[1] - gmac[0]) != 0
    # Both have the same detector.
    assert top_down[0]["gmac_by_people"]["0"] == top_down[1]["gmac_by_people"]["0"]


def test_preprocessing_gives_what_a_pipeline_is_shown(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = register_fake(monkeypatch, extra=0)
    pipeline = TimedPipeline("fake", ModelSpec("fake"), 48)
    measure_stages(experiment(pipeline, people=(2,), precision="bf16"), quiet)
    batch = clock.result("preprocess")
    assert batch.shape == (1, 3, 48, 48)
    assert batch.dtype == torch.float32
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert 0 <= batch.min() < batch.max() <= 1
    shown.clear()
    clock.result("end_to_end 2")
    [(images, autocast)] = shown
    assert torch.equal(images, batch)
    assert autocast == torch.bfloat16


def test_a_pipeline_that_returns_other_people_is_refused(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_fake(monkeypatch, extra=1)
    with pytest.raises(Problem, match=r"'fake' returned 2 people where its detector .* find 1"):
        measure_stages(experiment(TimedPipeline("fake", ModelSpec("fake"), SIZE)), quiet)
    assert clock.runs == []


def test_a_pipeline_whose_people_cannot_be_fixed_is_refused(clock: Clock) -> None:
    crops = TimedPipeline("mean_pose", ModelSpec("mean_pose", {"crop_size": SIZE}), SIZE)
    with pytest.raises(Problem, match="'mean_pose' can't be timed in stages"):
        measure_stages(experiment(crops), quiet)


class _Fake(nn.Module):
    """A top-down pipeline of the tiny detector that remembers its images, and adds some people."""

    def __init__(self, rcnn: nn.Module, extra: int, shown: list[Any]) -> None:
        super().__init__()
        self.rcnn, self.extra, self.shown = rcnn, extra, shown

    def forward(self, images: Tensor) -> list[dict[str, Tensor]]:
        enabled = torch.is_autocast_enabled("cpu")
        self.shown.append((images, torch.get_autocast_dtype("cpu") if enabled else None))
        [one] = self.rcnn(images)
        return [{"scores": torch.cat([one["scores"], torch.ones(self.extra)])}]


def register_fake(monkeypatch: pytest.MonkeyPatch, extra: int) -> list[Any]:
    """Register the pipeline "fake"; return what it is shown, and in which precision."""
    shown: list[Any] = []

    def build(skeleton: Skeleton) -> nn.Module:
        return _Fake(registry.create_pipeline("mask_rcnn", skeleton, **MASK_RCNN), extra, shown)

    factories = registry._pipelines._factories
    monkeypatch.setattr(registry._pipelines, "_factories", {**factories, "fake": build})
    return shown
