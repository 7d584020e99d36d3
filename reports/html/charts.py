"""Drawings for the page: which lines, marks and names go where, in units of the drawing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from reports.html.scales import Scale, Tick, cost_scale, log_scale, score_scale
from reports.pictures.canvas import dashes_of, marker_of
from reports.pictures.plots import Point, pareto_front
from reports.pictures.ranking_plot import ranked

WIDTH, HEIGHT = 440, 310  # narrow, so that letters are legible on a phone
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 424, 14, 264
_LETTER, _LINE = 6.6, 14  # width and height that a name takes, a letter and a line
_GAP = 9  # from a point to its name

#: Outlines of matplotlib's markers, around the origin.
_SHAPES = {
    "o": "M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0z",
    "s": "M-4.5,-4.5h9v9h-9z",
    "D": "M0,-6L6,0L0,6L-6,0z",
    "^": "M0,-6L5.6,4.4H-5.6z",
    "v": "M0,6L5.6,-4.4H-5.6z",
}
_Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Mark:
    """A point that can be pointed at, with its error bars.

    Attributes:
        x, y: its place.
        place: of its variant, which gives colour and shape.
        told: what is written beside it when it is pointed at.
        bars: lines ``(x1, y1, x2, y2)``.
    """

    x: float
    y: float
    place: int
    told: str
    bars: tuple[_Box, ...] = ()

    @property
    def shape(self) -> str:
        """The outline of its marker."""
        return _SHAPES[marker_of(self.place)]


@dataclass(frozen=True)
class Line:
    """A curve through places, with a band around it where there is one."""

    points: tuple[tuple[float, float], ...]
    place: int
    told: str
    band: tuple[tuple[float, float], ...] = ()

    @property
    def dashes(self) -> str:
        """The pattern of its strokes as SVG has it, "none" where it is whole."""
        return dashes(self.place)


@dataclass(frozen=True)
class Name:
    """A word beside a point."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Key:
    """A line of the legend."""

    text: str
    place: int

    @property
    def shape(self) -> str:
        """The outline of its marker."""
        return _SHAPES[marker_of(self.place)]

    @property
    def dashes(self) -> str:
        """The pattern of its strokes."""
        return dashes(self.place)


@dataclass(frozen=True)
class Chart:
    """A drawing of ``WIDTH`` × ``HEIGHT`` units."""

    title: str
    x_label: str
    y_label: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    marks: Sequence[Mark] = ()
    lines: Sequence[Line] = ()
    names: Sequence[Name] = ()
    front: Sequence[tuple[float, float]] = ()
    floor: Tick | None = None
    keys: Sequence[Key] = ()
    frame: _Box = field(default=(_LEFT, _TOP, _RIGHT, _BOTTOM))


@dataclass(frozen=True)
class Curve:
    """Numbers along an axis.

    Attributes:
        label: its name.
        place: of its variant.
        x, y: of its points.
        spread: (low, high) at each; empty where there is none.
        told: of each point, when it is pointed at; empty for a curve without markers.
    """

    label: str
    place: int
    x: Sequence[float]
    y: Sequence[float]
    spread: Sequence[tuple[float, float]] = ()
    told: Sequence[str] = ()


def scatter(
    title: str,
    x_label: str,
    y_label: str,
    points: Sequence[tuple[Point, str]],
    floor: float | None,
) -> Chart:
    """Return accuracy against a cost with the Pareto front of the points.

    Args:
        title: of the drawing.
        x_label, y_label: with their units.
        points: each with what is told of it.
        floor: what zero skill scores; None where it was not measured.
    """
    only = [point for point, _ in points]
    x = cost_scale([v for one in only for v in (one.x, *(one.x_spread or ()))], _LEFT, _RIGHT)
    y = score_scale([v for one in only for v in (one.y, *(one.y_spread or ()))], _BOTTOM, _TOP)
    front = [(x(one.x), y(one.y)) for one in pareto_front(only)]
    # Cost without more accuracy is no further point of the front: along, then up.
    steps = [front[0], *(step for a, b in pairwise(front) for step in ((b[0], a[1]), b))]
    return Chart(
        title,
        x_label,
        y_label,
        x.ticks,
        y.ticks,
        marks=[_mark(point, told, x, y) for point, told in points],
        names=_names(only, x, y),
        front=steps,
        floor=None if floor is None else _floor(floor, y),
    )


def ranking(title: str, x_label: str, points: Sequence[tuple[Point, str]]) -> Chart:
    """Return accuracies below one another, the best first, each with its name above it.

    Args:
        title: of the drawing.
        x_label: of accuracy, with its unit.
        points: as above; their cost is not drawn.
    """
    told = {point.label: text for point, text in points}
    rows = ranked([point for point, _ in points])
    ends = [value for row in rows for value in (row.x, *(row.x_spread or ()))]
    x, y = score_scale(ends, _GAP, _RIGHT), Scale(-0.7, len(rows) - 0.5, _TOP, _BOTTOM)
    return Chart(
        title,
        x_label,
        "",
        x.ticks,
        (),
        marks=[_mark(row, told[row.label], x, y) for row in rows],
        names=[Name(_GAP + 4.0, y(row.y) - _LINE / 2, row.label) for row in rows],
        frame=(_GAP, _TOP, _RIGHT, _BOTTOM),
    )


