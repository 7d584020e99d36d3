"""How much of a machine a run takes where nobody says."""

from types import SimpleNamespace

import pytest

from bench.running.resources import workers_of


@pytest.mark.parametrize(
    ("asked", "threads", "device", "workers"),
    [
        (None, 1, "cpu", 1),
        (None, 2, "cpu", 3),
        (None, 16, "cpu", 4),
        (None, 16, "cuda", 1),
        (2, 1, "cpu", 2),
    ],
)
def test_one_worker_more_than_threads_but_one_on_a_gpu(asked, threads, device, workers):
    train = SimpleNamespace(device=device)
    plan = SimpleNamespace(experiments=[SimpleNamespace(train=train)])
    assert workers_of(asked, threads, plan) == workers
