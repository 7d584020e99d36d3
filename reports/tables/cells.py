"""How numbers are printed in the cells of a table, and a table in Markdown."""

import math
from collections.abc import Sequence

import pandas as pd

from reports.measured.results import Estimate

UNKNOWN = "–"


def markdown(frame: pd.DataFrame, text_columns: Sequence[str] = ()) -> str:
    """Return a Markdown table: the first column and ``text_columns`` left, the others right."""
    safe = frame.map(lambda cell: str(cell).replace("|", "\\|").replace("\n", " "))
    left = {frame.columns[0], *text_columns}
    align = ["left" if column in left else "right" for column in frame.columns]
    return safe.to_markdown(index=False, colalign=align, disable_numparse=True)


def percent(estimate: Estimate | None) -> str:
    """Return a fraction and its interval in percent, ``41.2 ±1.3``; a dash where it is None."""
    if estimate is None:
        return UNKNOWN
    return f"{100 * estimate.value:.1f} ±{100 * estimate.half_width:.1f}"


def signed(estimate: Estimate | None) -> str:
    """Return a difference of fractions in points with both ends, ``+2.1 [+0.9, +3.3]``.

    A dash where it is None.
    """
    if estimate is None:
        return UNKNOWN
    value, low, high = (100 * x for x in (estimate.value, estimate.low, estimate.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


def figures(number: float) -> str:
    """Return three significant figures without an exponent."""
    if number == 0:
        return "0"
    decimals = max(0, 2 - math.floor(math.log10(abs(number))))
    return f"{number:,.{decimals}f}"
