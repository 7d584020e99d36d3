"""Who does a run's experiments: this machine, those of a Dask cluster, or a launch of torchrun."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.problem import Problem

if TYPE_CHECKING:
    from bench.running.cluster import Cluster
    from bench.running.team import Team

LOCAL, DASK = EXECUTORS = ("local", "dask")


@contextmanager
def open_executor(
    executor: str, scheduler: str | None, team: "Team | None" = None
) -> Iterator["Cluster | Team | None"]:
    """Yield the cluster or the team that experiments go to; None where they stay with this process.

    Args:
        executor: one of ``EXECUTORS``.
        scheduler: the address of the cluster's, for example tcp://10.0.0.1:8786.
        team: of the launch that this process is the first of; None where it is alone.

    Raises:
        Problem: these do not go together, Dask is not installed, or no scheduler answers.
    """
    if team is not None and (executor != LOCAL or scheduler is not None):
        raise Problem(
            "torchrun has all its processes do one experiment, and --executor dask sends each to "
            "another machine; take one of the two"
        )
    if executor == LOCAL:
        if scheduler is not None:
            raise Problem("--scheduler is for --executor dask; give both or neither")
        yield team
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
