"""Machine-made joints: how many people were given one, and how far they are from the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from bench.annotation.confidence import RIGHT_WITHIN, Judged
from bench.jobs import AnnotationExperiment
from bench.metrics.intervals import bootstrap_weights, interval
from bench.records import Record
from reports.measured.results import RECORDS, RESAMPLES, SEED, Estimate, finished
from reports.tables.cells import UNKNOWN, percent

COVERAGE: Final = "coverage"
PCKH: Final = f"PCKh@{RIGHT_WITHIN:g}"
#: What a joint's candidates were judged on: data that mark it too, and the hidden truth.
CALIBRATION, TRUTH = "calibration", "truth"


@dataclass(frozen=True)
class Annotation:
    """What became of an annotation; the reason is "" where it has a finished record."""

    experiment: AnnotationExperiment
    record: Record | None
    reason: str

    @property
    def measured(self) -> dict[str, Any]:
        """What was measured of each joint; empty without a record."""
        return self.record["measured"]["joints"] if self.record else {}

    def threshold(self, joint: str) -> float | None:
        """Return the chosen confidence; None where none reached the precision."""
        found: float | None = self.measured.get(joint, {}).get("threshold")
        return found

    def estimate(
        self, joint: str, where: str, statistic: str, threshold: float | None
    ) -> Estimate | None:
        """Return coverage or PCKh at a confidence, with its interval over images.

        None where it is not known: without a threshold, a record, the truth, or anybody who is
        given the joint.

        Args:
            joint: name.
            where: ``CALIBRATION`` or ``TRUTH``.
            statistic: ``COVERAGE`` or ``PCKH``.
            threshold: the confidence.
        """
        evidence = self.record["evidence"].get(joint, {}) if self.record else {}
        if where not in evidence or threshold is None:
            return None
        judged = Judged.from_json(evidence[where])
        value = float(judged.statistics(threshold)[statistic])
        weights = bootstrap_weights(len(judged.people), RESAMPLES, SEED)
        # A resample in which nobody is given the joint says nothing of those who are.
        samples = judged.statistics(threshold, weights)[statistic]
        known = samples[~np.isnan(samples)]
        return None if np.isnan(value) else Estimate(value, *interval(known))


def read_annotations(folder: Path, experiments: Sequence[AnnotationExperiment]) -> list[Annotation]:
    """Return the annotations of a suite in the order of the plan; ``folder`` is the suite's."""
    return [Annotation(one, *finished(folder / RECORDS, one.key)) for one in experiments]


def chosen_table(found: Sequence[Annotation]) -> pd.DataFrame:
    """Return each joint at its chosen confidence: what was promised, and what it is worth."""
    rows = []
    for one in found:
        for joint in one.measured:
            threshold = one.threshold(joint)
            cells = {
                f"{name}, {told}": percent(one.estimate(joint, where, name, threshold))
                for where, told in (
                    (CALIBRATION, f"tried out on {one.experiment.calibrated_on.name}"),
                    (TRUTH, f"hidden truth of {one.experiment.data.name}"),
                )
                for name in (COVERAGE, PCKH)
            }
            people = one.record["measured"]["people"] if one.record else 0
            rows.append(
                {
                    "joint": joint,
                    "seed": str(one.experiment.annotator.seed),
                    "confidence chosen": UNKNOWN if threshold is None else f"{threshold:.3f}",
                    "people": f"{people:,}",
                    "given the joint": f"{one.measured[joint]['annotated']:,}",
                    **cells,
                }
            )
    return pd.DataFrame(rows)


def level_table(found: Sequence[Annotation]) -> pd.DataFrame:
    """Return coverage and PCKh by the hidden truth at every confidence, a column pair a seed."""
    rows: dict[tuple[str, float], dict[str, str]] = {}
    for one in found:
        for joint, measured in one.measured.items():
            for level in (measured[TRUTH] or {}).get("levels", ()):
                confidence = level["confidence"]
                row = rows.setdefault((joint, confidence), {})
                row |= {"joint": joint, "confidence at least": f"{confidence:.1f}"}
                for name in (COVERAGE, PCKH):
                    estimate = one.estimate(joint, TRUTH, name, confidence)
                    row[f"{name}, seed {one.experiment.annotator.seed}"] = percent(estimate)
    return pd.DataFrame(list(rows.values())).fillna(UNKNOWN) if rows else pd.DataFrame()
