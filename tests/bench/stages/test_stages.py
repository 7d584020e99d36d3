"""With a clock of the test's own but once, so that no test depends on the machine."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from stage_clock import Clock, experiment, quiet
from torch import Tensor, nn

from bench.experiment import ModelSpec
from bench.footprint import NO_GPU
from bench.jobs import TimedPipeline
from bench.stages import timing
from bench.stages.bottom_up import prepare_batch
from bench.stages.calls import photograph
from bench.stages.timing import measure_stages
from models import registry
from models.networks.staged_fields import FieldMaps
from models.pipelines.paf import FieldPipeline
from models.skeleton import OPENPOSE18, SKELETONS, Skeleton

SMALL = {"block": "residual", "depth": 1, "trunk_depth": 1, "width": 1 / 16, "stages": 1}
TINY_PAF = {"width": 1 / 32, "stages": 2, "trunk_depth": 13}


def timed(variant: str = "mspaf3", input_size: int = 96, **changed: Any) -> TimedPipeline:
    return TimedPipeline(variant, ModelSpec("mspaf3", SMALL), input_size, **changed)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timing, "time_models", clock)
    return clock


class _PlainNetwork(nn.Module):
    """One convolution of stride 4, and what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.joints, limbs = len(OPENPOSE18) + 1, len(OPENPOSE18.limbs)
        self.convolution = nn.Conv2d(3, self.joints + 2 * limbs, 4, stride=4)
        self.seen: list[Tensor] = []
        self.autocast: list[torch.dtype | None] = []

    def forward(self, images: Tensor) -> list[FieldMaps]:
        enabled = torch.is_autocast_enabled("cpu")
        self.seen.append(images)
        self.autocast.append(torch.get_autocast_dtype("cpu") if enabled else None)
        maps = self.convolution(images)
        return [FieldMaps(maps[:, : self.joints], maps[:, self.joints :])]


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> list[tuple[FieldPipeline, dict[str, Any]]]:
    """Register a pipeline "plain"; the list has every one that was built, and its arguments."""
    built: list[tuple[FieldPipeline, dict[str, Any]]] = []

    def build(skeleton: Skeleton, **arguments: Any) -> nn.Module:
        model = FieldPipeline(_PlainNetwork(), skeleton, 4, **arguments)
        built.append((model, arguments))
        return model

    factories = registry._pipelines._factories
    monkeypatch.setattr(registry._pipelines, "_factories", {**factories, "plain": build})
    return built


def plain_pipeline(**changed: Any) -> TimedPipeline:
    return TimedPipeline("plain", ModelSpec("plain"), 96, **changed)


def test_all_stages_of_all_pipelines_are_timed_in_one_run(clock: Clock) -> None:
    # The same variant at two sizes: neither takes the other's place.
    measure_stages(experiment(timed(), timed(input_size=64), rounds=7), quiet)
    [(calls, rounds, device)] = clock.runs
    own = {"preprocess", "network", "decode 1", "decode 3"}
    own |= {f"end_to_end {people}" for people in (1, 2, 3)}
    assert set(calls) == {f"{number} {stage}" for number in (0, 1) for stage in own}
    assert (rounds, device) == (7, "cpu")


def test_a_record_holds_each_stage_of_each_pipeline(clock: Clock) -> None:
    paf = TimedPipeline("paf6", ModelSpec("paf6", TINY_PAF), 64, (0.5, 1.0), flip=True)
    measured, evidence = measure_stages(experiment(timed(), paf), quiet)
    assert evidence == {}
    assert json.loads(json.dumps(measured, allow_nan=False)) == measured
    rows = measured.pop("pipelines")
    assert measured == {
        "whole": 2,
        "image_size": 100,
        "threads": torch.get_num_threads(),
        "precision": "fp32",
        "memory_format": "channels_last",
        "device": "cpu",
        "disturbed": False,
        "processor_share": 1.0,
        "no_energy": NO_GPU,
    }
    about = ("variant", "model", "input_size", "scales", "flip", "stride")
    assert [[row[name] for name in about] for row in rows] == [
        ["mspaf3", "mspaf3", 96, [1.0], False, 4],
        ["paf6", "paf6", 64, [0.5, 1.0], True, 8],
    ]
    # The clock's milliseconds are the places of the calls.
    for row, first in zip(rows, (1, 8), strict=True):
        times = row["stages"]
        assert list(times) == ["preprocess", "network", "decode", "end_to_end"]
        assert times["preprocess"]["median_ms"] == first
        assert times["network"]["median_ms"] == first + 1
        assert {people: one["median_ms"] for people, one in times["decode"].items()} == {
            "1": first + 2,
            "3": first + 3,
        }
        whole = first + 5 if row["variant"] == "mspaf3" else first + 4
        assert times["end_to_end"]["2"]["median_ms"] == whole
        assert times["end_to_end"]["2"]["samples"] == 6
        assert list(row["footprint"]) == ["peak_bytes"]
        # The batch alone, as bytes and as floats, is made within the call.
        assert row["footprint"]["peak_bytes"] > 3 * row["input_size"] ** 2 * 4
        assert row["gmac_by_people"] == dict.fromkeys("0123", row["cost"]["gmac"])
    # What further views cost has nothing to do with people.
    assert [list(row["stages"]["end_to_end"]) for row in rows] == [["1", "2", "3"], ["2"]]


