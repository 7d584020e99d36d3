"""What the processes of a launch have to say to one another, by the store that torchrun keeps."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch.distributed as dist

from bench.problem import Problem
from bench.running.launch import KEEPS_STORE

LOOK_SECONDS = 0.2  # between two looks at what somebody else is to write
_ANSWER = timedelta(minutes=5)  # by when all are to have started


class Board:
    """Names, and the plain JSON values that are written under them for all to read."""

    def __init__(self) -> None:
        #: Of this launch alone: torchrun may start all processes again, and keep the store.
        self.name = f"posearch-{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}"
        #: Whether a process of the launch, the first, keeps the store, and is to end last.
        self.is_own = os.environ.get(KEEPS_STORE) != str(True)
        with _reached():
            store, _, _ = next(dist.rendezvous("env://", timeout=_ANSWER))
            self._store = dist.PrefixStore(self.name, store)

    def write(self, name: str, value: Any) -> None:
        """Write ``value`` under ``name``.

        Raises:
            Problem: the store is gone.
        """
        with _reached():
            self._store.set(name, json.dumps(value))

    def read(self, name: str) -> Any:
        """Return what stands under ``name``; None where nothing does yet.

        Raises:
            Problem: the store is gone.
        """
        with _reached():
            return json.loads(self._store.get(name)) if self._store.check([name]) else None

    def wait(self, *names: str, seconds: float = float("inf")) -> bool:
        """Wait until something stands under one of ``names``; return whether it came in time.

        Ctrl-C is heard meanwhile, which torch's own waiting would not let happen.

        Raises:
            Problem: the store is gone.
        """
        end = time.monotonic() + seconds
        while all(self.read(name) is None for name in names):
            if time.monotonic() > end:
                return False
            time.sleep(LOOK_SECONDS)
        return True


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # of which torch's own errors are kinds
        raise Problem(
            "the other processes of this launch cannot be reached; what is finished is kept, and "
            f"the same command goes on ({' '.join(str(error).split())[:200]})"
        ) from error
