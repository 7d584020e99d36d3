"""The parts of a claim as a table."""

from collections.abc import Sequence

import pandas as pd

from reports.paper.verdicts import Part


def part_table(
    found: Sequence[Part], what: str = "the deck claims", claimed: str = "that is"
) -> pd.DataFrame:
    """Return a row a part, with its verdict.

    Args:
        found: the parts.
        what: the heading of what they are about.
        claimed: the heading of what is claimed of it.
    """
    return pd.DataFrame(
        [
            {
                what: part.name,
                claimed: part.claimed,
                "measured": part.measured,
                "verdict": f"**{part.verdict}**",
            }
            for part in found
        ]
    )
