"""Where a run's experiments are done: on this machine, or on those of a Dask cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.problem import Problem

if TYPE_CHECKING:
    from bench.running.cluster import Cluster

LOCAL, DASK = EXECUTORS = ("local", "dask")


@contextmanager
def open_executor(executor: str, scheduler: str | None) -> Iterator["Cluster | None"]:
    """Yield the cluster that experiments go to; None where they stay on this machine.

    Args:
        executor: one of ``EXECUTORS``.
        scheduler: the address of the cluster's, for example tcp://10.0.0.1:8786.

    Raises:
        Problem: the two do not go together, Dask is not installed, or no scheduler answers.
    """
    if executor == LOCAL:
        if scheduler is not None:
            raise Problem("--scheduler is for --executor dask; give both or neither")
        yield None
        return
    if scheduler is None:
        raise Problem(
            "--executor dask needs --scheduler tcp://HOST:PORT, the address of a Dask scheduler; "
            "'dask scheduler' starts one and prints it"
        )
    try:
        from bench.running.cluster import open_cluster
    except ModuleNotFoundError as error:
        raise Problem(
            f"--executor dask: {error.name} is not installed; pip install -e '.[cluster]'"
        ) from error
    with open_cluster(scheduler) as cluster:
        yield cluster