def curves(
    title: str,
    x_label: str,
    y_label: str,
    drawn: Sequence[Curve],
    *,
    log_x: bool,
    log_y: bool,
    least: float = 1.0,
) -> Chart:
    """Return curves with a legend; markers where points are told of.

    Args:
        title, x_label, y_label: as above.
        drawn: at least one, with points.
        log_x, log_y: which axes are logarithmic.
        least: factor that a logarithmic axis up spans at least.
    """
    across = [value for one in drawn for value in one.x]
    up = [v for one in drawn for v in (*one.y, *(end for ends in one.spread for end in ends))]
    x = log_scale(across, _LEFT, _RIGHT) if log_x else Scale(0, 1.02 * max(across), _LEFT, _RIGHT)
    if log_y:
        y = log_scale(up, _BOTTOM, _TOP, least)
    else:
        low, high = min(up), max(up)
        room = 0.05 * (high - low) or abs(high) or 1.0
        y = Scale(low - room, high + room, _BOTTOM, _TOP)
    x_ticks = x.ticks
    if log_x:  # these are the numbers that were measured
        x_ticks = [Tick(x(value), f"{value:g}") for value in sorted(set(across))]
    named = {(one.label, one.place): None for one in drawn}  # seeds of a variant share a line
    return Chart(
        title,
        x_label,
        y_label,
        x_ticks,
        y.ticks,
        marks=[
            Mark(x(a), y(b), one.place, told)
            for one in drawn
            for a, b, told in zip(one.x, one.y, one.told, strict=False)
        ],
        lines=[_line(one, x, y) for one in drawn],
        keys=[Key(*one) for one in named],
    )


def _floor(score: float, y: Scale) -> Tick:
    """Return the line of zero skill; one off the axis lies on its end and says so."""
    if y.low <= score <= y.high:
        return Tick(y(score), f"zero skill {score:.1f}")
    below = score < y.low
    end, way = (_BOTTOM, "below ↓") if below else (_TOP, "above ↑")
    return Tick(end, f"zero skill {score:.1f}, {way}")


def dashes(place: int) -> str:
    """Return the strokes of the variant at a place as SVG has them, "none" for a whole line."""
    pattern = dashes_of(place)
    return "none" if isinstance(pattern, str) else " ".join(f"{2 * one:g}" for one in pattern[1])


def _line(curve: Curve, x: Scale, y: Scale) -> Line:
    band: tuple[tuple[float, float], ...] = ()
    if curve.spread:
        lower = [(x(a), y(low)) for a, (low, _) in zip(curve.x, curve.spread, strict=True)]
        upper = [(x(a), y(high)) for a, (_, high) in zip(curve.x, curve.spread, strict=True)]
        band = (*lower, *reversed(upper))
    points = tuple((x(a), y(b)) for a, b in zip(curve.x, curve.y, strict=True))
    return Line(points, curve.place, curve.label, band)


def _mark(point: Point, told: str, x: Scale, y: Scale) -> Mark:
    across, up = x(point.x), y(point.y)
    bars: list[_Box] = []
    if point.x_spread:
        bars.append((x(point.x_spread[0]), up, x(point.x_spread[1]), up))
    if point.y_spread:
        bars.append((across, y(point.y_spread[0]), across, y(point.y_spread[1])))
    return Mark(across, up, point.place, told, tuple(bars))


def _names(points: Sequence[Point], x: Scale, y: Scale) -> list[Name]:
    """Return the names that find room beside their points; the others are told on pointing."""
    spots = [(x(one.x), y(one.y)) for one in points]
    taken: list[_Box] = [(a - 6, b - 6, a + 6, b + 6) for a, b in spots]
    names = []
    for point, spot in zip(points, spots, strict=True):
        for box in _boxes(spot, _LETTER * len(point.label)):
            if _inside(box) and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                names.append(Name(round(box[0], 1), round(box[3] - 3.5, 1), point.label))
                break
    return names


def _boxes(spot: tuple[float, float], width: float) -> Iterator[_Box]:
    x, y = spot
    for up in (-_GAP, _GAP, -2 * _GAP, 2 * _GAP, -3 * _GAP, 3 * _GAP):
        for left in (x + _GAP - 2, x - _GAP + 2 - width, x - width / 2):
            yield left, y + up - _LINE / 2, left + width, y + up + _LINE / 2


def _inside(box: _Box) -> bool:
    return box[0] > _LEFT and box[1] >= _TOP - 8 and box[2] <= WIDTH and box[3] <= _BOTTOM


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
