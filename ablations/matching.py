"""Matching rules: the depth and width at which different blocks may be compared.

Six blocks of one kind against six of another compare two budgets, not two ideas. Under ``params``
or ``macs`` every variant is sized to the whole network's parameters or multiply-adds of one
reference: ``REFERENCE`` at the preset's depth and width. The reference does not depend on which
blocks were selected, so a block keeps its size, and its record, when others join. Under
``blocks`` all variants have the preset's depth and width.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ablations.presets import ModelSize
from bench.problem import Problem
from models.networks.pose_network import PoseNetwork

#: The heaviest block of the family: any other reaches its budget by going deeper.
REFERENCE = "aioi"
CLOSE = 0.05  # a mismatch that leaves the preset's width alone
TOO_LARGE = 0.25  # beyond, the comparison would not deserve the rule's name
WIDTH_STEP = 4  # channels; branches are half as wide, and even numbers suit the processors
WIDEST = 2.0  # times the preset's width; a search further out leaves the network compared


@dataclass(frozen=True)
class Match:
    """The size of one variant under a rule.

    Attributes:
        rule: "params", "macs" or "blocks".
        depth: blocks a stage.
        width: channels of the trunk.
        target: parameters, multiply-adds of one crop, or blocks to be matched.
        value: what the variant has of them.
    """

    rule: str
    depth: int
    width: int
    target: int
    value: int

    @property
    def mismatch(self) -> float:
        """How far the variant is off its target, as a signed fraction of it."""
        return self.value / self.target - 1

    def to_json(self) -> dict[str, Any]:
        """Return it as a record holds it."""
        return asdict(self) | {"mismatch": self.mismatch}


def match_block(rule: str, block: str, size: ModelSize, joints: int, crop_size: int) -> Match:
    """Return the depth and width at which ``block`` meets the reference's budget.

    The preset's width stays where a depth lands within 5 % of the target; otherwise the width
    nearest to it (in steps of 4, up to half and double) that allows this is taken, or, where none
    does, the nearest budget found.

    Raises:
        Problem: the block cannot be built or run, or is off by more than 25 % at every size.
    """
    if rule == "blocks":
        return Match(rule, size.depth, size.width, size.depth, size.depth)
    costs = _Costs(rule, size.stages, joints, crop_size)
    target = costs.of(REFERENCE, size.width, size.depth)
    if block == REFERENCE:
        return Match(rule, size.depth, size.width, target, target)
    best: Match | None = None
    for width in _widths(size.width):
        match = _nearest_depth(costs, block, width, target)
        if best is None or abs(match.mismatch) < abs(best.mismatch):
            best = match
        if abs(best.mismatch) <= CLOSE:
            return best
    assert best is not None
    if abs(best.mismatch) > TOO_LARGE:
        raise Problem(
            f"block '{block}' cannot be matched by {rule}: at its nearest size it is off by "
            f"{best.mismatch:+.0%}; use --match blocks or another --set model.width"
        )
    return best


def _widths(preset: int) -> Iterator[int]:
    """Yield the preset's width, then its neighbours by distance, the narrower one first."""
    yield preset
    multiples = range(WIDTH_STEP, int(preset * WIDEST) + 1, WIDTH_STEP)
    others = [width for width in multiples if width * WIDEST >= preset and width != preset]
    yield from sorted(others, key=lambda width: (abs(width - preset), width))


def _nearest_depth(costs: "_Costs", block: str, width: int, target: int) -> Match:
    one = costs.of(block, width, 1)
    # All blocks of a trunk are alike, so the cost is a straight line of the depth.
    each = costs.of(block, width, 2) - one
    depth = max(1, 1 + round((target - one) / each)) if each > 0 else 1
    return Match(costs.rule, depth, width, target, one + (depth - 1) * each)


@dataclass(frozen=True)
class _Costs:
    """Counts networks that are built without memory, alike but for block, width and depth."""

    rule: str
    stages: int
    joints: int
    crop_size: int

    def of(self, block: str, width: int, depth: int) -> int:
        """Return the parameters, or multiply-adds of one crop.

        Raises:
            Problem: the block cannot be built or run.
        """
        try:
            with torch.device("meta"):
                network = PoseNetwork(self.joints, block, depth, width, self.stages).eval()
            if self.rule == "params":
                return _parameters(network)
            return _multiply_adds(network, self.crop_size)
        except Exception as error:
            raise Problem(
                f"block '{block}' cannot be built or run at {width} channels "
                f"({type(error).__name__}: {error})"
            ) from error


def _parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _multiply_adds(network: nn.Module, crop_size: int) -> int:
    """Return those of convolutions and linear layers."""
    total = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        weight = layer.weight
        assert isinstance(weight, Tensor)
        total += weight.numel() * (output.numel() // weight.shape[0])

    for layer in network.modules():
        if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
            layer.register_forward_hook(count)
    with torch.no_grad():
        network(torch.empty(1, 3, crop_size, crop_size, device="meta"))
    return total
