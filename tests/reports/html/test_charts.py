"""Where things lie on a drawing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.html.charts import HEIGHT, WIDTH, Curve, curves, scatter
from reports.html.scales import Scale, cost_scale, log_scale
from reports.pictures.plots import Point

NUMBERS = st.floats(0.01, 1e5, allow_nan=False)


def test_a_scale_by_hand() -> None:
    line, log = Scale(0, 10, 100, 200), Scale(1, 100, 0, 80, log=True)
    assert [line(value) for value in (0, 2.5, 10)] == [100, 125, 200]
    assert [log(value) for value in (1, 10, 100)] == [0, 40, 80]
    assert [tick.text for tick in line.ticks] == ["0", "2", "4", "6", "8", "10"]


@given(st.lists(NUMBERS, min_size=1, max_size=6))
def test_every_cost_lies_within_its_axis(values: list[float]) -> None:
    for scale in (cost_scale(values, 50, 400), log_scale(values, 50, 400)):
        assert all(50 <= scale(value) <= 400 for value in values)
        assert all(50 <= tick.at <= 400 for tick in scale.ticks)


def test_costs_of_one_size_are_drawn_from_nothing_on() -> None:
    assert cost_scale([10, 30], 0, 1).low == 0
    assert cost_scale([1, 100], 0, 1).log
    assert cost_scale([100, 101], 0, 1).low > 90


def points(*places: tuple[float, float]) -> list[tuple[Point, str]]:
    return [(Point(f"v{i}", i, x, y), f"told {i}") for i, (x, y) in enumerate(places)]


def test_the_front_goes_along_and_then_up() -> None:
    chart = scatter("t", "x", "y", points((1, 10), (2, 9), (3, 12)), None)
    (x1, y1), (x2, y2), (x3, y3) = chart.front
    assert (x1, y1) == (chart.marks[0].x, chart.marks[0].y)
    assert (x3, y3) == (chart.marks[2].x, chart.marks[2].y)
    assert (x2, y2) == (x3, y1)


def test_zero_skill_below_the_axis_says_so() -> None:
    inside = scatter("t", "x", "y", points((1, 10), (2, 20)), 12.0).floor
    below = scatter("t", "x", "y", points((1, 10), (2, 20)), 0.0).floor
    assert inside is not None and inside.text == "zero skill 12.0"
    assert below is not None and "below" in below.text
    assert scatter("t", "x", "y", points((1, 10)), None).floor is None


@given(st.lists(st.tuples(NUMBERS, st.floats(0, 100)), min_size=1, max_size=12))
def test_names_lie_inside_and_clear_of_one_another(places: list[tuple[float, float]]) -> None:
    names = scatter("t", "x", "y", points(*places), None).names
    assert all(0 < one.x < WIDTH and 0 < one.y < HEIGHT for one in names)
    spots = [(one.x, one.y) for one in names]
    for number, one in enumerate(spots):
        for other in spots[number + 1 :]:
            assert abs(one[0] - other[0]) >= 13 or abs(one[1] - other[1]) >= 13.9


def test_curves_share_a_key_over_seeds_and_mark_what_was_measured() -> None:
    drawn = [Curve("a", 0, [1, 5], [2.0, 3.0], [(1, 3), (2, 4)], ["one", "five"])] * 2
    chart = curves("t", "x", "y", drawn, log_x=True, log_y=True)
    assert [key.text for key in chart.keys] == ["a"]
    assert [tick.text for tick in chart.x_ticks] == ["1", "5"]
    assert [mark.told for mark in chart.marks] == ["one", "five"] * 2
    assert len(chart.lines[0].band) == 4


def test_a_curve_of_equal_losses_has_an_axis() -> None:
    chart = curves("t", "x", "y", [Curve("a", 0, [1, 2], [3.0, 3.0])], log_x=False, log_y=False)
    assert chart.lines[0].points[0][1] == pytest.approx(139, abs=1)  # the middle
