"""What the timings of all kinds of pipelines share: a photograph, and the calls that are timed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.jobs import StageExperiment
from bench.latency import Call

_SEED: Final = 0


@dataclass(frozen=True)
class StageCalls:
    """One pipeline, ready for the clock.

    Attributes:
        batch: what preprocessing makes of the photograph.
        stride: of the network, pixels a cell; None where there is no such grid.
        calls: stage -> its call, or number of people -> its call where it depends on them.
        found: number of people there -> how many come out.
    """

    batch: Tensor
    stride: int | None
    calls: dict[str, Call | dict[int, Call]]
    found: dict[int, int]


def in_evaluation(call: Callable[[], Any], experiment: StageExperiment) -> Callable[[], Any]:
    """Return ``call`` without gradients and in the experiment's precision."""
    bf16 = experiment.precision == "bf16"

    def evaluate() -> Any:
        with torch.no_grad(), torch.autocast(experiment.device, torch.bfloat16, enabled=bf16):
            return call()

    return evaluate


def photograph(size: int) -> Tensor:
    """Return uint8 ``[3, size, size]``: large smooth patches and a little noise.

    Its colours lie side by side in memory, as decoders of image files leave them.
    """
    generator = torch.Generator().manual_seed(_SEED)
    patches = torch.rand(1, 3, 8, 8, generator=generator)
    smooth = F.interpolate(patches, size=(size, size), mode="bicubic")
    noisy = smooth + 0.05 * torch.randn(1, 3, size, size, generator=generator)
    pixels = noisy.mul(255).clamp(0, 255).to(torch.uint8)
    return pixels.contiguous(memory_format=torch.channels_last)[0]


def resized(image: Tensor, side: int, device: str) -> Tensor:
    """Return a photograph as a batch ``[1, 3, side, side]`` on the device, values 0 to 1.

    It is resized where it lies and in its own bytes, which is the fastest way; what goes to the
    device is small.
    """
    small = F.interpolate(image.unsqueeze(0), size=(side, side), mode="bilinear", antialias=True)
    return small.to(device).float() / 255
