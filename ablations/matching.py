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

#: One of it makes up for 6 inception-residual and 19 residual blocks of equal width, the depths at
#: which the deck compares them at equal parameters.
REFERENCE = "ioi"
CLOSE = 0.05  # a mismatch that leaves the preset's width alone
TOO_LARGE = 0.25  # beyond, the comparison would not deserve the rule's name
WIDTH_STEP = 2  # channels: branches are half as wide
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
    nearest to it (in steps of 4, from half to double) that allows this is taken, or, where none
    does, the nearest budget found.

    Raises:
        Problem: the block cannot be built or run, or is off by more than 25 % at every size.
    """
    if rule == "blocks":
        return Match(rule, size.depth, size.width, size.depth, size.depth)

    def cost(block: str, width: int) -> Cost:
        try:
            with torch.device("meta"):  # takes neither memory nor time
                network = PoseNetwork(joints, block, 1, width, size.stages).eval()
            return _parameters(network) if rule == "params" else _multiply_adds(network, crop_size)
        except Exception as error:  # a user's block may raise anything
            raise Problem(
                f"block '{block}' cannot be built or run at {width} channels "
                f"({type(error).__name__}: {error})"
            ) from error

    target = cost(REFERENCE, size.width).at(size.depth)
    if block == REFERENCE:
        return Match(rule, size.depth, size.width, target, target)
    best: Match | None = None
    for width in _widths(size.width):
        line = cost(block, width)
        depth = line.nearest_depth(target)
        match = Match(rule, depth, width, target, line.at(depth))
        if best is None or abs(match.mismatch) < abs(best.mismatch):
            best = match
        if abs(best.mismatch) <= CLOSE:
            return best
    assert best is not None  # the preset's own width was tried
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


@dataclass(frozen=True)
class Cost:
    """What a network costs as a straight line of its depth: the blocks of a trunk are alike.

    Attributes:
        rest: of stem, heads and feedback.
        block: of one block in each stage.
    """

    rest: int
    block: int

    def at(self, depth: int) -> int:
        """Return the cost of the network with ``depth`` blocks a stage."""
        return self.rest + depth * self.block

    def nearest_depth(self, target: int) -> int:
        """Return the depth, at least 1, whose cost is nearest to ``target``."""
        return max(1, round((target - self.rest) / self.block)) if self.block else 1


def _parameters(network: PoseNetwork) -> Cost:
    def count(module: nn.Module) -> int:
        return sum(parameter.numel() for parameter in module.parameters())

    blocks = count(network.trunks)
    return Cost(count(network) - blocks, blocks)


def _multiply_adds(network: PoseNetwork, crop_size: int) -> Cost:
    """Count the convolutions and linear layers for one crop, by the size of their outputs."""
    of_blocks = set(network.trunks.modules())
    counted = {True: 0, False: 0}

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        weight = layer.weight
        assert isinstance(weight, Tensor)
        positions = output.numel() // weight.shape[0]
        counted[layer in of_blocks] += weight.numel() * positions

    for layer in network.modules():
        if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
            layer.register_forward_hook(count)
    with torch.no_grad():
        network(torch.empty(1, 3, crop_size, crop_size, device="meta"))
    return Cost(counted[False], counted[True])
