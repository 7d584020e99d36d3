"""The workers of a run on the machines of a Dask cluster, which are there already.

A Dask worker is only a place: it starts the very process that a run on one machine starts, and
sends the record back. Timings go there as well, each table whole to one worker and after everything
else: there is the GPU, while a client may sit on a laptop or a login node.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from uuid import uuid4

import dask
from distributed import CancelledError, Client, Future, KilledWorker
from distributed.comm.addressing import parse_address, parse_host_port

from bench.experiment import Experiment
from bench.jobs import (
    AnnotationExperiment,
    FieldExperiment,
    GateExperiment,
    Job,
    LatencyExperiment,
    StageExperiment,
)
from bench.problem import Problem
from bench.running.crew import StoppedError
from bench.running.errand import Errand, Result
from bench.running.parcels import pack, unpack
from bench.running.worker import Task
from bench.training.checkpoints import code_digest

GPU = "GPU"  # the resource that a Dask worker is started with
_ANSWER_SECONDS = 20.0
_LOST = 1  # in place of a worker's exit code, where there is none

Tell = Callable[[dict[str, Any]], None]


class Cluster:
    """A cluster at work for one run; threads may employ it at once, as they may a ``Crew``.

    Args:
        client: of the cluster.
        address: of its scheduler.
    """

    def __init__(self, client: Client, address: str) -> None:
        self._client, self._address = client, address
        self._run = f"posearch-{uuid4().hex}"
        self._code = code_digest()
        self._turn = Lock()
        self._futures: set[Future] = set()
        self._tells: dict[str, Tell] = {}
        self._places: dict[str, str] = {}
        self._stopped = False
        client.subscribe_topic(self._run, self._hear)

    #: Of the processor, for each task: more gain less than as many workers of one thread each do,
    #: and what a worker's machine has is known there alone.
    threads = 1

    def crew(self, lock: int) -> "Cluster":
        """Return who does the tasks of a run; the lock of a folder here is nothing to them."""
        return self

    def slots(self, on_gpu: bool) -> int:
        """Return how many tasks its workers do at once.

        Raises:
            Problem: none, for it has no workers, or none with a GPU.
        """
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        if on_gpu:
            slots = sum(int(one["resources"].get(GPU, 0)) for one in workers)
        else:
            slots = sum(one["nthreads"] for one in workers)
        if not slots:
            lack = f"none with the resource {GPU}" if workers else "none"
            resource = f" --resources {GPU}=1" if on_gpu else ""
            raise Problem(
                f"--scheduler {self._address}: of the workers that this needs it has {lack}; start "
                f"some with: dask worker {self._address} --nthreads 1{resource}"
            )
        return slots

    def perform(self, task: Task, errors: int, tell: Tell) -> int:
        """Have a worker of the cluster do a task; its record and artefacts come here.

        A task that was lost with its worker is begun anew on another. See ``Crew.perform``.

        Raises:
            StoppedError: the run was stopped before or while the worker was at it.
            Problem: the scheduler is gone, or a worker of the cluster is of no use.
            OSError: the folder of records cannot be written.
        """
        key = task.job.key
        errand = self._errand(task)
        with self._turn:
            if self._stopped:
                raise StoppedError
            self._tells[key] = tell
            future = self._client.submit(
                _runner(),
                errand,
                key=f"{self._run}-{key}",
                resources={GPU: 1} if _on_gpu(task.job) else None,
            )
            self._futures.add(future)
        try:
            result = self._result(future)
        finally:
            with self._turn:
                self._futures.discard(future)
                del self._tells[key]
            future.release()
        if result["refused"]:
            raise Problem(f"{result['refused']}; bring both to the same version")
        _append(errors, result["log"])
        if result["record"] is not None:
            damage = unpack(result["record"], task.folder, key)
            if damage:
                _append(errors, f"the record came damaged: {damage}\n".encode())
        return result["code"]

    def stop(self) -> None:
        """Have all workers leave what they are at, and take on no more."""
        with self._turn:
            self._stopped = True
            running = list(self._futures)
        # Not in turn: this waits for the thread that tells us events, and that one for its turn.
        self._client.cancel(running)

    def _errand(self, task: Task) -> Errand:
        values = task.to_json()
        if task.data_root is not None:
            values["data_root"] = str(task.data_root.resolve())  # the same on every machine
        parcels = {key: pack(task.folder, key) for key in _needed(task)}
        return {
            "task": values,
            "code": self._code,
            "plugin": task.plugin.read_bytes() if task.plugin else None,
            "needed": {key: parcel for key, parcel in parcels.items() if parcel is not None},
            "topic": self._run,
        }

    def _result(self, future: Future) -> Result:
        try:
            result: Result = future.result()
        except CancelledError:
            if self._stopped:
                raise StoppedError from None
            raise Problem(
                f"the Dask scheduler {self._address} is gone; what is finished is kept, and the "
                "same command goes on once it is there again"
            ) from None
        except ModuleNotFoundError as error:
            raise Problem(
                f"a Dask worker of {self._address} has {error}; install this project there, with "
                "its extra 'cluster'"
            ) from error
        except KilledWorker as error:
            lost = f"{error.allowed_failures + 1} Dask workers were lost while they were at it\n"
            return {"code": _LOST, "record": None, "log": lost.encode(), "refused": ""}
        except Exception as error:  # of a full disk there, say; the other experiments go on
            log = f"on the Dask worker: {type(error).__name__}: {error}\n".encode()
            return {"code": _LOST, "record": None, "log": log, "refused": ""}
        return result

    def _hear(self, event: tuple[float, Any]) -> None:
        """Take what a worker says of its task; called by a thread of Dask's own."""
        _, said = event
        key = said["key"]
        with self._turn:
            tell = self._tells.get(key)
            if tell is None:
                return  # its result came first
            if "event" in said:
                tell(said["event"])
                return
            if key in self._places:
                note = f"lost with Dask worker {self._places[key]}; begins anew on {said['begins']}"
                tell({"event": "progress", "stage": "start", "done": 0, "of": 0, "note": note})
            self._places[key] = said["begins"]


