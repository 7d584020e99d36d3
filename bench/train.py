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
from bench.memory_format import lay_channels_last
from bench.problem import Problem
from bench.ranks import is_first, share_buffers
from bench.training.checkpoints import Checkpoints
from bench.training.training_state import TrainingState
from models.together import processes, sum_over_processes

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
        seconds: of the whole loop, data included; of all sittings where it was interrupted,
            without the steps that were lost.
        processor_seconds: that all processes were at work for in it, all threads together; on a
            machine that others use too, less than ``seconds`` of each.
        images: seen in the loop, by all processes.
        resumed_at: how many steps were done, each time that it went on after an interruption.
        processes: that trained it together.
    """

    losses: list[float]
    parts: dict[str, list[float]]
    learning_rates: list[float]
    seconds: float
    processor_seconds: float
    images: int
    resumed_at: list[int]
    processes: int

    def write(self, path: Path) -> None:
        """Write step, learning_rate, loss and a column for each named loss as CSV."""
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["step", "learning_rate", "loss", *self.parts])
            rows = zip(self.learning_rates, self.losses, *self.parts.values(), strict=True)
            writer.writerows((step, *row) for step, row in enumerate(rows, start=1))


class NotFiniteError(Problem):
    """The loss became infinite or not a number."""


def train(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, list[Target]]],
    spec: TrainSpec,
    report: Report,
    checkpoints: Checkpoints | None = None,
) -> LearningCurve:
    """Train ``model`` in place on ``spec.steps`` batches.

    Several processes train a model with parameters as one does: each is given its share of a batch,
    their gradients are averaged, and the losses are the mean of theirs. What one loss of the whole
    batch would be otherwise is the pipeline's to see to, see ``models.together.normaliser``.

    Args:
        model: any module with ``losses = model(images, targets)``; one without parameters is
            only shown the data.
        batches: pairs of images ``[B, 3, H, W]``, 0 to 1, and targets, one for each of
            ``spec.steps`` or, where a checkpoint was found, for each step after it; of several
            processes, this one's share of them.
        spec: schedule, optimiser and number format.
        report: called about once a second with (steps done, loss, images per second), by the first
            process.
        checkpoints: where the training goes on from, and saves its state from time to time; None
            for one that is too short to be interrupted.

    Raises:
        NotFiniteError: the loss is infinite or not a number.
    """
    accelerator = Accelerator(cpu=spec.device == "cpu")
    # Accelerate's own precision is fixed once a process; bf16 needs nothing more than autocast.
    autocast = torch.autocast(spec.device, torch.bfloat16, enabled=spec.precision == "bf16")
    model.train()
    lay_channels_last(model)
    parameters = list(model.parameters())
    has_parameters = any(parameter.requires_grad for parameter in parameters)
    together = processes() if has_parameters else 1
    if together > 1 and spec.device == "cuda":
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # torch has none on a processor
    optimizer, scheduler = _optimizer(model, spec) if has_parameters else (None, None)
    prepared = accelerator.prepare(model) if has_parameters else model
    state = TrainingState(model, optimizer, scheduler, spec.device)
    if checkpoints is not None and checkpoints.found is not None:
        state.go_on_from(checkpoints.found)
    reported, images_reported = time.monotonic(), state.images
    for batch, targets in batches:
        images = batch.to(accelerator.device, memory_format=torch.channels_last)
        with autocast:
            named = prepared(images, targets)
        state.names = list(named)
        parts = torch.stack(list(named.values()))
        loss = parts.sum()
        state.learning_rates.append(0.0 if scheduler is None else float(scheduler.get_last_lr()[0]))
        if optimizer is not None and scheduler is not None:
            optimizer.zero_grad(set_to_none=True)
            accelerator.backward(loss)
            # Not the accelerator's, which walks through the model twice a step: 0.5 of 25 ms.
            nn.utils.clip_grad_norm_(parameters, _GRADIENT_NORM)
            optimizer.step()
            scheduler.step()
        told = torch.cat([loss.detach().view(1), parts.detach()])
        state.losses.append(sum_over_processes(told) / together if together > 1 else told)
        state.images += len(images) * together
        if not is_first():
            continue  # the loss, and the weights, are the same for all
        now = time.monotonic()
        if now - reported >= _REPORT_SECONDS or state.step == spec.steps:
            # Reading the loss waits for the device, so it is done once a second, not every step.
            value = state.losses[-1][0].item()
            if not math.isfinite(value):
                raise _not_finite(state.losses, checkpoints)
            rate = (state.images - images_reported) / max(now - reported, 1e-9)
            report(state.step, value, rate)
            reported, images_reported = now, state.images
            if checkpoints is not None and checkpoints.is_due():
                checkpoints.save(state.to_checkpoint())
    worked = state.processor_seconds
    if together > 1:
        # In training each keeps statistics of its own where batch norms do not keep them together.
        share_buffers(model)
        worked = sum_over_processes(torch.tensor(worked, device=accelerator.device)).item()
    total, *columns = torch.stack(state.losses, dim=1).float().tolist()
    return LearningCurve(
        losses=total,
        parts=dict(zip(state.names, columns, strict=True)),
        learning_rates=state.learning_rates,
        seconds=state.seconds,
        processor_seconds=worked,
        images=state.images,
        resumed_at=state.resumed_at,
        processes=together,
    )


def _not_finite(losses: list[Tensor], checkpoints: Checkpoints | None) -> NotFiniteError:
    """Return what to raise; the state that was saved is gone."""
    if checkpoints is not None:
        checkpoints.forget()  # it may have been on its way there already
    totals = torch.stack(losses)[:, 0].tolist()
    step = next(step for step, one in enumerate(totals, start=1) if not math.isfinite(one))
    return NotFiniteError(
        f"the loss became {totals[step - 1]} at step {step}; lower the learning rate"
    )


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
