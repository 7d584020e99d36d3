"""The paths to one node of a network, as a polynomial in the receptive field, and their sums."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction


@dataclass(frozen=True)
class Term:
    """Paths of one receptive field: how many, and their weight together."""

    paths: int
    weight: Fraction


#: A polynomial: side of the receptive field in pixels -> its paths. Fractions occur where cells are
#: finer than pixels; a Fraction and an int that are equal are the same key.
Terms = dict[Fraction | int, Term]


@dataclass(frozen=True)
class Paths:
    """The paths to one node.

    Attributes:
        cells: height and width of the node's maps.
        jump: pixels of the input from one cell to the next.
        values: the paths that enter no gate.
        gates: the others.
        is_gate: they were through a sigmoid, and through pointwise operations alone after it.
    """

    cells: tuple[int, int]
    jump: Fraction
    values: Terms
    gates: Terms
    is_gate: bool = False

    def widened(self, cells: int, jump: Fraction, size: tuple[int, int]) -> "Paths":
        """Return the paths after an operation that reads ``cells`` cells along each side."""
        by: Fraction | int = (cells - 1) * self.jump
        if by.denominator == 1:
            by = int(by)  # ten times faster than a Fraction
        values, gates = (
            {field + by: term for field, term in terms.items()}
            for terms in (self.values, self.gates)
        )
        return Paths(size, jump, values, gates)


def add_up(parts: Sequence[Terms], share: Fraction) -> Terms:
    """Return the sum of polynomials, of whose weights each part has a share."""
    total: Terms = {}
    for terms in parts:
        for field, term in terms.items():
            before = total.get(field, Term(0, Fraction(0)))
            total[field] = Term(before.paths + term.paths, before.weight + share * term.weight)
    return total


def united(operands: Sequence[Paths]) -> Paths:
    """Return the paths after a merge, each of whose operands has the same share."""
    share = Fraction(1, len(operands))
    return replace(
        operands[0],
        values=add_up([paths.values for paths in operands], share),
        gates=add_up([paths.gates for paths in operands], share),
        is_gate=False,
    )
