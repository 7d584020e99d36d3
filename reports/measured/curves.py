"""Learning curves, as the trainings of a suite left them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.measured.results import RECORDS, Comparison, Run, Variant

_FILE = "learning_curve.csv"


@dataclass(frozen=True)
class LearningCurve:
    """The loss of one training.

    Attributes:
        variant: what was trained.
        run: its seed.
        steps: optimiser steps ``[T]``.
        losses: of what is decoded ``[T]``: the last stage, or the only one.
    """

    variant: Variant
    run: Run
    steps: NDArray[np.int64]
    losses: NDArray[np.float64]


def learning_curves(folder: Path, comparison: Comparison) -> Iterator[LearningCurve]:
    """Give the curves of all variants and seeds whose training kept one.

    Args:
        folder: of the suite.
        comparison: whose trainings they are.
    """
    for variant in comparison.variants:
        if variant.is_baseline:
            continue
        for run in variant.runs:
            # A record that was measured with another's weights has no curve of its own.
            trained = run.measured.get("trained_by") or run.experiment.key
            file = folder / RECORDS / trained / _FILE
            if not file.exists():
                continue
            frame = pd.read_csv(file)
            if len(frame):
                yield LearningCurve(variant, run, frame["step"].to_numpy(), last_stage_loss(frame))


def losses_compare(curves: list[LearningCurve]) -> bool:
    """Return whether the levels of the curves can be compared: only one pipeline's losses can."""
    return len({one.run.experiment.model.name for one in curves}) <= 1


def last_stage_loss(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Return the loss of what is decoded ``[T]``: that of the last stage, or the only one.

    The whole loss has as many terms as a network has stages, so networks of six and of three
    could not be compared by it.

    Args:
        frame: a learning curve; named losses end in ``_`` and the number of their stage.
    """
    stages: dict[int, list[str]] = {}
    for name in frame:
        if named := re.search(r"_(\d+)$", str(name)):
            stages.setdefault(int(named.group(1)), []).append(str(name))
    if not stages:
        return frame["loss"].to_numpy()
    return frame[stages[max(stages)]].sum(axis=1).to_numpy()
