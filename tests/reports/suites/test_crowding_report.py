"""Factors of the scenes: changes of the gap against brute force, verdicts, and the report."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_experiments import IMAGES, WHOLE_DATA, whole
from fake_records import Suite
from matplotlib.image import imread
from report_tables import column, table

from ablations.crowding import BOTTOM_UP, FACTORS, TOP_DOWN, Factor
from bench.experiment import Experiment, ModelSpec
from bench.metrics.oks import OksMatches
from bench.plan import Plan
from bench.records import read_record
from reports.measured.factors import Moved, as_trained, gap_shift, moved_factors, shift
from reports.measured.results import SEED, Comparison, gather
from reports.paper.crowding_claim import judge, rivals
from reports.paper.verdicts import FAILS, HOLDS, OPEN
from reports.pictures.factor_plot import FactorBlock, FactorLine, draw_factors
from reports.suites import crowding

NAMES = (*BOTTOM_UP, *TOP_DOWN)
CROWDING, PEOPLE = FACTORS[:2]
GAP = "Does the gap between top-down and bottom-up move?"
#: Pixels that a pipeline is off at each of four levels; 1 to 5 px is an AP of 96 to 5 %.
STEADY = {"paf6": (3.2,) * 4, "mspaf3": (2.8,) * 4, "mask_rcnn": (2.0,) * 4}
STEADY |= {"detector_hourglass": (2.4,) * 4}
Errors = dict[str, Sequence[float]]


def planned(factor: Factor, seeds: int = 1) -> list[list[Experiment]]:
    """Return every pipeline as trained, and then at each level of a factor."""
    data = [None, *(replace(WHOLE_DATA, val_images=30, factors=x.factors) for x in factor.levels)]
    return [
        [
            whole(name, seed, model=ModelSpec(name, {}), tested=tested)
            for name in NAMES
            for seed in range(seeds)
        ]
        for tested in data
    ]


def filled(suite: Suite, errors: Errors, factor: Factor = CROWDING, seeds: int = 1) -> Plan:
    """File every pipeline; as trained it is as far off as at the default level."""
    trained, *levels = planned(factor, seeds)
    default = [not level.factors for level in factor.levels].index(True)
    for place, experiments in zip((default, *range(len(levels))), (trained, *levels), strict=True):
        for one in experiments:
            suite.done(one, errors[one.variant][place], samples=False)
    return Plan((*trained, *(one for level in levels for one in level)))


def read(suite: Suite, plan: Plan) -> tuple[Comparison, Moved]:
    comparisons = gather(suite.folder, plan.experiments, "paf6")
    (moved,) = [one for one in moved_factors(comparisons) if len(one.places) == 4]
    return as_trained(comparisons), moved


def report_of(suite: Suite, plan: Plan) -> str:
    crowding.write_report(suite.folder, plan)
    return (suite.folder / "report.md").read_text()


def measured_ap(suite: Suite, one: Experiment) -> float:
    record, _ = read_record(suite.records, one.key)
    assert record is not None
    return record["measured"]["accuracy"]["AP"]


def drawn_again(suite: Suite, one: Experiment, seed: int, resamples: int) -> np.ndarray:
    """Return AP of sets of images that hold every drawn image as often as it was drawn."""
    record, _ = read_record(suite.records, one.key)
    assert record is not None
    matches = OksMatches.from_json(record["evidence"]["oks"])
    draws = np.random.default_rng(seed)
    values = []
    for _ in range(resamples):
        chosen = draws.integers(IMAGES, size=IMAGES)
        rows = [np.flatnonzero(matches.image == image) for image in chosen]
        image = np.repeat(np.arange(IMAGES), [len(row) for row in rows])
        row = np.concatenate(rows)
        order = np.argsort(-matches.score[row], kind="stable")
        row, image = row[order], image[order]
        again = OksMatches(
            image,
            matches.score[row],
            matches.matched[row],
            matches.ignored[row],
            matches.positives[chosen],
        )
        values.append(float(again.statistics()["AP"]))
    return np.array(values)


@pytest.mark.parametrize(("factor", "last_seed"), [(CROWDING, SEED), (PEOPLE, SEED + 1)])
def test_changes_are_those_of_images_drawn_one_by_one(suite, factor, last_seed) -> None:
    errors = STEADY | {"mask_rcnn": (1.5, 2.0, 2.5, 3.2), "mspaf3": (2.4, 2.6, 2.8, 3.0)}
    plan = filled(suite, errors, factor)
    _, moved = read(suite, plan)
    first, last = planned(factor)[1], planned(factor)[-1]
    at = {(one.variant, end): one for end, ones in enumerate((first, last)) for one in ones}
    drawn = {
        place: drawn_again(suite, one, (SEED, last_seed)[place[1]], resamples=200)
        for place, one in at.items()
        if place[0] in ("mask_rcnn", "mspaf3")
    }
    exact = {place: measured_ap(suite, at[place]) for place in drawn}

    def of(values, change: Callable):
        return change(*(values[name, end] for name in ("mask_rcnn", "mspaf3") for end in (0, 1)))

    found = gap_shift(moved, "mask_rcnn", "mspaf3")
    assert found is not None and found.kept is not None
    for estimate, change in (
        (found.points, lambda a, b, c, d: (b - d) - (a - c)),
        (found.kept, lambda a, b, c, d: b / a - d / c),
    ):
        low, high = np.quantile(of(drawn, change), [0.025, 0.975])
        assert estimate.value == pytest.approx(of(exact, change), abs=1e-12)
        assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=1e-12)
    alone = shift(moved, "mspaf3")
    assert alone is not None and alone.kept is not None
    before, after = (drawn["mspaf3", end] for end in (0, 1))
    expected = np.quantile(after - before, [0.025, 0.975])
    assert (alone.points.low, alone.points.high) == pytest.approx(tuple(expected), abs=1e-12)
    assert alone.kept.value == pytest.approx(exact["mspaf3", 1] / exact["mspaf3", 0])


def test_scenes_that_are_the_same_leave_nothing_to_chance(suite: Suite) -> None:
    _, moved = read(suite, filled(suite, STEADY))
    still = gap_shift(moved, "mask_rcnn", "mspaf3")
    assert still is not None
    assert (still.points.low, still.points.high) == (0, 0)
    _, others = read(Suite(suite.folder / "b"), filled(Suite(suite.folder / "b"), STEADY, PEOPLE))
    unpaired = gap_shift(others, "mask_rcnn", "mspaf3")
    assert unpaired is not None
    assert unpaired.points.low < -0.01 < 0.01 < unpaired.points.high


def test_seeds_that_one_pipeline_lacks_count_for_none(suite: Suite) -> None:
    errors = STEADY | {"mask_rcnn": (1.5, 2.0, 2.5, 3.2)}
    plan = filled(suite, errors, seeds=2)
    lost = next(
        one
        for one in plan.experiments
        if one.variant == "mspaf3" and one.seed == 1 and one.tested
        and one.tested.factors == CROWDING.levels[-1].factors
    )  # fmt: skip
    suite.failed(lost, "killed")
    _, moved = read(suite, plan)
    found = gap_shift(moved, "mask_rcnn", "mspaf3")
    ends = [
        {
            one.variant: measured_ap(suite, one)
            for one in planned(CROWDING, 2)[place]
            if not one.seed
        }
        for place in (1, -1)
    ]
    first, last = (one["mask_rcnn"] - one["mspaf3"] for one in ends)
    assert found is not None
    assert found.points.value == pytest.approx(last - first, abs=1e-12)


@pytest.mark.parametrize(
    ("top_down", "bottom_up", "verdict", "obstacle"),
    [
        ((1.0, 2.0, 3.0, 4.0), (2.4, 2.4, 2.6, 2.8), HOLDS, ""),
        ((1.5, 1.6, 1.6, 1.7), (2.0, 2.6, 3.2, 4.0), FAILS, ""),
        ((2.0, 2.0, 2.0, 2.0), (2.8, 2.8, 2.8, 2.8), OPEN, "change contains 0"),
        # Top-down has twice as much to lose, and both lose all of it.
        ((2.0, 2.4, 3.0, 8.0), (3.2, 3.4, 4.0, 8.0), OPEN, "not clearly different"),
        # Top-down loses more points and keeps a larger share.
        ((1.0, 2.0, 2.4, 2.8), (4.0, 4.2, 4.4, 5.0), OPEN, "say opposite things"),
    ],
)
def test_verdicts(suite, top_down, bottom_up, verdict, obstacle) -> None:
    worse = tuple(one + 0.3 for one in top_down)
    errors = {
        "paf6": tuple(one + 0.1 for one in bottom_up),
        "mspaf3": bottom_up,
        "mask_rcnn": worse,
        "detector_hourglass": top_down,
    }
    trained, moved = read(suite, filled(suite, errors))
    assert rivals(trained) == ("detector_hourglass", "mspaf3")
    finding = judge(moved, trained)
    assert finding.verdict == verdict
    assert bool(finding.obstacles) == (verdict == OPEN)
    assert obstacle in "; ".join(finding.obstacles)


def test_a_pipeline_that_learnt_nothing_leaves_all_open(suite: Suite) -> None:
    errors = STEADY | {"mask_rcnn": (1.0, 2.0, 3.0, 4.0), "paf6": (60.0,) * 4}
    trained, moved = read(suite, filled(suite, errors))
    finding = judge(moved, trained)
    assert finding.shift is not None and finding.shift.points.high < 0
    assert finding.verdict == OPEN
    assert "paf6 learnt next to nothing" in "; ".join(finding.obstacles)


def test_a_pipeline_without_result_leaves_all_open_and_is_named(suite: Suite) -> None:
    plan = filled(suite, STEADY)
    suite.failed(plan.experiments[-1], "no memory")
    report = report_of(suite, plan)
    name = plan.experiments[-1].variant
    assert f"{name} brought no result" in report
    assert column(report, GAP, "favours bottom-up") == [f"**{OPEN}**"]
    assert table(report, "What did not finish") == [
        [name, "synthetic with crowded 1, group_width 0.4", "0", "no memory"]
    ]


def test_the_report_tells_numbers_and_verdict(suite: Suite) -> None:
    errors = STEADY | {
        "mask_rcnn": (1.0, 1.5, 2.4, 4.0),
        "detector_hourglass": (1.2, 1.8, 2.5, 4.0),
    }
    plan = filled(suite, errors)
    report = report_of(suite, plan)
    labels = [level.label for level in CROWDING.levels]
    labels[1] += " (as in training)"
    assert column(report, "AP at every level", "level") == labels
    for name in NAMES:
        cells = column(report, "AP at every level", name)
        own = [one for one in plan.experiments if one.variant == name and one.tested]
        expected = [f"{100 * measured_ap(suite, one):.1f}" for one in own]
        assert [cell.split(" ±")[0] for cell in cells] == expected
    assert column(report, GAP, "favours bottom-up") == [f"**{HOLDS}**"]
    assert column(report, GAP, "pairs that close / open") == ["4 / 0 of 4"]
    assert column(report, GAP, "from → to") == ["0 % → 100 %, tight"]
    assert "That **crowding** favours bottom-up **holds**: the gap moves by -" in report
    assert "trained once a seed on `synthetic`" in report
    assert "Each pipeline was trained once here" in report
    kept = column(report, "What each pipeline loses from the first level to the last", "paf6")
    assert kept == ["+0.0 [+0.0, +0.0]; keeps 100 %"]
    assert "(accuracy_vs_factors.png)" in report
    picture = imread(suite.folder / "accuracy_vs_factors.png")[..., :3]
    assert (picture.max(axis=-1) - picture.min(axis=-1)).max() > 0.3  # something has a colour


def test_factors_and_levels_that_were_not_planned_are_no_rows(suite: Suite) -> None:
    trained, *levels = planned(CROWDING)
    ends = [*trained, *levels[0], *levels[-1]]
    for one in ends:
        suite.done(one, 2.0, samples=False)
    report = report_of(suite, Plan(tuple(ends)))
    # The default level is that of training itself here.
    assert len(column(report, "AP at every level", "level")) == 3
    assert column(report, "What is moved", "factor") == ["crowding"]


def test_the_scenes_of_the_default_level_are_as_many_as_of_the_others(suite: Suite) -> None:
    for plan in (filled(suite, STEADY), Plan(tuple(x for y in planned(CROWDING) for x in y)[::-1])):
        comparisons = gather(suite.folder, plan.experiments, "paf6")
        (moved,) = moved_factors(comparisons)
        assert {one.comparison.tested.val_images for one in moved.places} == {30}
        assert as_trained(comparisons).tested == WHOLE_DATA


def test_nothing_has_finished(suite: Suite) -> None:
    experiments = [one for level in planned(PEOPLE) for one in level]
    (suite.folder / "accuracy_vs_factors.png").touch()
    report = report_of(suite, Plan(tuple(experiments)))
    assert "brought no result" in report
    assert len(table(report, "What did not finish")) == len(experiments)
    assert not (suite.folder / "accuracy_vs_factors.png").exists()


def block(levels: int, pipelines: int, missing: bool = False) -> FactorBlock:
    values = np.linspace(60, 10, levels)
    if missing:
        values[-1] = np.nan
    line = FactorLine(values, np.stack([values - 5, values + 5], axis=1))
    ticks = [f"a long label of level {level}" for level in range(levels)]
    lines = dict.fromkeys(range(pipelines), line)
    return FactorBlock("factor", "what it is", ticks, 0 if levels > 2 else None, lines, line)


@pytest.mark.parametrize(
    "blocks",
    [[block(2, 1, missing=True)], [block(4, 4)] * 3 + [block(2, 4)]],
    ids=["one, with a hole", "more than a row"],
)
def test_blocks_are_drawn(tmp_path: Path, blocks: list[FactorBlock]) -> None:
    names = {place: f"variant_{place}" for place in blocks[0].pipelines}
    draw_factors(tmp_path / "a.png", blocks, names, title="t", note="n", gap_label="g")
    assert imread(tmp_path / "a.png").std() > 0
