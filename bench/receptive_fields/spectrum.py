"""How many paths lead through a network to receptive fields of which size: its path spectrum.

A network is traced (torch.fx), and the paths from its input to one of its outputs are counted node
by node. Each node holds a polynomial: receptive field -> number of paths. A convolution or pooling
of k cells with dilation d widens all paths by ``(k - 1) d`` cells of its input, pointwise
operations change nothing, additions and concatenations unite the paths of their operands. So a 3x3
convolution is one path, however many channels it has, and a chain of blocks multiplies their
polynomials (Veit et al., "Residual Networks Behave Like Ensembles of Relatively Shallow Networks",
NeurIPS 2016, unravel residual networks in this way).

Beside their number, paths have weights: every merge shares a weight of 1 equally among its
operands, as if all had the same say. A short path through few merges then counts more than one of
many short paths through many.

Products. In ``gate * value`` the gate, known by its sigmoid, decides how much of the value passes,
but carries no features on. A path through the value goes on as it is; a path that enters a gate
anywhere is counted apart. Where neither or both of the factors are sigmoids, nobody can tell which
is the gate, and the network is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from torch import Tensor, nn

from bench.problem import Problem
from bench.receptive_fields.paths import Term, Terms, add_up
from bench.receptive_fields.traced_paths import paths_to_outputs


@dataclass(frozen=True)
class Spectrum:
    """Paths by the side of the square that they see, in pixels of the input, smallest first.

    Attributes:
        stride: pixels of the input a cell of the output.
        paths: number of value paths.
        weights: their weights, which sum to 1.
        gate_paths: number of paths that enter a gate; empty without gates.
        gate_weights: their weights, scaled to sum to 1.
    """

    stride: Fraction
    paths: dict[int, int]
    weights: dict[int, Fraction]
    gate_paths: dict[int, int]
    gate_weights: dict[int, Fraction]

    @property
    def largest(self) -> int:
        """The receptive field of the longest value path."""
        return max(self.paths)


def shares(terms: Mapping[int, int] | Mapping[int, Fraction]) -> dict[int, Fraction]:
    """Return each receptive field's share of the paths, or of their weight."""
    total = sum(terms.values())
    return {size: Fraction(term) / total for size, term in terms.items()}


def share_within(terms: Mapping[int, int] | Mapping[int, Fraction], size: int) -> Fraction:
    """Return the share of paths, or of their weight, that see ``size`` pixels or less."""
    return sum((share for field, share in shares(terms).items() if field <= size), Fraction(0))


def path_spectrum(module: nn.Module, example_input: Tensor, output: int = -1) -> Spectrum:
    """Count the paths from the input of ``module`` to one of its outputs.

    Normalisations work as in evaluation. A slice of channels has all paths of what it is cut from.

    Args:
        module: a block or network of one input; it is left as it is.
        example_input: ``[B, C, H, W]``; of its values nothing is used. H and W are multiples of the
            largest stride inside.
        output: which of the output's tensors, flattened; the last one is that of the last stage.

    Raises:
        Problem: the module cannot be traced, or holds an operation whose paths are not known.
    """
    ends = paths_to_outputs(module, example_input)
    if not -len(ends) <= output < len(ends):
        raise Problem(
            f"output {output} of {type(module).__name__} is asked for, of {len(ends)} that it has"
        )
    end = ends[output]
    if end is None:
        raise Problem(
            f"output {output} of {type(module).__name__} does not depend on its input; "
            "choose another"
        )
    values, gates = _in_pixels(end.values), _in_pixels(end.gates)
    return Spectrum(
        end.jump,
        {size: term.paths for size, term in values.items()},
        {size: term.weight for size, term in values.items()},
        {size: term.paths for size, term in gates.items()},
        shares({size: term.weight for size, term in gates.items()}),
    )


def _in_pixels(terms: Terms) -> dict[int, Term]:
    """Return whole pixels, smallest first: a path that sees part of a pixel sees it."""
    whole = add_up([{ceil(field): term} for field, term in terms.items()], Fraction(1))
    return {int(field): term for field, term in sorted(whole.items())}