@contextmanager
def open_cluster(address: str) -> Iterator[Cluster]:
    """Yield the cluster whose scheduler listens at ``address``, for example tcp://10.0.0.1:8786.

    Raises:
        Problem: no scheduler answers there.
    """
    # Weights are as large as they are, and have to outlive the worker that a parcel is sent to.
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
        try:
            # First, for a client that was half made can block the next one when it is collected.
            host, port = parse_host_port(parse_address(address)[1])
            socket.create_connection((host, port), timeout=_ANSWER_SECONDS).close()
            client = Client(address, timeout=_ANSWER_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise Problem(
                f"--scheduler {address}: no Dask scheduler answers there; start one with "
                "'dask scheduler', which prints its address"
            ) from error
        with client:
            yield Cluster(client, address)


def _runner() -> Callable[[Errand], Result]:
    """Return what a worker is to call.

    A function inside a function is sent as it is and not by its name, and with types of Python's
    own the scheduler, which reads all that it passes on, needs nothing of this project.
    """

    def run(errand: Any) -> Any:
        from bench.running.errand import run_errand

        return run_errand(errand)

    return run


def _needed(task: Task) -> tuple[str, ...]:
    """Return the keys of the records that the task reads beside its own."""
    if isinstance(task.job, Experiment):
        return (task.trained_by,) if task.trained_by else task.job.needs
    return tuple(one.key for one in _rests_on(task.job))


def _on_gpu(job: Job) -> bool:
    if isinstance(job, StageExperiment):
        return job.device == "cuda"
    trained = (job,) if isinstance(job, Experiment) else _rests_on(job)
    return any(one.train.device == "cuda" for one in trained)


def _rests_on(job: Job) -> tuple[Experiment, ...]:
    """Return the experiments whose weights a job of another kind looks at."""
    if isinstance(job, LatencyExperiment):
        return job.experiments
    if isinstance(job, FieldExperiment | GateExperiment):
        return (job.experiment,)
    return (job.annotator,) if isinstance(job, AnnotationExperiment) else ()


def _append(errors: int, log: bytes) -> None:
    with os.fdopen(os.dup(errors), "wb") as file:
        file.write(log)
