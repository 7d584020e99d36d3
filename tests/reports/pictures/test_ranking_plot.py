"""Accuracy where all cost alike: in rows, since a scatter would be one column."""

from pathlib import Path

import pytest
from fake_experiments import whole
from fake_records import Suite, fake_cost
from matplotlib.image import imread

from bench.plan import Plan
from reports.html.charts import ranking
from reports.html.drawings import accuracy_charts
from reports.measured.results import gather
from reports.pictures.plots import Point
from reports.pictures.ranking_plot import ALIKE, cost_alike, draw_ranking, ranked
from reports.suites import pipelines


def points(*places: tuple[float, float]) -> list[Point]:
    return [Point(f"v{i}", i, x, y, None, (y - 1, y + 2)) for i, (x, y) in enumerate(places)]


def test_costs_are_alike_within_a_factor_and_only_among_several() -> None:
    assert cost_alike(points((1.0, 5), (ALIKE, 6)))
    assert not cost_alike(points((1.0, 5), (ALIKE + 0.01, 6)))
    assert not cost_alike(points((1.0, 5)))
    assert not cost_alike(points((0.0, 5), (0.0, 6)))


def test_the_best_comes_first_with_its_interval() -> None:
    rows = ranked(points((1, 5), (1, 7), (1, 6)))
    assert [(row.label, row.x, row.y) for row in rows] == [("v1", 7, 0), ("v2", 6, 1), ("v0", 5, 2)]
    assert rows[0].x_spread == (6, 9)
    assert [row.place for row in rows] == [1, 2, 0]


@pytest.mark.parametrize("count", [1, 12])
@pytest.mark.parametrize("floor", [None, 0.5])
def test_a_picture_is_drawn(tmp_path: Path, count: int, floor: float | None) -> None:
    path = tmp_path / "ranking.png"
    rows = points(*((1.0, 5.0 + row) for row in range(count)))
    draw_ranking(path, rows, title="t", note="n", x_label="AP (%)", floor=floor)
    assert imread(path)[..., :3].std() > 0.02


def test_rows_of_a_drawing_lie_below_one_another_with_their_names_above() -> None:
    told = [(point, f"told {point.label}") for point in points((1, 5), (1, 7), (1, 6))]
    chart = ranking("t", "x", told)
    assert [mark.told for mark in chart.marks] == ["told v1", "told v2", "told v0"]
    assert [mark.y for mark in chart.marks] == sorted(mark.y for mark in chart.marks)
    for name, mark in zip(chart.names, chart.marks, strict=True):
        assert f"told {name.text}" == mark.told
        assert mark.y - 14 <= name.y < mark.y


@pytest.mark.parametrize("gmac", [0.0123, 0.0246])
def test_a_report_ranks_where_all_cost_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gmac: float
) -> None:
    suite = Suite(tmp_path)
    planned = [whole("paf6"), whole("mspaf3")]
    for one, error, adds in zip(planned, (3.0, 2.5), (0.0123, gmac), strict=True):
        suite.done(one, error, cost=fake_cost(67123, adds))
    titles = {}
    for drawing in ("draw_scatter", "draw_ranking"):
        monkeypatch.setattr(
            f"reports.pictures.drawn.{drawing}",
            lambda path, *_, title, **__: titles.update({path.name: title.split("\n")[0]}),
        )
    pipelines.write_report(suite.folder, Plan(planned))
    alike = gmac == 0.0123
    expected = "Accuracy at equal cost" if alike else "Accuracy against multiply-adds"
    assert titles == {"accuracy_vs_macs.png": expected}
    (comparison,) = gather(suite.folder, planned, "paf6")
    charts = [chart.title for chart in accuracy_charts(comparison, [])]
    if alike:  # by multiply-adds and by parameters, but the rows are the same
        assert charts == ["AP at equal multiply-adds"]
    else:
        assert charts == ["AP against multiply-adds", "AP at equal parameters"]
