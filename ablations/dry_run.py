"""What a plan would run, shown without running it, with a measured estimate of the time."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from bench.cost import COUNTED_PEOPLE, Cost, count_cost
from bench.data.contract import Target
from bench.experiment import Experiment, Protocol, TrainSpec
from bench.measure import create_model
from bench.plan import Plan
from bench.records import read_record
from bench.running.progress import spoken
from bench.running.titles import title_of
from bench.train import train
from models.skeleton import SKELETONS

_FEW_IMAGES, _TIMED_STEPS = 2, 3
_LONG_SECONDS = 10.0
_WIDE = 140  # columns, where the output goes to a file and has no width of its own


def show_plan(plan: Plan, folder: Path, threads: int, workers: int) -> None:
    """Print each experiment with its key, size, cost, whether a record stands, and its time.

    The time is that of the training steps alone, measured on random crops with a worker's share
    of the threads; cutting crops, evaluation and timing come on top.

    Args:
        plan: of a suite.
        folder: of all records.
        threads: of the processor, for all workers together.
        workers: experiments that run at once.
    """
    torch.set_num_threads(max(1, threads // workers))
    table = Table(box=None, pad_edge=False)
    for name in ("experiment", "key", "depth x width", "params", "GMAC", "match", "record"):
        table.add_column(name, no_wrap=True)
    table.add_column("training", justify="right")
    seconds: dict[str, float] = {}
    costs: dict[tuple[str, Protocol], Cost] = {}
    missing = 0.0
    for step in plan.steps():
        one = step.experiment
        if one.variant not in seconds:
            seconds[one.variant] = _step_seconds(create_model(one), one) * one.train.steps
        seen = (one.training_key, one.protocol)
        if seen not in costs:
            costs[seen] = count_cost(
                create_model(one), _images(one, batch_size=1), people=COUNTED_PEOPLE
            )
        cost = costs[seen]
        record, reason = read_record(folder, one.key)
        done = record is not None and record["status"] == "done"
        training = 0.0 if step.trained_by else seconds[one.variant]
        missing += 0.0 if done else training
        size = one.model.arguments
        table.add_row(
            title_of(one),
            one.key,
            f"{size['depth']} x {size['width']}" if "depth" in size else "",
            f"{cost.params:,}",
            f"{cost.gmac:.4f}",
            _matched(plan, one),
            "valid" if done else (reason or "failed: will be tried again"),
            spoken(training) if training else "",
        )
    console = Console()
    console = console if console.is_terminal else Console(width=_WIDE)
    console.print(table)
    console.print(f"training still to be done: about {spoken(missing / workers)}", highlight=False)


def _matched(plan: Plan, experiment: Experiment) -> str:
    match = plan.matches.get(experiment.key)
    return f"{match['rule']} {match['mismatch']:+.1%}" if match else ""


def _step_seconds(model: nn.Module, experiment: Experiment) -> float:
    if not any(True for _ in model.parameters()):
        return 0.0  # a baseline learns by counting

    def timed(steps: int, batch_size: int) -> float:
        spec = replace(experiment.train, steps=steps, batch_size=batch_size)
        batches = _random_batches(experiment, spec)
        curve = train(model.to(spec.device), batches, spec, lambda step, loss, rate: None)
        return curve.seconds / steps * experiment.train.batch_size / batch_size

    # Two images first: a whole batch of a full-size network may take minutes on a processor.
    seconds = timed(1, min(_FEW_IMAGES, experiment.train.batch_size))
    if seconds > _LONG_SECONDS:
        return seconds
    timed(1, experiment.train.batch_size)
    return timed(_TIMED_STEPS, experiment.train.batch_size)


def _random_batches(
    experiment: Experiment, spec: TrainSpec
) -> Iterator[tuple[Tensor, list[Target]]]:
    joints, size = len(SKELETONS[experiment.skeleton]), _side(experiment)
    for _ in range(spec.steps):
        keypoints = torch.rand(spec.batch_size, 1, joints, 3, device=spec.device) * size
        keypoints[..., 2] = 2.0
        target: list[Target] = [
            {
                "boxes": torch.tensor([[0.0, 0.0, size - 1.0, size - 1.0]]),
                "labels": torch.ones(1, dtype=torch.int64),
                "keypoints": person,
                "area": torch.tensor([float(size**2)]),
                "iscrowd": torch.zeros(1, dtype=torch.int64),
                "image_id": -1,
                "annotation_ids": torch.zeros(1, dtype=torch.int64),
            }
            for person in keypoints
        ]
        yield _images(experiment, spec.batch_size), target


def _images(experiment: Experiment, batch_size: int) -> Tensor:
    return torch.rand(batch_size, 3, _side(experiment), _side(experiment))


def _side(experiment: Experiment) -> int:
    return experiment.data.crop_size or experiment.protocol.input_size
