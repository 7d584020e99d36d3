"""One run at a time in a results folder."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.problem import Problem

# A killed run's worker notices within moments; a run that is alive holds on for longer.
_LOCK_SECONDS = 5.0


@contextmanager
def only_run(folder: Path) -> Iterator[int]:
    """Hold the results folder for this run alone; yield the lock's file descriptor.

    The lock belongs to the processes that hold it, so it cannot be left behind.

    Raises:
        Problem: another run holds it, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("a")
    except OSError as error:
        raise Problem(
            f"cannot write the results folder {folder} ({error.strerror}); choose another --out"
        ) from error
    with file:
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Problem(
                        f"another run is writing to {folder}; wait for it, or choose another --out"
                    ) from None
                time.sleep(0.1)
        yield file.fileno()
