"""What a second machine buys: four smoke experiments on two Dask workers, and on one."""

import os
import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")

from dask_cluster import loopback_cluster

from ablations.blocks import plan
from ablations.options import Options
from bench.audit.side_by_side import verdict
from bench.plan import Plan
from bench.records import Record, all_records
from bench.runner import Setting, run
from bench.running.cluster import open_cluster
from bench.running.prepare import prepare_data
from bench.running.progress import open_progress
from bench.running.run_lock import only_run

MOST = 0.65  # of the time on one worker
SMOKE = Options("smoke", blocks="*residual", match="blocks", device="cpu", seeds=2)


def _brought(experiments: Plan, place: Path, workers: int) -> tuple[float, list[Record]]:
    """Return the seconds that ``workers`` of one thread each took for it, and the records."""
    folder = place / "suite" / "records"
    cache = Path(os.environ["POSEARCH_CACHE"])
    with (
        loopback_cluster(place / "cluster", cache, workers) as loopback,
        open_cluster(loopback.address) as cluster,
        only_run(folder) as lock,
        open_progress(4, 4, workers) as progress,
    ):
        setting = Setting(folder, None, None, 1, workers, "python run_all.py", lock, apart=True)
        begin = time.monotonic()
        outcomes = run(experiments, setting, progress, cluster)
        seconds = time.monotonic() - begin
    assert [one.status for one in outcomes] == ["done"] * 4
    return seconds, all_records(folder)[0]


@pytest.mark.timeout(1800)
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two workers need two cores")
def test_two_workers_take_two_thirds_of_the_time_of_one(
    benchmark: BenchmarkFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path / "cache"))
    others = os.getloadavg()[0]
    experiments = Plan(tuple(one for one in plan(SMOKE).experiments if one.variant != "mean_pose"))
    prepare_data(experiments, None)
    taken: dict[int, float] = {}
    records: dict[int, list[Record]] = {}

    def both() -> None:
        for workers in (1, 2):
            taken[workers], records[workers] = _brought(
                experiments, tmp_path / f"{workers}", workers
            )

    benchmark.pedantic(both, rounds=1)
    one, two = ({record["key"]: record for record in records[workers]} for workers in (1, 2))
    assert len(one) == 4
    for key, record in one.items():
        assert "results are identical" in verdict(record, two[key])
    ratio = taken[2] / taken[1]
    benchmark.extra_info["time on two workers, of that on one"] = ratio
    if ratio > MOST and others > 1:
        pytest.skip(f"{others:.1f} other processes at work before it began: {ratio:.2f}")
    assert ratio <= MOST
