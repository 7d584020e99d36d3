"""Files that a reader finds whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Put ``content`` where ``path`` says, in place of what is there; its folder must exist.

    Whatever happens meanwhile, a kill or a loss of power too, the old file stands or the new one
    does.

    Raises:
        OSError: it cannot be written, for one because the disk is full; nothing is left behind.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):  # the first error is the one to tell
            partial.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error
