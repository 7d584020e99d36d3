"""``--power`` on the records of a suite."""

from pathlib import Path

import pytest
from fake_experiments import experiment, latency
from fake_records import Suite
from report_tables import cells

import run_all
from ablations.plan import save_plan
from bench.plan import Plan


def filed(folder: Path, errors: dict[str, float], seeds: int) -> None:
    suite = Suite(folder)
    planned = [experiment(name, seed) for seed in range(seeds) for name in errors]
    for one in planned:
        suite.done(one, errors[one.variant])
    save_plan(folder, Plan(tuple(planned), latency(*planned)))


def asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert run_all.main(["--suite", "blocks", "--power", "--out", str(folder)]) == 0
    return capsys.readouterr().out


def test_one_seed_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filed(tmp_path / "blocks", {"residual": 2.6, "ioi": 2.2, "mean_pose": 12.0}, seeds=1)
    told = asked(tmp_path, capsys)
    head, _, *rows = cells(told)
    assert [row[0] for row in rows] == ["residual - ioi"]  # zero skill is not ranked
    [row] = rows
    found = dict(zip(head, row, strict=True))
    assert found["seeds for 1 AP (1 now)"] == "not known"
    [needed] = [cell for name, cell in found.items() if name.startswith("images for 1 AP")]
    assert int(needed.replace(",", "")) > 2
    assert "one training says nothing about how trainings differ" in told


def test_several_seeds_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filed(tmp_path / "blocks", {"residual": 2.6, "ioi": 2.2}, seeds=3)
    told = asked(tmp_path, capsys)
    head, _, row = cells(told)
    seeds = dict(zip(head, row, strict=True))["seeds for 1 AP (3 now)"]
    assert seeds == "no number suffices" or int(seeds.replace(",", "")) >= 1
    assert "an estimate from 3 of them" in told


def test_nothing_to_tell_apart_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filed(tmp_path / "blocks", {"ioi": 2.2}, seeds=1)
    assert run_all.main(["--power", "--out", str(tmp_path)]) == 2
    assert "no two finished experiments" in capsys.readouterr().err
    assert run_all.main(["--power", "--out", str(tmp_path / "nowhere")]) == 2
