"""From numbers to places on a drawing: axes with ticks at round numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from matplotlib.ticker import LogLocator, MaxNLocator

from reports.pictures.plots import LOG_SPAN, NARROW_SPAN

_TICKS = 5  # about as many a linear axis


@dataclass(frozen=True)
class Tick:
    """A place on an axis in units of the drawing, and the number there."""

    at: float
    text: str


@dataclass(frozen=True)
class Scale:
    """An axis from ``low`` at the place ``start`` to ``high`` at ``end``."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the place of a value, to a tenth of the drawing's unit."""
        low, high, at = ((log10(one) if self.log else one) for one in (self.low, self.high, value))
        return round(self.start + (at - low) / (high - low) * (self.end - self.start), 1)

    @property
    def ticks(self) -> list[Tick]:
        """Round numbers within the axis."""
        if self.log:
            values = LogLocator(subs=_subs(self.high / self.low)).tick_values(self.low, self.high)
        else:
            values = MaxNLocator(_TICKS).tick_values(self.low, self.high)
        inside = [float(value) for value in values if self.low <= value <= self.high]
        return [Tick(self(value), f"{value:,.6g}") for value in inside]


def cost_scale(values: Sequence[float], start: float, end: float) -> Scale:
    """Return the axis of a cost: logarithmic where it spans much, else from nothing on.

    Costs that are nearly alike get the room between them: from nothing on they would be one.
    """
    low, high = min(values), max(values)
    if low > 0 and high / low > LOG_SPAN:
        return Scale(low / 1.2, high * 1.4, start, end, log=True)
    if low > 0 and high / low < NARROW_SPAN:
        room = max(0.3 * (high - low), 0.02 * high)
        return Scale(low - room, high + room, start, end)
    return Scale(0, high * 1.15 if high > 0 else 1, start, end)


def score_scale(values: Sequence[float], start: float, end: float) -> Scale:
    """Return the axis of an accuracy in percent; no accuracy is negative."""
    low, high = min(values), max(values)
    room = max(0.14 * (high - low), 0.4)
    return Scale(max(low - room, 0 if low >= 0 else low - room), high + room, start, end)


def log_scale(values: Sequence[float], start: float, end: float, least: float = 1.0) -> Scale:
    """Return a logarithmic axis with some room; it spans the factor ``least`` at least."""
    low, high = min(values), max(values)
    grow = max(1.08, (least * low / high) ** 0.5)
    return Scale(low / grow, high * grow, start, end, log=True)


def _subs(span: float) -> tuple[float, ...]:
    """Return the leading digits of ticks on a logarithmic axis: few where it is long."""
    if span > 1e3:
        return (1.0,)
    return (1.0, 2.0, 5.0) if span > 4 else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
