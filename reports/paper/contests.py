"""Claims that some rows beat others: what was measured of each pair, and what decides the claim."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.measured.collection import Results
from reports.measured.results import AP, Comparison, Estimate, Variant, is_plain
from reports.paper.deck_tables import Claim, Table
from reports.paper.verdicts import OPEN, difference_verdict
from reports.text.words import listed


@dataclass(frozen=True)
class Standing:
    """A table of the deck as far as it was measured.

    Attributes:
        table: the deck's.
        comparison: its rows here; None where nothing was planned.
    """

    table: Table
    comparison: Comparison | None

    @property
    def statistic(self) -> str:
        """The benchmark's own; AP where it could not be computed of this data."""
        if self.comparison is None or not self.comparison.runs:
            return self.table.statistic
        known = self.table.statistic in self.comparison.statistics
        return self.table.statistic if known else AP

    @property
    def data(self) -> str:
        """The name of the data that the rows were judged on, "" where there are none."""
        return "" if self.comparison is None else self.comparison.tested.name

    def row(self, variant: str) -> Variant | None:
        """Return a finished row."""
        return None if self.comparison is None else self.comparison.finished(variant)

    def untaught(self, variants: Sequence[str]) -> list[str]:
        """Return those finished rows of which an interval, of AP or of the statistic, has zero."""
        found = [row for name in variants if (row := self.row(name)) is not None]
        statistics = (AP, self.statistic)
        return [
            row.name
            for row in found
            if not all(row.estimate(statistic).above_zero for statistic in statistics)
        ]

    def best(self, variants: Sequence[str]) -> Variant | None:
        """Return the finished row of the highest statistic."""
        found = [row for name in variants if (row := self.row(name)) is not None]
        return max(found, key=lambda row: row.estimate(self.statistic).value, default=None)


@dataclass(frozen=True)
class Pair:
    """One row against another, paired over images and seeds; None where one is missing."""

    ahead: str  #: as claimed
    behind: str
    printed: float  #: the deck's difference in points
    measured: Estimate | None


@dataclass(frozen=True)
class Finding:
    """A claim, judged.

    Attributes:
        claim: what was judged.
        statistic: by what.
        pairs: every row that is claimed to be ahead against every other.
        deciding: the best of one kind against the best of the other; None where either is missing.
        obstacles: why the claim is not decided, as clauses; empty where it is.
    """

    claim: Claim
    statistic: str
    pairs: tuple[Pair, ...]
    deciding: Pair | None
    obstacles: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Whether the claim holds."""
        if self.obstacles or self.deciding is None:
            return OPEN
        return difference_verdict(self.deciding.measured)


def standing(results: Results, table: Table) -> Standing:
    """Return the rows of a table in that comparison of single views which has most of them.

    What rows of a table learn from may be judged, too, on data of its own.
    """
    rows = {one.variant for one in table.rows}

    def present(comparison: Comparison) -> int:
        return sum(one.name in rows for one in comparison.variants)

    single = [one for one in results.comparisons if is_plain(one.protocol)]
    return Standing(table, max(single, key=present, default=None))


def judge(claim: Claim, found: Standing) -> Finding:
    """Return a claim with every pair's difference and what decides it, or what keeps it open.

    The claim is decided by the best row that is claimed to be ahead against the best of the others,
    by the whole paired interval of their difference, where all of these rows have learnt something
    and the data is of the deck's kind.
    """
    pairs = tuple(_pair(found, ahead, behind) for ahead in claim.ahead for behind in claim.behind)
    best, rival = found.best(claim.ahead), found.best(claim.behind)
    deciding = None
    if best is not None and rival is not None:
        deciding = _pair(found, best.name, rival.name)
    return Finding(
        claim, found.statistic, pairs, deciding, tuple(_obstacles(claim, found, deciding))
    )


def _pair(found: Standing, ahead: str, behind: str) -> Pair:
    one, other = found.row(ahead), found.row(behind)
    measured = None
    if one is not None and other is not None:
        measured = one.difference(other, found.statistic)
    table = found.table
    return Pair(ahead, behind, table.best([ahead]).score - table.best([behind]).score, measured)


def _obstacles(claim: Claim, found: Standing, deciding: Pair | None) -> list[str]:
    rows, table = (*claim.ahead, *claim.behind), found.table
    reasons = []
    if missing := [name for name in rows if found.row(name) is None]:
        reasons.append(f"{listed(missing)} brought no result")
    if untaught := found.untaught(rows):
        statistics = " or of ".join(dict.fromkeys((AP, found.statistic)))
        reasons.append(
            f"{listed(untaught)} learnt next to nothing (the interval of {statistics} contains 0)"
        )
    if found.data and found.data not in (table.photographs, table.rendered):
        reasons.append(f"{found.data} is not {table.benchmark}, and not made to be like it")
    if found.statistic != table.statistic:
        reasons.append(f"{found.data} has not what {table.statistic} needs")
    if deciding is not None:
        if deciding.measured is None:
            reasons.append(f"{deciding.ahead} and {deciding.behind} have no seed in common")
        elif difference_verdict(deciding.measured) == OPEN:
            reasons.append("the interval of the difference contains 0")
    return reasons
