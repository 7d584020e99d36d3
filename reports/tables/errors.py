"""Errors as tables: the share of each kind, the AP that it costs, and AP of people and joints."""

from collections.abc import Sequence

import pandas as pd

from bench.metrics.errors import ERRORS, GOOD
from bench.metrics.people_found import TRAITS
from models.skeleton import SKELETONS
from reports.measured.anatomy import Dissected, dissected
from reports.measured.results import Comparison, Estimate
from reports.tables.cells import markdown, percent
from reports.text import errors as text
from reports.text.words import Words


def error_sections(comparison: Comparison, words: Words, heading: str) -> list[str]:
    """Return the sections on a comparison's errors; empty where no record holds any.

    Args:
        comparison: whose they are.
        words: of the suite.
        heading: what its headings end with.
    """
    baseline = comparison.baseline
    rows = [*comparison.ranked, *([baseline] if baseline else [])]
    found = [one for row in rows if (one := dissected(row)) is not None]
    if not found:
        return []
    return [
        f"## Errors{heading}",
        text.ERRORS,
        markdown(share_table(found, words)),
        text.COSTS,
        markdown(cost_table(found, words)),
        f"## AP of some of the people{heading}",
        text.GROUPS,
        markdown(group_table(found)),
        f"## AP of each joint{heading}",
        text.JOINTS,
        markdown(joint_table(found, SKELETONS[comparison.tested.skeleton].joints)),
    ]


def share_table(found: Sequence[Dissected], words: Words) -> pd.DataFrame:
    """Return the share of good joints and of each kind of error, a row a variant."""
    return _table(found, words, [one.shares for one in found], (GOOD, *ERRORS))


def cost_table(found: Sequence[Dissected], words: Words) -> pd.DataFrame:
    """Return the AP that each kind of error costs, a row a variant."""
    return _table(found, words, [one.costs for one in found], ERRORS)


def group_table(found: Sequence[Dissected]) -> pd.DataFrame:
    """Return AP of groups of people, a row a group and a column a variant."""
    rows = []
    for trait in TRAITS:
        if any(trait not in one.people.traits for every in found for one in every.anatomies):
            continue
        parts = [every.groups(trait) for every in found]
        for same in zip(*parts, strict=True):
            bounds, people, _ = same[0]
            row = {"people by": trait, "from–to": bounds, "people": f"{people:,}"}
            named = zip(found, same, strict=True)
            rows.append(row | {every.name: percent(ap) for every, (_, _, ap) in named})
    return pd.DataFrame(rows)


def joint_table(found: Sequence[Dissected], joints: Sequence[str]) -> pd.DataFrame:
    """Return AP of each joint that anybody has, a row a joint and a column a variant."""
    rows = []
    for place, joint in enumerate(joints):
        aps = {every.name: every.joint(place) for every in found}
        if any(ap is not None for ap in aps.values()):
            cells = {name: percent(ap) for name, ap in aps.items()}
            rows.append({"joint": joint.replace("_", " ")} | cells)
    return pd.DataFrame(rows)


def _table(
    found: Sequence[Dissected],
    words: Words,
    told: Sequence[dict[str, Estimate | None]],
    columns: Sequence[str],
) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {words.thing: one.name} | {name: percent(estimates[name]) for name in columns}
            for one, estimates in zip(found, told, strict=True)
        ]
    )
