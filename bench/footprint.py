"""What a call takes beside time: memory at its peak, and on a GPU energy."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, Final

import torch
from torch.profiler import ProfilerActivity, profile

from bench.latency import Call

#: Reads all the energy in joules that a GPU has used since its driver was loaded.
Meter = Callable[[], float]

# The GPU's counter moves every 20 to 100 ms, so that a reading over this long is off by 5 %.
_METERED_SECONDS: Final = 2.0
NO_GPU: Final = "only a GPU meters its energy"


def footprints(
    calls: Mapping[str, Call], images: int, device: str
) -> tuple[dict[str, dict[str, float]], str]:
    """Return what each call takes, and "" or why no energy is among it.

    Each has ``peak_bytes`` and, where the GPU meters it, ``joules_per_image``: of the whole board,
    whatever else it does.

    Args:
        calls: by name, warm.
        images: of a call.
        device: "cpu" or "cuda".
    """
    taken: dict[str, dict[str, float]] = {
        name: {"peak_bytes": peak_memory(call, device)} for name, call in calls.items()
    }
    meter, reason = open_meter(device)
    if meter is not None:
        for name, call in calls.items():
            taken[name]["joules_per_image"] = joules(call, meter) / images
    return taken, reason


def peak_memory(call: Call, device: str) -> int:
    """Return how many bytes a call holds at its peak beyond what is there before it.

    Weights and input are there before. On a GPU it is what torch's allocator says
    (``max_memory_allocated``); on a CPU the sum of what torch's allocator gives and takes back, as
    its profiler notes it, so that scratch space which a library takes for itself is not in it.
    """
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        kept = call()  # until the notes end: what it returns is held at its end as well
    held = peak = 0
    for event in sorted(_allocations(seen), key=lambda event: event.start_ns()):
        held += event.nbytes()  # negative where memory is given back
        peak = max(peak, held)
    del kept
    return peak


def _allocations(seen: Any) -> list[Any]:
    events = seen.profiler.kineto_results.events()
    return [event for event in events if event.name() == "[memory]"]


def joules(call: Call, meter: Meter) -> float:
    """Return the energy of one call: as many are made as fill two seconds."""
    torch.cuda.synchronize()
    calls, start, before = 0, perf_counter(), meter()
    while perf_counter() - start < _METERED_SECONDS:
        call()
        torch.cuda.synchronize()  # or the host runs ahead of what the GPU has paid for
        calls += 1
    return (meter() - before) / calls


def open_meter(device: str) -> tuple[Meter | None, str]:
    """Return the energy counter of torch's current GPU and "", or None and why there is none.

    Needs nvidia-ml-py (the extra ``energy``) and a GPU since Volta.
    """
    if device != "cuda":
        return None, NO_GPU
    try:
        import pynvml
    except ImportError:
        return None, "nvidia-ml-py is not installed (the extra 'energy')"
    try:
        pynvml.nvmlInit()
        # By its UUID: NVML counts the GPUs that CUDA_VISIBLE_DEVICES hides from torch.
        gpu = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties().uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu)
    except pynvml.NVMLError as error:
        return None, f"NVML has no energy counter here ({error})"
    return lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu) / 1000, ""
