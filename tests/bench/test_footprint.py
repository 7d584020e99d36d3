"""Peak memory against sums of tensors' sizes, energy by a meter of the test's own."""

import sys
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from bench import footprint
from bench.footprint import NO_GPU, footprints, joules, open_meter, peak_memory

KIB = torch.ones(256)  # 1,024 bytes of float32


def test_peak_is_what_is_held_at_once() -> None:
    assert peak_memory(lambda: KIB + KIB, "cpu") == 1024
    # Both sums and their product.
    assert peak_memory(lambda: (KIB + KIB) * (KIB + KIB), "cpu") == 3 * 1024

    def one_after_another() -> None:
        for _ in range(5):
            (KIB + 1).sum()

    assert peak_memory(one_after_another, "cpu") < 2 * 1024


def test_weights_and_input_are_there_before() -> None:
    layer, batch = nn.Linear(1000, 4), torch.rand(8, 1000)
    with torch.no_grad():
        assert 8 * 4 * 4 <= peak_memory(lambda: layer(batch), "cpu") < 1000 * 4


def test_peak_grows_with_the_batch() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3)).eval()
    one, four = torch.rand(1, 3, 64, 64), torch.rand(4, 3, 64, 64)
    with torch.no_grad():
        taken, reason = footprints(
            {"one": lambda: network(one), "four": lambda: network(four)}, 1, "cpu"
        )
    assert reason == NO_GPU
    assert list(taken["one"]) == ["peak_bytes"]
    assert taken["one"]["peak_bytes"] >= 8 * 62 * 62 * 4
    assert taken["four"]["peak_bytes"] > 3 * taken["one"]["peak_bytes"]


def test_a_call_costs_its_share_of_what_the_meter_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = SimpleNamespace(seconds=0.0, joules=100.0)

    def call() -> None:
        spent.seconds += 0.3
        spent.joules += 0.75

    monkeypatch.setattr(footprint, "perf_counter", lambda: spent.seconds)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    assert joules(call, lambda: spent.joules) == pytest.approx(0.75)
    assert spent.seconds >= 2.0


def test_energy_is_that_of_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "open_meter", lambda _: ((lambda: 0.0), ""))
    monkeypatch.setattr(footprint, "joules", lambda call, meter: 8.0)
    taken, reason = footprints({"a": lambda: KIB + 1}, 16, "cpu")
    assert (taken["a"]["joules_per_image"], reason) == (0.5, "")


def test_no_meter_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_meter("cpu") == (None, NO_GPU)
    monkeypatch.setitem(sys.modules, "pynvml", None)  # importing it fails
    meter, reason = open_meter("cuda")
    assert meter is None
    assert "nvidia-ml-py is not installed" in reason


def test_nvmls_counter_is_of_torchs_own_gpu_and_in_millijoules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class NVMLError(Exception):
        pass

    def energy(gpu: str) -> int:
        if gpu != "GPU-1-2":
            raise NVMLError("Not Supported")
        return 2500

    nvml = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=lambda uuid: uuid,
        nvmlDeviceGetTotalEnergyConsumption=energy,
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    for uuid, read in (("1-2", 2.5), ("3-4", None)):
        own = SimpleNamespace(uuid=uuid)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda own=own: own)
        meter, reason = open_meter("cuda")
        assert (meter and meter()) == read
        assert ("Not Supported" in reason) == (read is None)
