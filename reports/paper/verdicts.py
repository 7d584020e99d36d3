"""The words in which the deck's claims are judged, the same for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Part:
    """One part of a claim; several inputs are several readings of one part."""

    what: str
    at: str  #: the input, "" where there is none
    claimed: str
    measured: str
    verdict: str

    @property
    def name(self) -> str:
        """What it is about, with the input where there is one."""
        return f"{self.what}, {self.at}" if self.at else self.what


def whole_verdict(found: Sequence[Part]) -> str:
    """Return the verdict on the whole claim: it holds where every part does.

    A part that two inputs decide differently is not decided: the deck names no input.
    """
    readings: dict[str, set[str]] = {}
    for part in found:
        readings.setdefault(part.what, set()).add(part.verdict)
    if {FAILS} in readings.values():
        return FAILS
    return HOLDS if all(one == {HOLDS} for one in readings.values()) else OPEN


def why(obstacles: Sequence[str]) -> str:
    """Return why something is not decided, in brackets behind a space; "" where it is."""
    return f" ({'; '.join(obstacles)})" if obstacles else ""
