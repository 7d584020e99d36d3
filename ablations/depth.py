"""The suite ``depth``: every block in networks of rising depth, all else as in suite ``blocks``."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ablations import blocks
from ablations.options import Options
from bench.experiment import Experiment
from bench.plan import Plan

#: Depths of a trunk, in those at which the blocks share a budget in suite ``blocks``. The first is
#: for blocks of which several make up that budget. Training takes as long as the trunk is deep: at
#: the cpu preset factor 1 takes two cores under two minutes a block (suite ``blocks``), so that all
#: factors of five blocks come to some fifty.
FACTORS: Final[Mapping[str, tuple[float, ...]]] = {
    "smoke": (1, 2),
    "cpu": (1 / 3, 1, 2, 3),
    "gpu": (1 / 3, 1, 2, 4),
    "paper": (1 / 3, 1, 2, 4),
}
# How far a whole number of blocks may be off a factor and still stand for it.
_CLOSE = 0.1


def plan(options: Options) -> Plan:
    """Return every selected block at every depth; the widths are those of suite ``blocks``.

    The networks of factor 1 are the very experiments of ``blocks``, so that the suites share their
    records. The deepest come first: they take longest, and at the end nothing waits for them.

    Raises:
        Problem: an option that cannot be met.
    """
    trained = [one for one in blocks.plan(options).experiments if one.variant != blocks.BASELINE]
    return Plan(
        tuple(
            _deepened(one, depth)
            for factor in reversed(FACTORS[options.preset])
            for one in trained
            if (depth := _depth(one, factor)) is not None
        )
    )


def _depth(one: Experiment, factor: float) -> int | None:
    """Return the whole number of blocks nearest to a factor; None where it is too far off."""
    exact = factor * one.model.arguments["depth"]
    depth = round(exact)
    return depth if abs(depth - exact) <= _CLOSE * exact else None


def _deepened(one: Experiment, depth: int) -> Experiment:
    model = replace(one.model, arguments=one.model.arguments | {"depth": depth})
    return replace(one, variant=f"{depth} × {one.variant}", model=model)
