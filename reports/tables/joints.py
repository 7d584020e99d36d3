"""The joints of the people, group by group, as PoseTrack's challenge prints them."""

import pandas as pd

from bench.metrics.posetrack import GROUPS, group_name
from reports.measured.results import POSETRACK, Comparison, Variant
from reports.tables.cells import UNKNOWN, percent
from reports.text.words import Words

_COLUMNS = {group: group_name(group) for group in GROUPS} | {"mean of the joints": POSETRACK}


def joint_table(comparison: Comparison, words: Words) -> pd.DataFrame:
    """Return PoseTrack's AP of each group of joints, and the mean; empty where it has none.

    A group that nobody in the data has is a dash.
    """
    if POSETRACK not in comparison.statistics:
        return pd.DataFrame()
    baseline = comparison.baseline
    return pd.DataFrame(
        [
            {words.thing: one.name}
            | {column: _cell(one, statistic) for column, statistic in _COLUMNS.items()}
            for one in [*comparison.ranked, *([baseline] if baseline else [])]
        ]
    )


def _cell(variant: Variant, statistic: str) -> str:
    there = all(statistic in run.samples for run in variant.runs)
    return percent(variant.estimate(statistic)) if there else UNKNOWN
