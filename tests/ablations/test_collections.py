"""Several suites by one command: which, in what order, and what is refused."""

from pathlib import Path

import pytest

import run_all
from ablations import COLLECTIONS, SUITES


@pytest.fixture
def ran(monkeypatch):
    """Names of the suites in the order in which they are run; none is."""
    names: list[str] = []

    def run(chosen, command, team):
        names.append(chosen.suite)
        return run_all.FAILED if chosen.suite == "depth" else run_all.DONE

    monkeypatch.setattr(run_all, "_run_suite", run)
    return names


def test_all_is_every_suite_once():
    assert sorted(COLLECTIONS["all"].suites) == sorted(SUITES)


def test_what_trains_for_others_comes_before_them():
    order = COLLECTIONS["all"].suites
    for first, later in (
        ("blocks", "depth"),
        ("blocks", "receptive_field"),
        ("pipelines", "table1"),
        ("pipelines", "table2"),
        ("pipelines", "crowding"),
        ("table4", "table3"),
    ):
        assert order.index(first) < order.index(later)


@pytest.mark.parametrize("name", sorted(COLLECTIONS))
def test_each_suite_runs_and_the_claims_are_reported(name, ran, tmp_path, capsys):
    words = ["--suite", name, "--preset", "smoke", "--out", str(tmp_path)]
    assert run_all.main(words) == run_all.FAILED, "a failure in one suite is not forgotten"
    assert tuple(ran) == COLLECTIONS[name].suites, "nor does it stop the others"
    assert str(tmp_path / "claims" / "report.md") in capsys.readouterr().out
    assert (tmp_path / "claims" / "report.md").exists()


def test_a_report_is_rebuilt_of_those_that_ran(ran, tmp_path):
    (tmp_path / "table1" / "records" / "key").mkdir(parents=True)
    assert run_all.main(["--suite", "all", "--report-only", "--out", str(tmp_path)]) == run_all.DONE
    assert ran == ["table1"]
    assert (tmp_path / "claims" / "report.md").exists()


def test_a_dry_run_writes_nothing(ran, tmp_path):
    run_all.main(["--suite", "claims", "--dry-run", "--out", str(tmp_path / "results")])
    assert tuple(ran) == COLLECTIONS["claims"].suites
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--data", "coco"), ("--blocks", "io*"), ("--match", "macs"), ("--set", "train.steps=3")],
)
def test_what_not_all_suites_take_is_refused(option, value, ran, capsys):
    assert run_all.main(["--suite", "claims", option, value]) == run_all.BAD_INPUT
    assert f"runs suites of which not all take {option}" in capsys.readouterr().err
    assert not ran
    assert not Path("results/claims").exists()
