"""Depth as tables: what each step wins, and the claim's gains."""

from collections.abc import Sequence

import pandas as pd

from reports.measured.ladders import Ladder
from reports.measured.results import AP
from reports.paper.claim1 import CLAIMED
from reports.paper.claim1_depth import DepthFinding
from reports.paper.verdicts import difference_verdict
from reports.tables.cells import percent, signed


def claim_table(finding: DepthFinding) -> pd.DataFrame:
    """Return the gain of each of the claim's blocks, and by how much it is above the next one's."""
    rows = []
    for number, (block, won) in enumerate(zip(CLAIMED, finding.gains, strict=True)):
        row = {"block": block, "Δ AP by depth": signed(won)}
        last = number == len(CLAIMED) - 1
        above = None if last else finding.differences[number]
        row["more than the next block gains"] = "" if last else signed(above)
        row["verdict"] = "" if last else f"**{difference_verdict(above)}**"
        rows.append(row)
    return pd.DataFrame(rows)


def step_table(found: Sequence[Ladder]) -> pd.DataFrame:
    """Return each depth of each block with its AP and what it wins over the one before."""
    rows = []
    for ladder in found:
        steps = {deeper.depth: won for _, deeper, won in ladder.steps}
        for one in ladder.finished:
            won = steps.get(one.depth)
            rows.append(
                {
                    "block": ladder.block,
                    "blocks in the trunk": str(one.depth),
                    "params": f"{one.params:,}",
                    "AP": percent(one.variant.estimate(AP)),
                    "Δ AP from the depth before": signed(won) if one.depth in steps else "",
                    "by AP": won.verdict if won is not None else "",
                    "saturates": "here" if ladder.saturates_at == one.depth else "",
                }
            )
    return pd.DataFrame(rows)
