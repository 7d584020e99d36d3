"""The suite ``gates``: what the gates of attention follow, in the networks of ``blocks``."""

from typing import Final

import torch

from ablations import blocks
from ablations.options import Options
from bench.data.synthetic.factors import DOMAINS
from bench.experiment import Experiment
from bench.gates.measure import METHOD
from bench.gates.sampling import gates_of
from bench.jobs import GateExperiment
from bench.plan import Plan
from bench.problem import Problem
from models import create_block

#: The block of the deck's claim; others with gates are shown beside it.
CLAIMED: Final = "aioi"
# Validation images whose people are looked at: a pass over their crops takes seconds.
_IMAGES: Final = {"smoke": 24, "cpu": 500, "gpu": 2000, "paper": 2000}
_WIDTH: Final = 8  # of a block that is only asked whether it has a gate


def plan(options: Options) -> Plan:
    """Return the selected blocks with a gate as networks of suite ``blocks``, and their gates.

    The networks are the very experiments of ``blocks``, so that their records are shared.

    Raises:
        Problem: an option that cannot be met, photographs, or no selected block has a gate.
    """
    if options.data not in DOMAINS:
        raise Problem(
            f"suite 'gates' has to know how far each joint is hidden, which '{options.data}' does "
            f"not tell; choose --data {' or '.join(DOMAINS)}"
        )
    theirs = blocks.plan(options)
    trained = tuple(one for one in theirs.experiments if _has_gate(one))
    if not trained:
        raise Problem(
            f"no block of '{options.blocks}' has a gate; choose some that have, such as "
            f"--blocks '{CLAIMED}*'"
        )
    return Plan(
        trained,
        matches={one.key: theirs.matches[one.key] for one in trained},
        gates=tuple(GateExperiment(one, _IMAGES[options.preset], METHOD) for one in trained),
    )


def _has_gate(one: Experiment) -> bool:
    name = one.model.arguments.get("block")
    if name is None:
        return False  # the baseline
    with torch.device("meta"):
        return bool(gates_of(create_block(name, _WIDTH, _WIDTH)))
