"""A table of the deck beside what was measured, and the verdicts on the claims that rest on it."""

from collections.abc import Callable, Sequence

import pandas as pd

from ablations.deck_tables import Rows
from bench.metrics.posetrack import group_name
from reports.measured.collection import Results
from reports.measured.results import POSETRACK, Variant
from reports.paper.contest_prose import decision, how_far, table_read
from reports.paper.contests import Finding, Standing, judge, standing
from reports.paper.deck_tables import MSPAF_JOINTS, Claim, Table
from reports.tables.cells import UNKNOWN, markdown, percent, signed


def opening_of(table: Table, claims: Sequence[Claim], rows: Rows) -> Callable[[Results], list[str]]:
    """Return what gives the sections on a table and its claims.

    Args:
        table: the deck's.
        claims: that rest on it.
        rows: of the suite.
    """

    def opening(results: Results) -> list[str]:
        found = standing(results, table)
        sections = [
            f"## The deck's Table {table.number}, and what was measured here",
            markdown(deck_table(found), ["row here", "kind"]),
            table_read(found),
            *_joints(found),
        ]
        for claim in claims:
            finding = judge(claim, found)
            sections += [
                f"## {claim.title}, {claim.says}: {finding.verdict}",
                markdown(pair_table(finding), ["is claimed to beat", "and here is"]),
                decision(finding, found),
            ]
        return [*sections, how_far(found, rows)]

    return opening


def deck_table(found: Standing) -> pd.DataFrame:
    """Return the deck's rows with what was measured of each beside it."""
    table = found.table
    first = found.row(table.rows[0].variant)
    here = f"here, {found.statistic}" + (f" ({found.data})" if found.data else "")
    cells = []
    for row in table.rows:
        variant = found.row(row.variant)
        is_first = row is table.rows[0]
        cells.append(
            {
                "method in the deck": row.method,
                "row here": row.variant,
                "kind": row.kind,
                f"deck, mAP ({table.benchmark})": f"{row.score:.1f}",
                "deck, Δ": "" if is_first else f"{row.score - table.rows[0].score:+.1f}",
                here: UNKNOWN if variant is None else percent(variant.estimate(found.statistic)),
                "here, Δ": "" if is_first else _difference(variant, first, found.statistic),
            }
        )
    return pd.DataFrame(cells)


def pair_table(finding: Finding) -> pd.DataFrame:
    """Return every pair of rows of a claim, the deciding one in bold."""
    cells = []
    for pair in finding.pairs:
        decides = pair == finding.deciding
        ahead, behind = (f"**{one}**" if decides else one for one in (pair.ahead, pair.behind))
        cells.append(
            {
                "row": ahead,
                "is claimed to beat": behind,
                "deck, Δ mAP": f"{pair.printed:+.1f}",
                f"here, Δ {finding.statistic}": signed(pair.measured),
                "and here is": UNKNOWN if pair.measured is None else pair.measured.verdict,
            }
        )
    return pd.DataFrame(cells)


def _joints(found: Standing) -> list[str]:
    """Return the joints of MSPAF, where the table is of PoseTrack and has them."""
    if found.table.statistic != POSETRACK:
        return []
    mean = "mean of the joints"
    printed = MSPAF_JOINTS | {mean: found.table.best(["mspaf3"]).score}
    rows = [{"": "MSPAF, deck"} | {name: f"{score:.1f}" for name, score in printed.items()}]
    here = found.row("mspaf3")
    if here is not None and found.statistic == POSETRACK:
        groups = {group: group_name(group) for group in MSPAF_JOINTS} | {mean: POSETRACK}
        known = here.runs[0].samples  # a group that nobody in the data has is not there
        rows.append(
            {"": "mspaf3, here"}
            | {
                column: percent(here.estimate(name)) if name in known else UNKNOWN
                for column, name in groups.items()
            }
        )
    told = "AP of each group of joints, in percent; the rows of all pipelines are under *Joints*."
    return ["### MSPAF, joint by joint", markdown(pd.DataFrame(rows)), told]


def _difference(variant: Variant | None, first: Variant | None, statistic: str) -> str:
    if variant is None or first is None:
        return UNKNOWN
    return signed(variant.difference(first, statistic))
