"""What went wrong, for a table cell and a person."""

import signal
from pathlib import Path

from bench.problem import Problem


def one_sentence(error: BaseException) -> str:
    """Return what ``error`` tells."""
    text = " ".join(str(error).split())
    if isinstance(error, Problem):
        return text
    if isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text:
        return "out of memory; lower train.batch_size or the model's width"
    if isinstance(error, OSError) and error.strerror:
        # The file's name alone: records travel, and the folders of this machine do not.
        where = f"{Path(error.filename).name}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def cause_of_death(code: int, log: Path) -> str:
    """Return why a worker ended that left no record: its exit code, and its stderr, tell."""
    if code < 0:
        name = signal.Signals(-code).name
        memory = "; the machine may have run out of memory" if -code == signal.SIGKILL else ""
        return f"the worker was killed by signal {-code} ({name}){memory}"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = f": {lines[-1].strip()}" if lines else ""
    return f"the worker ended with exit code {code} and left no record{last}"
