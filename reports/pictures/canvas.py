"""What all plots share: figure, headline, axes, and the look of a variant in every one of them."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from matplotlib.typing import ColorType

from reports.measured.results import Estimate
from reports.pictures.names import FAINT, INK

DPI = 160
Dashes = Literal["solid"] | tuple[float, Sequence[float]]

# Okabe and Ito's palette for colour-blind readers ("Color Universal Design", 2008), less its
# yellow, which vanishes on white.
_PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_MARKERS = ("o", "s", "D", "^", "v")  # 5 and 7 share no factor, so 35 variants look different
_DASHES: tuple[Dashes, ...] = (
    "solid",
    (0, (5, 1.5)),
    (0, (2, 1)),
    (0, (6, 1.5, 1.5, 1.5)),
)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)  # no window, no global state: reports are also drawn in servers
    return figure


def in_percent(estimates: Sequence[Estimate | None]) -> tuple[np.ndarray, np.ndarray]:
    """Return the values ``[N]`` and both ends ``[N, 2]`` of estimates in percent.

    They are nan where there is none.
    """
    rows = [(np.nan,) * 3 if one is None else (one.value, one.low, one.high) for one in estimates]
    numbers = 100 * np.array(rows, dtype=np.float64).reshape(-1, 3)
    return numbers[:, 0], numbers[:, 1:]


def write_headline(figure: Figure, title: str, note: str) -> None:
    """Write the title above the plots and the note below them."""
    figure.suptitle(title, x=0.012, ha="left", fontsize=12, fontweight="bold", color=INK)
    figure.supxlabel(note, x=0.012, ha="left", fontsize=8.5, color=FAINT)


def clean_axes(ax: Axes) -> None:
    """Leave of the axes what helps to read a value."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(FAINT)
    ax.grid(color="#e4e4e4", linewidth=0.7)
    ax.set_axisbelow(True)
    ax.tick_params(color=FAINT, labelcolor=INK)


def plain_log_axis(axis: Axis) -> None:
    """Label a logarithmic axis with plain numbers at 1, 2, 5, 10 and so on."""
    axis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def colour_of(place: int) -> ColorType:
    """Return the colour of the variant at a place in the list of variants."""
    return _PALETTE[place % len(_PALETTE)]


def marker_of(place: int) -> str:
    """Return its marker."""
    return _MARKERS[place % len(_MARKERS)]


def dashes_of(place: int) -> Dashes:
    """Return its line style."""
    return _DASHES[place % len(_DASHES)]


def variant_key(place: int, label: str) -> Line2D:
    """Return the legend's line for a variant, in its look."""
    return Line2D(
        [],
        [],
        color=colour_of(place),
        marker=marker_of(place),
        linestyle=dashes_of(place),
        label=label,
    )


def name_beside(ax: Axes, lines: Sequence[Line2D], title: str | None = None) -> None:
    """Put the legend to the right of the axes, where it covers nothing."""
    ax.legend(
        handles=lines,
        title=title,
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
        alignment="left",
    )
