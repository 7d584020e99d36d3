"""What a suite's records say of the next run: how many seeds and images a difference needs."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bench.metrics.power import (
    Variances,
    estimate_variances,
    images_needed,
    seeds_needed,
    smallest_seen,
)
from bench.plan import Plan
from bench.problem import Problem
from reports.measured.results import AP, Comparison, Run, Variant, gather
from reports.tables.cells import markdown, signed
from reports.text.words import where

DIFFERENCE = 0.01  # one point of AP
_MEANING = (
    "Seen: told from 0 by a paired 95 % interval in 80 % of all studies. *Seen now*: the smallest "
    "difference that these images and seeds see, in points of AP. Images and seeds like those on "
    "record are meant: the same data, networks and schedules."
)
_ONE_SEED = (
    "Each was trained once, and one training says nothing about how trainings differ: the images "
    "are those that tell *these trained models* apart. How many seeds it takes to tell what was "
    "compared apart is not known; run with --seeds 3 or more and ask again."
)
_SEVERAL = (
    "The variance between trainings is itself an estimate from {seeds} of them and may be off by "
    "a factor: take the number of seeds as an order of magnitude."
)


def power_report(folder: Path, plan: Plan) -> str:
    """Return, for each comparison on record, what a difference of 1 AP needs.

    Args:
        folder: of the suite; holds ``records``.
        plan: of its last run.

    Raises:
        Problem: no comparison has two finished rows.
    """
    comparisons = gather(folder, plan.experiments, reference="")
    told = [_section(one) for one in comparisons if len(one.ranked) > 1]
    if not told:
        raise Problem(
            f"{folder / 'records'} holds no two finished experiments to tell apart; run the suite "
            "first"
        )
    return "\n\n".join([*told, _MEANING])


def _section(comparison: Comparison) -> str:
    best, *others = comparison.ranked
    pairs = [(one, _pairs(one, best)) for one in others]
    rows = [_row(one, best, runs, comparison.images) for one, runs in pairs if runs]
    head = f"{where(comparison)}: {comparison.protocol}"
    if not rows:
        return f"{head}\n\nNo two rows have a seed in common, so none can be paired."
    fewest = min(len(runs) for _, runs in pairs if runs)
    note = _ONE_SEED if fewest == 1 else _SEVERAL.format(seeds=fewest)
    return f"{head}\n\n{markdown(pd.DataFrame(rows))}\n\n{note}"


def _pairs(one: Variant, other: Variant) -> list[tuple[Run, Run]]:
    """Return the runs of two variants by seed, for the seeds that both have."""
    theirs = {run.experiment.seed: run for run in other.runs}
    return [(run, theirs[run.experiment.seed]) for run in one.runs if run.experiment.seed in theirs]


def _row(
    one: Variant, best: Variant, runs: Sequence[tuple[Run, Run]], images: int
) -> dict[str, str]:
    variances = estimate_variances(
        np.array([mine.accuracy(AP) - other.accuracy(AP) for mine, other in runs]),
        np.stack([mine.samples[AP] - other.samples[AP] for mine, other in runs]),
        images,
    )
    seeds = len(runs)
    gap = one.difference(best, AP)
    return {
        "pair": f"{one.name} - {best.name}",
        "Δ AP": signed(gap) if gap else "",
        "seen now": f"{100 * smallest_seen(variances, seeds, images):.1f}",
        f"images for 1 AP ({images:,} now)": _number(images_needed(DIFFERENCE, variances, seeds)),
        f"seeds for 1 AP ({seeds} now)": _seeds(variances, images),
    }


def _seeds(variances: Variances, images: int) -> str:
    if variances.seeds is None:
        return "not known"
    return _number(seeds_needed(DIFFERENCE, variances, images))


def _number(needed: float) -> str:
    return "no number suffices" if math.isinf(needed) else f"{needed:,.0f}"
