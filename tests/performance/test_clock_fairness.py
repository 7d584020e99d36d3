"""Is the clock fair? Two runs of one model in one table differ by less than 3 %."""

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from bench.latency import Call, Timing, time_models
from bench.memory_format import lay_channels_last
from models import create_pipeline
from models.skeleton import COCO17

torch.set_num_threads(1)
ALLOWED = 0.03
ROUNDS = 100
CROP = 64
OTHERS = ("residual", "aioi")  # beside the one that is timed twice, as in a table


def _call(block: str) -> Call:
    torch.manual_seed(0)
    model = create_pipeline(
        "single_person", COCO17, block=block, depth=1, width=48, stages=1, crop_size=CROP
    ).eval()
    lay_channels_last(model)
    crop = torch.rand(1, 3, CROP, CROP).contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def call() -> object:
        return model(crop)

    return call


@pytest.mark.parametrize("block", ["ioi"])
def test_one_model_timed_twice_differs_by_less_than_three_percent(
    benchmark: BenchmarkFixture, block: str
) -> None:
    calls = {f"{block}, again": _call(block), block: _call(block)}
    calls |= {other: _call(other) for other in OTHERS}

    def table() -> dict[str, Timing]:
        return time_models(calls, ROUNDS, "cpu")

    timings = benchmark.pedantic(table, rounds=1)
    first, second = (timings[name].to_json()["median_ms"] for name in list(calls)[:2])
    apart = abs(first - second) / min(first, second)
    benchmark.extra_info["apart"] = apart
    if timings[block].disturbed and apart >= ALLOWED:
        pytest.skip(f"another load disturbed the clock, as it says itself: {apart:.1%} apart")
    assert apart < ALLOWED
