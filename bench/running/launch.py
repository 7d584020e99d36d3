"""The place of a process among those that torchrun started, as its environment tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bench.problem import Problem

#: Names the meeting of one task's workers, in their environment.
MEETING: Final = "POSEARCH_MEETING"
#: Set where torchrun keeps the store by which processes meet; else the first of them does.
KEEPS_STORE: Final = "TORCHELASTIC_USE_AGENT_STORE"

_SIZE = "WORLD_SIZE"
_PLACE = ("RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class Launch:
    """One of several processes that were started with the same command.

    Attributes:
        rank: which one, from 0; the first carries the plan out.
        processes: how many there are, on all machines.
        local_processes: how many there are on this machine.
    """

    rank: int
    processes: int
    local_processes: int

    @property
    def starter(self) -> tuple[str, ...]:
        """The words before ``run_all.py`` that start as many."""
        machines = self.processes // self.local_processes
        nodes = ("--nnodes", str(machines)) if machines > 1 else ()
        return ("torchrun", *nodes, "--nproc-per-node", str(self.local_processes))


def launch_of(environment: Mapping[str, str]) -> Launch | None:
    """Return the place that ``environment`` tells; None for a process that is alone.

    Raises:
        Problem: it tells of several processes, and not which of them this is.
    """
    size = environment.get(_SIZE, "1")
    if size == "1":
        return None
    try:
        rank, _, local, _, _ = (environment[name] for name in _PLACE)
        return Launch(int(rank), int(size), int(local))
    except (KeyError, ValueError) as error:
        raise Problem(
            f"{_SIZE} is {size}, and what else torchrun sets is missing or not a number ({error}); "
            f"start several processes with torchrun, or unset {_SIZE} for one"
        ) from None


def environment_alone(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a worker that does its task by itself, whoever started the run."""
    told = {MEETING, _SIZE, *_PLACE}
    return {name: value for name, value in environment.items() if name not in told}


def environment_of_member(environment: Mapping[str, str], meeting: str) -> dict[str, str]:
    """Return the environment of one of several workers that meet under the name ``meeting``."""
    # The store is there already; the first worker is not to open another at the same address.
    return {**environment, MEETING: meeting, KEEPS_STORE: str(True)}
