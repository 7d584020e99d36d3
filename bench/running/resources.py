"""How much of a machine a run takes: threads of the processor, and experiments at once."""

import os
from typing import TYPE_CHECKING

from bench.plan import Plan
from bench.problem import Problem

if TYPE_CHECKING:
    from bench.running.cluster import Cluster
    from bench.running.team import Team

_MOST_WORKERS = 4  # unasked; each takes one to two gigabytes


def threads_of(asked: int | None, cluster: "Cluster | Team | None" = None) -> int:
    """Return the number of threads, by default all that this process may use.

    On a cluster, or in a team, they are each worker's own.

    Raises:
        Problem: fewer than one is asked for.
    """
    if asked is not None and asked < 1:
        raise Problem(f"--threads must be at least 1, not {asked}")
    if cluster is not None:
        return asked or cluster.threads
    return asked or cores()


def cores() -> int:
    """Return how many cores of the processor this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on every system
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def workers_of(
    asked: int | None, threads: int, plan: Plan, cluster: "Cluster | Team | None" = None
) -> int:
    """Return how many experiments run at once, by default as many as a cluster has room for.

    Two workers of one thread each trained 1.4 times as many images a second as one worker of two
    threads. One worker more than threads keeps all of them busy when the last experiments are
    fewer than threads: five blocks on two threads then wait for no round that is half empty. But
    each holds the data, and a GPU is best left to one.

    Raises:
        Problem: fewer than one is asked for, or the cluster has no room for any.
    """
    if asked is not None and asked < 1:
        raise Problem(f"--workers must be at least 1, not {asked}")
    if cluster is not None:
        slots = cluster.slots(on_gpu(plan))
        return asked or slots
    return asked or (1 if on_gpu(plan) or threads == 1 else min(threads + 1, _MOST_WORKERS))


def on_gpu(plan: Plan) -> bool:
    """Return whether anything is trained on a GPU."""
    return any(one.train.device == "cuda" for one in plan.experiments)
