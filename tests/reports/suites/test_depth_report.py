"""What depth wins, from records to the claim's verdict."""

from dataclasses import replace

import pytest
from fake_experiments import experiment
from fake_records import Suite
from report_tables import column, table

import reports.suites.depth
from bench.experiment import Experiment
from bench.plan import Plan
from reports.measured.ladders import gain_difference, ladders, shared_shares
from reports.measured.results import AP, gather
from reports.paper.claim1_depth import judge_depth
from reports.paper.verdicts import FAILS, HOLDS, OPEN
from reports.suites.depth import write_report

HEADING = "Claim 1, second half, deeper networks can be built from IOI: "
DEPTHS = {"ioi": (1, 3), "inception_residual": (6, 18), "residual": (6, 19, 57)}
#: Pixels that each network is off, shallow first: the less, the higher its AP.
AS_CLAIMED = {
    "ioi": (3.0, 1.0),
    "inception_residual": (3.0, 2.0),
    "residual": (4.0, 3.0, 3.0),
}


@pytest.fixture
def suite(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setattr(reports.suites.depth, "draw_depths", lambda path, *_, **__: path.touch())
    return suite


def network(block: str, depth: int, seed: int = 0) -> Experiment:
    one = experiment(block, seed)
    arguments = one.model.arguments | {"depth": depth}
    model = replace(one.model, arguments=arguments)
    return replace(one, variant=f"{depth} × {block}", model=model)


def filled(suite: Suite, errors: dict[str, tuple[float, ...]], seeds: int = 1) -> Plan:
    planned = []
    for block, off in errors.items():
        for depth, error in zip(DEPTHS[block], off, strict=True):
            for seed in range(seeds):
                planned.append(network(block, depth, seed))
                suite.done(planned[-1], error)
    return Plan(tuple(planned))


def found(suite: Suite, planned: Plan):
    (comparison,) = gather(suite.folder, planned.experiments, "")
    return ladders(comparison)


def report(suite: Suite, planned: Plan) -> str:
    write_report(suite.folder, planned)
    return (suite.folder / "report.md").read_text()


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        (AS_CLAIMED, HOLDS),
        (AS_CLAIMED | {"ioi": (3.0, 3.0)}, FAILS),
        (AS_CLAIMED | {"residual": (4.0, 3.0, 1.0)}, FAILS),
        (AS_CLAIMED | {"ioi": (3.0, 2.0)}, OPEN),
        (AS_CLAIMED | {"ioi": (30.0, 1.0)}, OPEN),
        ({name: AS_CLAIMED[name] for name in ("ioi", "residual")}, OPEN),
    ],
    ids=["as claimed", "ioi saturates", "residual gains", "a tie", "untaught", "one missing"],
)
def test_the_claim_is_judged_by_both_differences_between_gains(suite, errors, verdict):
    planned = filled(suite, errors)
    assert judge_depth(found(suite, planned)).verdict == verdict


def test_gains_are_from_the_first_depth_that_all_share(suite):
    planned = filled(suite, AS_CLAIMED)
    chosen = found(suite, planned)
    # A third and the whole; the residual network of 6 blocks has no like.
    assert [float(share) for share in shared_shares(chosen)] == pytest.approx([1 / 3, 1])
    ap = {one.name: one.estimate(AP).value for one in _variants(suite, planned)}
    text = report(suite, planned)
    rows = table(text, HEADING + HOLDS)
    for (block, depths), row in zip(DEPTHS.items(), rows, strict=True):
        won = ap[f"{depths[-1]} × {block}"] - ap[f"{depths[-2]} × {block}"]
        assert row[0] == block
        assert row[1].startswith(f"{100 * won:+.1f} [")
    assert "The gains are those between a depth and 3 times that." in text


def test_a_difference_between_gains_is_paired_over_images_and_seeds(suite):
    planned = filled(suite, AS_CLAIMED, seeds=2)
    one, other, _ = found(suite, planned)
    low, high = shared_shares([one, other])
    gap = gain_difference(one, other, low, high)
    ap = {v.name: v.estimate(AP).value for v in _variants(suite, planned)}
    expected = ap["3 × ioi"] - ap["1 × ioi"]
    expected -= ap["18 × inception_residual"] - ap["6 × inception_residual"]
    assert gap is not None
    assert gap.value == pytest.approx(expected)
    assert gap.low < gap.value < gap.high
    same = gain_difference(one, one, low, high)
    assert same is not None
    assert (same.low, same.value, same.high) == pytest.approx((0, 0, 0), abs=1e-12)


def test_where_a_block_saturates_is_marked_and_said(suite):
    text = report(suite, filled(suite, AS_CLAIMED))
    blocks = column(text, "What each step of depth wins", "block")
    depths = column(text, "What each step of depth wins", "blocks in the trunk")
    marks = column(text, "What each step of depth wins", "saturates")
    marked = [row[:2] for row in zip(blocks, depths, marks, strict=True) if row[2]]
    assert marked == [("residual", "19")]
    assert "- **residual** saturates at 19 of up to 57 blocks." in text
    assert "- **ioi** still gained at its deepest, 3 blocks." in text


def test_where_nothing_was_learnt_nothing_saturates(suite):
    text = report(suite, filled(suite, AS_CLAIMED | {"ioi": (60.0, 60.0)}))
    assert "- **ioi** learnt next to nothing at any depth" in text
    blocks = column(text, "What each step of depth wins", "block")
    marks = column(text, "What each step of depth wins", "saturates")
    assert not any(mark for block, mark in zip(blocks, marks, strict=True) if block == "ioi")


def test_a_network_without_a_result_leaves_the_claim_open_and_is_named(suite):
    others = {name: AS_CLAIMED[name] for name in ("inception_residual", "residual")}
    planned = filled(suite, others)
    missing, shallow = network("ioi", 3), network("ioi", 1)
    suite.done(shallow, 3.0)
    suite.failed(missing, "out of memory")
    text = report(suite, Plan((shallow, missing, *planned.experiments)))
    assert f"## {HEADING}{OPEN}" in text
    assert "3 × ioi brought no result" in text
    assert ["3 × ioi", "0", "out of memory"] in table(text, "What did not finish")
    assert "- **ioi** has too few depths that finished to tell." in text


def test_a_suite_of_which_nothing_ran_has_a_report_without_a_picture(suite):
    (suite.folder / "accuracy_vs_depth.png").touch()
    text = report(suite, Plan((network("ioi", 1), network("ioi", 3))))
    assert f"## {HEADING}{OPEN}" in text
    assert not (suite.folder / "accuracy_vs_depth.png").exists()


def _variants(suite: Suite, planned: Plan):
    (comparison,) = gather(suite.folder, planned.experiments, "")
    return comparison.variants
