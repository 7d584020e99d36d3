"""What a suite's report calls things."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.experiment import DataSpec, Protocol
from bench.jobs import TimedPipeline
from reports.measured.results import Comparison, is_plain


@dataclass(frozen=True)
class Words:
    """The words in which a suite's report differs from another's.

    Attributes:
        title: of the page, before the data's name.
        question: the first paragraph.
        thing: what a row is, "block" or "pipeline".
        reference: the variant that the others are set beside.
        shape: the model's arguments that are a column of its size; where there are none, all
            arguments of all models stand above the table.
    """

    title: str
    question: str
    thing: str
    reference: str
    shape: tuple[str, ...]


def inference(seen: Protocol | TimedPipeline) -> str:
    """Return in which views the network sees an image, for example ``scales 0.5/1, flip``."""
    if is_plain(seen):
        return "single scale"
    scales = "/".join(f"{scale:g}" for scale in seen.scales)
    told = [] if seen.scales == (1.0,) else [f"scale{'s' * ('/' in scales)} {scales}"]
    return ", ".join([*told, *(["flip"] if seen.flip else [])])


def data_name(data: DataSpec) -> str:
    """Return a data set's name, with the factors in which its scenes differ from its own."""
    factors = ", ".join(f"{name} {_told(value)}" for name, value in data.factors)
    return f"{data.name} with {factors}" if factors else data.name


def where(comparison: Comparison) -> str:
    """Return the data of a comparison, for headings; both where it is judged on other data."""
    trained, judged = data_name(comparison.data), data_name(comparison.tested)
    return trained if trained == judged else f"{trained}, judged on {judged}"


def listed(names: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _told(value: float | tuple[float, ...]) -> str:
    return "–".join(f"{one:g}" for one in (value if isinstance(value, tuple) else (value,)))


def row_name(variant: str, seen: Protocol | TimedPipeline) -> str:
    """Return a variant's name with its inference option, where that is not the plain one."""
    return variant if is_plain(seen) else f"{variant}, {inference(seen)}"
