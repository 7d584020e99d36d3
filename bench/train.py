"""One visible training loop for every pipeline."""

import csv
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from bench.data.contract import Target
from bench.experiment import TrainSpec

Report = Callable[[int, float, float], None]

# Gradients of a few random early steps are far longer than all later ones; clipping keeps them
# from throwing the batch norm statistics off.
_GRADIENT_NORM = 5.0
_REPORT_SECONDS = 1.0


@dataclass(frozen=True)
class LearningCurve:
    """What a training left behind.

    Attributes:
        losses: of every step.
        parts: the named losses of which each is the sum, of every step.
        learning_rates: of every step.
        seconds: of the whole loop, data included.
        processor_seconds: that this process was at work for in it, all threads together; on a
            machine that others use too, less than ``seconds``.
        images: seen in the loop.
    """

    losses: list[float]
    parts: dict[str, list[float]]
    learning_rates: list[float]
    seconds: float
    processor_seconds: float
    images: int

    def write(self, path: Path) -> None:
        """Write step, learning_rate, loss and a column for each named loss as CSV."""
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["step", "learning_rate", "loss", *self.parts])
            rows = zip(self.learning_rates, self.losses, *self.parts.values(), strict=True)
            writer.writerows((step, *row) for step, row in enumerate(rows, start=1))


class NotFiniteError(ArithmeticError):
    """The loss became infinite or not a number."""


def train(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, list[Target]]],
    spec: TrainSpec,
    report: Report,
) -> LearningCurve:
    """Train ``model`` in place on ``spec.steps`` batches.

    Args:
        model: any module with ``losses = model(images, targets)``; one without parameters is
            only shown the data.
        batches: ``spec.steps`` pairs of images ``[B, 3, H, W]``, 0 to 1, and targets.
        spec: schedule, optimiser and number format.
        report: called about once a second with (steps done, loss, images per second).

    Raises:
        NotFiniteError: the loss is infinite or not a number.
    """
    accelerator = Accelerator(cpu=spec.device == "cpu")
    # Accelerate's own precision is fixed once a process; bf16 needs nothing more than autocast.
    autocast = torch.autocast(spec.device, torch.bfloat16, enabled=spec.precision == "bf16")
    model.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    has_parameters = any(parameter.requires_grad for parameter in model.parameters())
    optimizer, scheduler = _optimizer(model, spec) if has_parameters else (None, None)
    prepared = accelerator.prepare(model)
    losses: list[Tensor] = []
    rates: list[float] = []
    images_seen, start, worked = 0, time.monotonic(), time.process_time()
    reported, images_reported = start, 0
    for step, (batch, targets) in enumerate(batches, start=1):
        images = batch.to(accelerator.device, memory_format=torch.channels_last)
        with autocast:
            named = prepared(images, targets)
        names = list(named)
        parts = torch.stack(list(named.values()))
        loss = parts.sum()
        rates.append(0.0 if scheduler is None else float(scheduler.get_last_lr()[0]))
        if optimizer is not None and scheduler is not None:
            optimizer.zero_grad(set_to_none=True)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(prepared.parameters(), _GRADIENT_NORM)
            optimizer.step()
            scheduler.step()
        losses.append(torch.cat([loss.detach().view(1), parts.detach()]))
        images_seen += len(images)
        now = time.monotonic()
        if now - reported >= _REPORT_SECONDS or step == spec.steps:
            # Reading the loss waits for the device, so it is done once a second, not every step.
            value = losses[-1][0].item()
            if not math.isfinite(value):
                raise NotFiniteError(f"the loss is {value} at step {step}; lower the learning rate")
            report(step, value, (images_seen - images_reported) / max(now - reported, 1e-9))
            reported, images_reported = now, images_seen
    total, *columns = torch.stack(losses, dim=1).float().tolist()
    seconds, worked = time.monotonic() - start, time.process_time() - worked
    named_parts = dict(zip(names, columns, strict=True))
    return LearningCurve(total, named_parts, rates, seconds, worked, images_seen)


def _optimizer(
    model: nn.Module, spec: TrainSpec
) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.LambdaLR]:
    # Decaying biases and norms pulls them to zero for no gain; the field leaves them out.
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": spec.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=spec.learning_rate, fused=spec.device == "cuda")
    warm = max(1, round(spec.steps * spec.warmup))

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        progress = (step - warm) / max(1, spec.steps - warm)
        return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
