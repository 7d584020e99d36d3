"""The words in which the deck's claims are judged, the same for all of them."""

from typing import Final

from reports.measured.results import Estimate

HOLDS: Final = "holds"
FAILS: Final = "does not hold"
OPEN: Final = "not decided"


def difference_verdict(difference: Estimate | None) -> str:
    """Return whether a difference that is claimed to be positive is."""
    if difference is None:
        return OPEN
    return {"better": HOLDS, "worse": FAILS}.get(difference.verdict, OPEN)
