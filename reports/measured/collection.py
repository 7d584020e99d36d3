"""Everything that a suite has on record, gathered by its plan, and what is missing."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.plan import Plan
from bench.records import Record
from reports.measured.ceilings import Ceiling, read_ceilings
from reports.measured.clocks import Clock, Timing, read_timing
from reports.measured.results import Comparison, gather
from reports.measured.stages import StageTiming, read_stages, stage_clocks
from reports.tables.cells import UNKNOWN
from reports.text.words import Words, row_name


@dataclass(frozen=True)
class Results:
    """What a plan was to bring, finished or not, in the order of the plan."""

    comparisons: list[Comparison]
    timing: Timing
    stages: list[StageTiming]
    ceilings: list[Ceiling]

    @property
    def clocks(self) -> list[Clock]:
        """The latency columns of all accuracy tables."""
        experiments = [
            experiment
            for comparison in self.comparisons
            for variant in comparison.variants
            for experiment in variant.experiments
        ]
        return [*self.timing.clocks, *stage_clocks(self.stages, experiments)]

    @property
    def records(self) -> list[Record]:
        """Every finished record."""
        others: list[Timing | Ceiling | StageTiming] = [self.timing, *self.ceilings, *self.stages]
        return [
            *(run.record for one in self.comparisons for run in one.runs),
            *(one.record for one in others if one.record is not None),
        ]

    @property
    def places(self) -> dict[str, int]:
        """Every variant's place, the same in all plots."""
        trained = (one for comparison in self.comparisons for one in comparison.variants)
        places = {one.name: one.place for one in trained}
        for timing in self.stages:
            for pipeline in timing.experiment.pipelines:
                places.setdefault(pipeline.variant, len(places))
        return places


def collect(folder: Path, plan: Plan, words: Words) -> Results:
    """Read the records of a plan; what is missing or failed is kept with its reason."""
    return Results(
        gather(folder, plan.experiments, words.reference),
        read_timing(folder, plan.latency),
        read_stages(folder, plan.stages),
        read_ceilings(folder, plan.ceilings),
    )


def failure_table(results: Results) -> pd.DataFrame:
    """Return everything that was planned and has no finished record, with its reason."""
    rows = [
        {
            "what": row_name(variant.name, comparison.protocol),
            "seed": str(one.experiment.seed),
            "reason": one.reason,
        }
        for comparison in results.comparisons
        for variant in comparison.variants
        for one in variant.unfinished
    ]
    others = [
        *((f"oracle ceiling of {one.experiment.variant}", one.reason) for one in results.ceilings),
        *((f"latency in stages, {one.sizes}", one.reason) for one in results.stages),
    ]
    rows += [{"what": what, "seed": UNKNOWN, "reason": why} for what, why in others if why]
    return pd.DataFrame(rows)
