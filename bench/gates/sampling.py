"""The values of a network's gates: over whole crops, and at places in them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.data.crops import PersonCrops
from bench.problem import Problem
from models.blocks.aioi import Gate

#: The branches that gates weigh, in the order of their channels: from detail to context.
SHORT, MEDIUM, LONG = BRANCHES = ("short", "medium", "long")
_BATCH: Final = 64  # crops a forward pass


def gates_of(model: nn.Module) -> dict[str, Gate]:
    """Return the gates of a model by the names of their modules, in the model's order."""
    return {name: one for name, one in model.named_modules() if isinstance(one, Gate)}


@torch.no_grad()
def gate_maps(
    model: nn.Module, crops: PersonCrops, people: Tensor, report: Callable[[int, int], None]
) -> Iterator[Tensor]:
    """Yield the gates of some crops, ``[B, G, 3, H, W]`` a batch: G gates, the mean of each branch.

    Args:
        model: a pipeline for crops, on the device of ``crops``.
        crops: P persons.
        people: int64 ``[N]``, those to be shown.
        report: called with (crops done, crops in all).

    Raises:
        Problem: the model has no gates, or they differ in resolution.
    """
    gates = gates_of(model)
    if not gates:
        raise Problem("the network has no gates; choose a block that has them, such as 'aioi'")
    model.eval()
    for start in range(0, len(people), _BATCH):
        chosen = people[start : start + _BATCH]
        with _noted(gates) as noted:
            model(crops.centre(slice(None))[chosen].float() / 255)
        maps = [_by_branch(noted[name]) for name in gates]
        if len({one.shape for one in maps}) > 1:
            raise Problem("the network's gates differ in resolution, so that they have no mean")
        yield torch.stack(maps, dim=1).float()
        report(start + len(chosen), len(people))


def gates_at(maps: Tensor, points: Tensor, size: int) -> Tensor:
    """Return gates at places, ``[B, K, G, 3]``, bilinear between cells.

    Args:
        maps: ``[B, G, 3, H, W]``, which cover the crop.
        points: ``[B, K, 2]``, x y in pixels of the crop; outside, the border is taken.
        size: side of the crop in pixels.
    """
    # Cells and pixels cover the same square: by its share no stride is needed.
    grid = (2 * (points + 0.5) / size - 1).unsqueeze(1).to(maps)
    sampled = F.grid_sample(maps.flatten(1, 2), grid, padding_mode="border", align_corners=False)
    return sampled.squeeze(2).unflatten(1, maps.shape[1:3]).permute(0, 3, 1, 2)


def _by_branch(gates: Tensor) -> Tensor:
    """Return the mean over each branch's channels, ``[B, 3, H, W]``."""
    return gates.unflatten(1, (len(BRANCHES), -1)).mean(dim=2)


@contextmanager
def _noted(gates: dict[str, Gate]) -> Iterator[dict[str, Tensor]]:
    """Note what each gate gives when it is called."""
    given: dict[str, Tensor] = {}
    hooks = [
        gate.register_forward_hook(lambda _, __, output, name=name: given.update({name: output}))
        for name, gate in gates.items()
    ]
    try:
        yield given
    finally:
        for hook in hooks:
            hook.remove()
