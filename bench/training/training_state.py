"""All that decides how a training goes on, and all that it has gone through."""

import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from bench.training.checkpoints import Checkpoint

_DICE = {"cpu": (torch.get_rng_state, torch.set_rng_state)}
_DICE["cuda"] = (torch.cuda.get_rng_state, torch.cuda.set_rng_state)


@dataclass
class TrainingState:
    """A training at any of its steps.

    The batches are not in it: a step's depends on the seed and the step alone.

    Attributes:
        model: as it is by now.
        optimizer, scheduler: None where the model has no parameters.
        device: "cpu" or "cuda"; a GPU throws dice of its own.
        names: of the losses of which each loss is the sum.
        losses: ``[1 + names]`` of every step, their sum first.
        learning_rates: of every step.
        images: seen so far.
        resumed_at: the numbers of steps that were done when it went on after an interruption.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer | None
    scheduler: torch.optim.lr_scheduler.LRScheduler | None
    device: str
    names: list[str] = field(default_factory=list)
    losses: list[Tensor] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    images: int = 0
    resumed_at: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Clocks that go on where they stood when the training was interrupted.
        self._start, self._worked = time.monotonic(), time.process_time()

    @property
    def step(self) -> int:
        """How many steps are done."""
        return len(self.losses)

    @property
    def seconds(self) -> float:
        """For how long it has trained, all sittings together."""
        return time.monotonic() - self._start

    @property
    def processor_seconds(self) -> float:
        """For how long processes were at work for it, all threads together."""
        return time.process_time() - self._worked

    def to_checkpoint(self) -> Checkpoint:
        """Return what ``go_on_from`` needs; the tensors are those of the model itself."""
        tensors = {f"model.{name}": one for name, one in self.model.state_dict().items()}
        if self.optimizer is not None:
            for number, values in self.optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer.{number}.{name}": one for name, one in values.items()}
        tensors |= {f"dice.{name}": _DICE[name][0]() for name in {"cpu", self.device}}
        tensors["losses"] = torch.stack(self.losses)
        tensors["learning_rates"] = torch.tensor(self.learning_rates, dtype=torch.float64)
        facts = {
            "scheduler": self.scheduler.state_dict() if self.scheduler else {},
            "names": self.names,
            "images": self.images,
            "resumed_at": self.resumed_at,
            "seconds": self.seconds,
            "processor_seconds": self.processor_seconds,
        }
        return Checkpoint(self.step, tensors, facts)

    def go_on_from(self, checkpoint: Checkpoint) -> None:
        """Become what the training was; the model, of the same kind, is changed in place."""
        tensors, facts = checkpoint.tensors, checkpoint.facts
        device = torch.device(self.device)
        self.model.load_state_dict(_named(tensors, "model"))
        if self.optimizer is not None and self.scheduler is not None:
            _restore_optimizer(self.optimizer, _named(tensors, "optimizer"))
            _restore_scheduler(self.scheduler, facts["scheduler"])
        for name, state in _named(tensors, "dice").items():
            _DICE[name][1](state)
        self.names = facts["names"]
        self.losses = list(tensors["losses"].to(device))
        self.learning_rates = tensors["learning_rates"].tolist()
        self.images = facts["images"]
        self.resumed_at = [*facts["resumed_at"], checkpoint.step]
        self._start -= facts["seconds"]
        self._worked -= facts["processor_seconds"]


def _named(tensors: dict[str, Tensor], kind: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with ``kind`` and a dot, by the rest of their names."""
    return {
        name.removeprefix(f"{kind}."): one
        for name, one in tensors.items()
        if name.startswith(f"{kind}.")
    }


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, saved in tensors.items():
        number, _, value = name.partition(".")
        like = weights[int(number)]
        of_weight = saved.shape == like.shape
        # In the layout of its weight, as the optimiser made it; another may round otherwise.
        restored = torch.empty_like(like, dtype=saved.dtype).copy_(saved) if of_weight else saved
        state.setdefault(int(number), {})[value] = restored
    optimizer.load_state_dict(
        {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
    )


def _restore_scheduler(
    scheduler: torch.optim.lr_scheduler.LRScheduler, state: dict[str, Any]
) -> None:
    scheduler.load_state_dict(state)
    # A scheduler sets the next rate at the end of a step; this step's is told the optimiser here.
    for group, rate in zip(scheduler.optimizer.param_groups, scheduler.get_last_lr(), strict=True):
        group["lr"] = rate
