"""Processes on loopback that do one thing together, as the workers of a launch do."""

import multiprocessing
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from bench import ranks

_SECONDS = 1800  # on a machine that others use


def loopback(rank: int, processes: int, port: int) -> dict[str, str]:
    """Return what torchrun sets in the environment of a process on one machine."""
    values = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": processes, "MASTER_PORT": port}
    return {
        **{name: str(value) for name, value in values.items()},
        "LOCAL_WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "GLOO_SOCKET_IFNAME": "lo",  # whatever the machine's own name leads to
        "OMP_NUM_THREADS": "1",
    }


def free_port() -> int:
    """Return a port at which nobody listens now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def together(function: Callable[..., Any], place: Path, processes: int = 2) -> list[Any]:
    """Return what ``function(place)``, of a module's own, gives in each process.

    That is tensors and numbers; ``place`` is a folder that they share.
    """
    store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    context = multiprocessing.get_context("spawn")
    running = []
    try:
        for rank in range(processes):
            place_of = loopback(rank, processes, store.port)
            running.append(context.Process(target=_run, args=(function, place, place_of)))
            running[-1].start()
        for one in running:
            one.join(_SECONDS)
            assert one.exitcode == 0, "its error stands on stderr"
    finally:
        for one in running:
            one.kill()
    return [torch.load(place / f"{rank}.pt", weights_only=True) for rank in range(processes)]


def _run(function: Callable[..., Any], place: Path, environment: dict[str, str]) -> None:
    os.environ |= environment | {"TORCHELASTIC_USE_AGENT_STORE": "True"}
    torch.set_num_threads(1)
    with ranks.meeting("test", "cpu"):
        torch.save(function(place), place / f"{environment['RANK']}.pt")
