"""The sentences on costs: what is counted, by whom, and why the rest is not."""

from collections.abc import Mapping, Sequence

COST = (
    "One GMAC is a thousand million multiply-adds, one GFLOP a thousand million floating-point "
    "operations; a multiply-add is two of them. Counted are the convolutions, linear layers, "
    "matrix products and attention of the network in all views of the protocol, decoding not "
    "included, of the very model whose accuracy stands above. Three counters share no code: "
    "*fvcore* follows a trace (its handles are this project's; attention has one), *torch* its own "
    "operators as they run, and the *closed form* looks at layers alone, each weight times the "
    "places it is applied at. Activations are the numbers that those operations put out. "
    "*Not counted* are the other operations that fvcore met, with their calls; ReLU and what only "
    "moves, shapes or compares numbers is not even met. *People*, where it stands: what finds "
    "people first costs more the more of them there are."
)


def reasons(found: Mapping[str | None, Sequence[str]]) -> str:
    """Return why operations are not counted, a line a reason; "" where all is counted.

    Args:
        found: of ``bench.counting.uncounted.by_reason``.
    """
    lines = [f"- {', '.join(names)}: {why}." for why, names in found.items() if why is not None]
    if None in found:
        lines.append(
            f"- **{', '.join(found[None])}: nobody has explained this; the true cost is higher by "
            "whatever it is.**"
        )
    return "\n".join(["Why they are not counted:", "", *lines]) if lines else ""
