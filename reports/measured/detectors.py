"""How good the boxes of trained detectors are, as their records hold it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.experiment import Experiment
from bench.metrics.boxes import SIDES, BoxMatches
from bench.metrics.intervals import bootstrap_weights, interval
from reports.measured import results
from reports.measured.results import RECORDS, Estimate, finished
from reports.tables.cells import UNKNOWN, percent

_STATISTICS: Final = {"box AP": "box AP", "box AP50": "box AP50", "box recall": "found at IoU 0.5"}
_QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
# Of a normal distribution: the median of the absolute value, in standard deviations.
_MEDIAN_SIZE: Final = 0.67449


@dataclass(frozen=True)
class Detector:
    """A trained detector, or why there is none.

    Attributes:
        seed: of its training.
        reason: "" or why there is no record to trust.
        matches: of its boxes; None without a record.
    """

    seed: int
    reason: str
    matches: BoxMatches | None


def read_detectors(folder: Path, experiments: Sequence[Experiment]) -> list[Detector]:
    """Return the detectors of a suite in the order of the plan.

    Args:
        folder: of the suite; holds ``records``.
        experiments: that train them.
    """
    return [_read(folder / RECORDS, one) for one in experiments]


def detector_table(detectors: Sequence[Detector]) -> pd.DataFrame:
    """Return how good each detector is, with intervals, and its errors as noise."""
    return pd.DataFrame([_row(one) for one in detectors])


def side_table(detectors: Sequence[Detector]) -> pd.DataFrame:
    """Return the distribution of the errors of each side, in shares of the box, of all seeds."""
    errors = _errors(detectors)
    rows = [(side, errors[:, place]) for place, side in enumerate(SIDES)]
    return pd.DataFrame([_side(*one) for one in [*rows, ("all four", errors.ravel())]])


def error_range(detectors: Sequence[Detector]) -> tuple[float, float] | None:
    """Return the noise that the errors are like, by two measures, rising; None without errors."""
    errors = _errors(detectors).ravel()
    if not len(errors):
        return None
    low, high = sorted((_by_median(errors), _by_square(errors)))
    return low, high


def _read(folder: Path, experiment: Experiment) -> Detector:
    record, reason = finished(folder, experiment.key)
    if record is None:
        return Detector(experiment.seed, reason, None)
    return Detector(experiment.seed, "", BoxMatches.from_json(record["evidence"]["boxes"]))


def _row(detector: Detector) -> dict[str, str]:
    row = {"seed": str(detector.seed)}
    matches = detector.matches
    if matches is None:
        return row | dict.fromkeys([*_STATISTICS.values(), "of people", *_NOISE], UNKNOWN)
    values = matches.statistics()
    positives = matches.overlap.positives
    weights = bootstrap_weights(len(positives), results.RESAMPLES, results.SEED)
    drawn = matches.statistics(weights)
    row |= {
        shown: percent(Estimate(float(values[name]), *interval(drawn[name])))
        for name, shown in _STATISTICS.items()
    }
    errors = matches.errors.ravel()
    noise = (_by_square(errors), _by_median(errors)) if len(errors) else ()
    told = [f"{one:.3f}" for one in noise] or [UNKNOWN] * len(_NOISE)
    return row | {"of people": f"{positives.sum():,}"} | dict(zip(_NOISE, told, strict=True))


_NOISE: Final = ("as noise, root mean square", "as noise, median size")


def _side(name: str, errors: NDArray[np.float64]) -> dict[str, str]:
    row = {"side": name}
    told = dict.fromkeys(["mean", *(f"{100 * share:g} %" for share in _QUANTILES)], UNKNOWN)
    if len(errors):
        values = [errors.mean(), *np.quantile(errors, _QUANTILES)]
        told = {name: f"{value:+.3f}" for name, value in zip(told, values, strict=True)}
    return row | told


def _errors(detectors: Sequence[Detector]) -> NDArray[np.float64]:
    known = [one.matches.errors for one in detectors if one.matches is not None]
    return np.concatenate([np.zeros((0, len(SIDES))), *known])


def _by_square(errors: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.square(errors).mean()))


def _by_median(errors: NDArray[np.float64]) -> float:
    return float(np.median(np.abs(errors)) / _MEDIAN_SIZE)