def test_a_real_run_times_and_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[tuple[Any, ...]] = []
    measured, _ = measure_stages(
        experiment(timed(input_size=64), people=(1,), whole=1), lambda *event: events.append(event)
    )
    [row] = measured["pipelines"]
    of_people = [row["stages"].pop(stage)["1"] for stage in ("decode", "end_to_end")]
    for times in [*of_people, *row["stages"].values()]:
        assert times["samples"] == 6
        assert 0 < times["low_ms"] <= times["median_ms"] <= times["high_ms"]
    assert events == [("prepare", 0, 1), ("time", 0, 1), ("time", 1, 1)]


@pytest.mark.parametrize("skeleton", SKELETONS)
@pytest.mark.parametrize("stride", [4, 8])
def test_few_people_are_all_found_in_their_own_maps(
    clock: Clock, skeleton: str, stride: int
) -> None:
    model = ModelSpec("mspaf3", {**SMALL, "width": 1 / 64, "stride": stride})
    pipeline = TimedPipeline("mspaf3", model, 368)
    measured, _ = measure_stages(
        experiment(pipeline, skeleton=skeleton, people=(1, 2, 5, 10)), quiet
    )
    assert measured["pipelines"][0]["found"] == {"1": 1, "2": 2, "5": 5, "10": 10}


def test_what_is_decoded_end_to_end_are_so_many_people(clock: Clock) -> None:
    measured, _ = measure_stages(experiment(timed(), whole=2, people=(1,)), quiet)
    assert measured["whole"] == 2
    for people in (1, 2):
        [detection] = clock.result(f"end_to_end {people}")
        assert len(detection["scores"]) == people


def test_end_to_end_is_one_call_of_every_stage(clock: Clock, plain: list[Any]) -> None:
    measure_stages(experiment(plain_pipeline()), quiet)
    network = plain[0][0].network
    network.seen.clear()
    for stage, views in [("preprocess", 0), ("decode 3", 0), ("network", 1), ("end_to_end 3", 1)]:
        clock.result(stage)
        assert len(network.seen) == views, stage
        network.seen.clear()


def test_the_network_sees_what_it_would_see_in_the_pipeline(clock: Clock, plain: list[Any]) -> None:
    """Where nothing is resized, a photograph in bytes meets the pipeline's own preparation."""
    measure_stages(experiment(plain_pipeline(), image_size=96), quiet)
    model = plain[0][0]
    network = model.network
    network.seen.clear()
    batch, sizes = clock.result("preprocess")
    clock.result("end_to_end 2")
    model(photograph(96).unsqueeze(0) / 255)
    timed_input, own_input = network.seen
    torch.testing.assert_close(timed_input, own_input)
    assert torch.equal(timed_input, batch)
    assert sizes == [(96, 96)]
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert batch.std() > 0.1


def test_a_photograph_shrinks_as_pillow_shrinks_it() -> None:
    image = photograph(200)
    batch, sizes = prepare_batch(image, 76, 8, "cpu")
    assert sizes == [(76, 76)]
    assert batch.shape == (1, 3, 80, 80)
    assert (batch[..., 76:, :] == 0).all() and (batch[..., 76:] == 0).all()
    shrunk = Image.fromarray(image.permute(1, 2, 0).numpy()).resize(
        (76, 76), Image.Resampling.BILINEAR
    )
    expected = torch.from_numpy(np.array(shrunk)).permute(2, 0, 1) / 255 - 0.5
    torch.testing.assert_close(batch[0, :, :76, :76], expected, atol=1.01 / 255, rtol=0)


@pytest.mark.parametrize(("precision", "number_format"), [("fp32", None), ("bf16", torch.bfloat16)])
def test_the_precision_reaches_the_network(
    clock: Clock, plain: list[Any], precision: str, number_format: torch.dtype | None
) -> None:
    measured, _ = measure_stages(experiment(plain_pipeline(), precision=precision), quiet)
    assert measured["precision"] == precision
    network = plain[0][0].network
    network.autocast.clear()
    clock.result("network")
    clock.result("end_to_end 2")
    assert network.autocast == [number_format] * 2
    assert not plain[0][0].training


def test_options_of_inference_are_passed_only_where_they_differ(
    clock: Clock, plain: list[Any]
) -> None:
    measure_stages(
        experiment(plain_pipeline(), plain_pipeline(scales=(0.5, 2.0), flip=True)), quiet
    )
    assert [arguments for _, arguments in plain] == [{}, {"scales": (0.5, 2.0), "flip": True}]


def test_every_view_is_priced(clock: Clock, plain: list[Any]) -> None:
    views = [{}, {"flip": True}, {"scales": (0.5, 1.0)}]
    measured, _ = measure_stages(experiment(*(plain_pipeline(**one) for one in views)), quiet)
    weights = 3 * 4 * 4 * (len(OPENPOSE18) + 1 + 2 * len(OPENPOSE18.limbs))
    costs = [row["cost"] for row in measured["pipelines"]]
    for cost, cells in zip(costs, (24**2, 2 * 24**2, 12**2 + 24**2), strict=True):
        assert cost["gmac"] == cost["gmac_torch"] == pytest.approx(weights * cells / 1e9)
        assert cost["input"] == "1x3x96x96"


def test_maps_lie_in_memory_as_the_network_leaves_them(
    clock: Clock, plain: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[FieldMaps] = []
    own = FieldPipeline.detections

    def detections(self: FieldPipeline, maps: FieldMaps, sizes: Any) -> Any:
        decoded.append(maps)
        return own(self, maps, sizes)

    monkeypatch.setattr(FieldPipeline, "detections", detections)
    measure_stages(experiment(plain_pipeline()), quiet)
    maps = clock.result("network")
    for ideal in decoded:
        assert ideal.heatmaps.stride() == maps.heatmaps.stride()
        assert ideal.fields.stride() == maps.fields.stride()
        assert ideal.heatmaps.dtype == ideal.fields.dtype == torch.float32
