"""The paths through chains of blocks, as a suite has them on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pandas as pd

from bench.jobs import SpectrumExperiment
from bench.receptive_fields.measure import SHORT_CONVOLUTIONS
from bench.receptive_fields.spectrum import share_within, shares
from bench.records import Record
from reports.measured.results import RECORDS, finished

#: A path's say: each has the same, or that which the merges on its way leave it.
COUNTED, WEIGHTED = "counted", "by weight"
#: Cells that the longest of the short paths sees.
SHORT: Final = 1 + 2 * SHORT_CONVOLUTIONS

_Terms = Mapping[int, int] | Mapping[int, Fraction]


@dataclass(frozen=True)
class Chain:
    """One block again and again.

    Attributes:
        depth: blocks.
        params: parameters of all of them.
        largest: receptive field of the longest path, in cells.
        paths, weights: receptive field -> number of value paths, and their weight.
        gate_paths, gate_weights: likewise of the paths that enter a gate; empty without gates.
    """

    depth: int
    params: int
    largest: int
    paths: Mapping[int, int]
    weights: Mapping[int, Fraction]
    gate_paths: Mapping[int, int]
    gate_weights: Mapping[int, Fraction]

    def short(self, say: str) -> Fraction:
        """Return the share of short paths, COUNTED or WEIGHTED; of value paths alone."""
        return share_within(self._terms(say), SHORT)

    def mean(self, say: str) -> float:
        """Return the mean receptive field of value paths in cells, COUNTED or WEIGHTED."""
        return _mean(self._terms(say))

    @property
    def gate_mean(self) -> float | None:
        """The mean receptive field in cells of paths into gates, counted; None without gates."""
        return _mean(self.gate_paths) if self.gate_paths else None

    def _terms(self, say: str) -> _Terms:
        return self.paths if say == COUNTED else self.weights


@dataclass(frozen=True)
class BlockPaths:
    """The chains of one block by matching rule, or why there are none."""

    experiment: SpectrumExperiment
    record: Record | None
    reason: str
    chains: Mapping[str, Chain]


def read_spectra(folder: Path, experiments: Sequence[SpectrumExperiment]) -> list[BlockPaths]:
    """Return the paths of each block in the order of the plan.

    Args:
        folder: of the suite; holds ``records``.
        experiments: those that were planned.
    """
    return [_read(folder, experiment) for experiment in experiments]


def chain_of(spectra: Sequence[BlockPaths], block: str, rule: str) -> Chain | None:
    """Return the chain of a block under a rule; None where there is none."""
    return next((one.chains.get(rule) for one in spectra if one.experiment.block == block), None)


def spectra_frame(spectra: Sequence[BlockPaths]) -> pd.DataFrame:
    """Return the raw numbers, a row a chain and receptive field; counts are exact, as text."""
    return pd.DataFrame(
        [
            {
                "block": one.experiment.block,
                "rule": rule,
                "depth": chain.depth,
                "params": chain.params,
                "receptive_field_cells": size,
                "paths": str(chain.paths.get(size, 0)),
                "weight_fraction": float(chain.weights.get(size, 0)),
                "gate_paths": str(chain.gate_paths.get(size, 0)),
                "gate_weight_fraction": float(chain.gate_weights.get(size, 0)),
                "key": one.experiment.key,
            }
            for one in spectra
            for rule, chain in one.chains.items()
            for size in sorted({*chain.paths, *chain.gate_paths})
        ]
    )


def _read(folder: Path, experiment: SpectrumExperiment) -> BlockPaths:
    record, reason = finished(folder / RECORDS, experiment.key)
    if record is None:
        return BlockPaths(experiment, None, reason, {})
    chains = {rule: _chain(values) for rule, values in record["measured"]["chains"].items()}
    return BlockPaths(experiment, record, "", chains)


def _chain(values: dict[str, Any]) -> Chain:
    return Chain(
        values["depth"],
        values["params"],
        values["largest"],
        _whole(values["paths"]),
        _fractions(values["weights"]),
        _whole(values["gate_paths"]),
        _fractions(values["gate_weights"]),
    )


def _whole(terms: dict[str, str]) -> dict[int, int]:
    return {int(size): int(term) for size, term in terms.items()}


def _fractions(terms: dict[str, str]) -> dict[int, Fraction]:
    return {int(size): Fraction(term) for size, term in terms.items()}


def _mean(terms: _Terms) -> float:
    return float(sum(size * share for size, share in shares(terms).items()))
