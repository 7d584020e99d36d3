"""What a Dask worker does for a client: one task, in a process of its own as everywhere else."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypedDict

from distributed import Reschedule, Status, Worker, get_worker

from bench.running.crew import Crew, StoppedError
from bench.running.parcels import Parcel, pack, unpack
from bench.running.run_lock import only_run
from bench.running.worker import FAILURE_LOG, Task
from bench.training.checkpoints import code_digest

_LOOK_SECONDS = 1.0  # between two looks at whether anybody still wants the result


class Errand(TypedDict):
    """A task, and what the client's machine has that it needs; plain values all through.

    Attributes:
        task: as ``Task.to_json`` has it; its folder and plugin are found here.
        code: digest of the client's code.
        plugin: content of the user's file; None without one.
        needed: the records whose weights or annotations it needs, by their keys.
        topic: under which Dask passes events on to the client.
    """

    task: dict[str, object]
    code: str
    plugin: bytes | None
    needed: dict[str, Parcel]
    topic: str


class Result(TypedDict):
    """What became of it.

    Attributes:
        code: exit code of the worker process.
        record: which it left; None where it left none.
        log: its stderr.
        refused: why nothing was begun; "" where it was.
    """

    code: int
    record: Parcel | None
    log: bytes
    refused: str


def run_errand(errand: Errand) -> Result:
    """Do the task of ``errand`` in Dask's scratch folder, of which nothing stays behind.

    Raises:
        Reschedule: the Dask worker is closing, so another has to do it; or nobody wants the
            result any more, and Dask drops it.
        OSError: the scratch folder cannot be written.
    """
    here = get_worker()
    if code_digest() != errand["code"]:
        # Two codes under one key would be two experiments under one name.
        why = f"the Dask worker {here.address} has other code in models/ or bench/ than is here"
        return {"code": 0, "record": None, "log": b"", "refused": why}
    # Dask itself removes what a killed worker leaves in this folder.
    with TemporaryDirectory(prefix="posearch-", dir=here.local_directory) as scratch:
        folder, plugin = Path(scratch) / "records", Path(scratch) / "plugin.py"
        with only_run(folder) as lock:
            for key, parcel in errand["needed"].items():
                unpack(parcel, folder, key)  # what is wrong with it the worker process tells
            here_too: dict[str, object] = {"folder": str(folder)}
            if errand["plugin"] is not None:
                plugin.write_bytes(errand["plugin"])
                here_too["plugin"] = str(plugin)
            task = Task.from_json(errand["task"] | here_too)
            key, log = task.job.key, Path(scratch) / FAILURE_LOG
            (folder / key).mkdir(exist_ok=True)
            here.log_event(errand["topic"], {"key": key, "begins": here.address})
            crew, unwanted = Crew(lock), partial(_unwanted, here, here.get_current_task())
            with log.open("wb") as errors, crew.stopped_once(unwanted, _LOOK_SECONDS):
                try:
                    code = crew.perform(
                        task,
                        errors.fileno(),
                        lambda event: here.log_event(errand["topic"], {"key": key, "event": event}),
                    )
                except StoppedError:
                    raise Reschedule from None
        return {"code": code, "record": pack(folder, key), "log": log.read_bytes(), "refused": ""}


def _unwanted(here: Worker, task: str) -> bool:
    """Return whether ``task`` is cancelled, its client is gone, or this Dask worker closes.

    Dask cannot interrupt what runs in a thread, and does not tell it.
    """
    state = here.state.tasks.get(task)
    is_open = here.status in (Status.running, Status.paused, Status.closing_gracefully)
    return state is None or state.state == "cancelled" or not is_open
