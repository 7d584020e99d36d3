"""The suite ``receptive_field``: how far each block's paths see, and what networks make of it."""

from typing import Final

import torch
from torch import nn

from ablations import blocks
from ablations.matching import match_block
from ablations.options import Options
from ablations.presets import ModelSize
from bench.jobs import FieldExperiment, SpectrumExperiment
from bench.plan import Plan
from bench.problem import Problem
from bench.receptive_fields.spectrum import path_spectrum
from models import create_block
from models.skeleton import SKELETONS

#: Matching rules of chains, in report order: equal longest path, parameters, number of blocks.
REACH, PARAMS, BLOCKS = CHAIN_RULES = ("reach", "params", "blocks")
#: Of the blocks as Liu et al. (AAAI 2018) released them.
CHANNELS: Final = 128
#: Blocks in a chain at equal number of blocks.
CHAIN_DEPTH: Final = 6
#: Cells that the longest path sees of six inception-residual, twelve residual or two IOI blocks.
CHAIN_REACH: Final = 25

# Images that a network is looked at with: of noise, and of crops. Four show that it works.
_IMAGES = {"smoke": 4, "cpu": 64, "gpu": 128, "paper": 128}
_SIDE = 64  # of the maps that a block is traced on; it may stride inside


def plan(options: Options) -> Plan:
    """Return three chains of every selected block, and the networks of suite ``blocks``.

    The chains are the same in every preset: paths have neither images nor weights. The networks
    are the very experiments of ``blocks``, less the baseline, so that their records are shared.

    Raises:
        Problem: an option that cannot be met.
    """
    theirs = blocks.plan(options)
    trained = tuple(one for one in theirs.experiments if one.variant != blocks.BASELINE)
    joints = {one.variant: len(SKELETONS[one.data.skeleton]) for one in trained}
    plugins = {one.variant: one.model.plugin for one in trained}
    return Plan(
        trained,
        matches={one.key: theirs.matches[one.key] for one in trained},
        spectra=tuple(
            SpectrumExperiment(block, CHANNELS, _depths(block, joints[block]), plugin)
            for block, plugin in plugins.items()
        ),
        fields=tuple(FieldExperiment(one, _IMAGES[options.preset]) for one in trained),
    )


def _depths(block: str, joints: int) -> tuple[tuple[str, int], ...]:
    """Return each rule that some number of blocks can meet, with that number."""
    solved = {
        REACH: _depth_of_reach(block),
        PARAMS: _depth_of_params(block, joints),
        BLOCKS: CHAIN_DEPTH,
    }
    return tuple((rule, depth) for rule, depth in solved.items() if depth is not None)


def _depth_of_reach(block: str) -> int | None:
    try:
        with torch.device("meta"):
            # In a row of one, so that a block that is a single layer is traced as a layer.
            one = nn.Sequential(create_block(block, CHANNELS, CHANNELS))
        longest = path_spectrum(one, torch.empty(1, CHANNELS, _SIDE, _SIDE)).largest
    except Exception:  # whatever a user's block raises, its own job raises and files it again
        return None
    return max(1, round((CHAIN_REACH - 1) / (longest - 1))) if longest > 1 else None


def _depth_of_params(block: str, joints: int) -> int | None:
    size = ModelSize(depth=1, width=CHANNELS, stages=1)
    try:
        return match_block(PARAMS, block, size, joints, crop_size=_SIDE).depth
    except Problem:
        return None
