"""Tensors that are made once and read many times, checked whenever they are read."""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import platformdirs
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from bench.problem import Problem


def cache_root() -> Path:
    """Return the cache folder: ``POSEARCH_CACHE``, or the system's place for this user."""
    chosen = os.environ.get("POSEARCH_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("posearch-bench"))


def cached_tensors(name: str, build: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the tensors filed under ``name``, building and filing them where they are not.

    A file whose sha256 differs from the one noted beside it (a torn write, a flipped bit) is
    built again. Writing is atomic, so an interruption leaves nothing half made.

    Args:
        name: a file name that holds everything which decides the content.
        build: makes the tensors; called at most once.

    Raises:
        Problem: the cache folder cannot be written.
    """
    path = cache_root() / f"{name}.safetensors"
    note = path.with_suffix(".json")
    if _intact(path, note):
        return load_file(path)
    tensors = build()
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({key: value.contiguous() for key, value in tensors.items()}, partial)
        digest = file_digest(partial)
        note.unlink(missing_ok=True)
        partial.replace(path)
        partial_note = note.with_suffix(f".{os.getpid()}.partial")
        partial_note.write_text(json.dumps({"sha256": digest}))
        partial_note.replace(note)
    except (OSError, SafetensorError) as error:
        with suppress(OSError):  # of a full disk, this takes the room
            partial.unlink(missing_ok=True)
        raise Problem(
            f"cannot write the cache folder {path.parent} "
            f"({getattr(error, 'strerror', error)}); set POSEARCH_CACHE to a folder that can be "
            "written"
        ) from error
    return tensors


def file_digest(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _intact(path: Path, note: Path) -> bool:
    try:
        return json.loads(note.read_text())["sha256"] == file_digest(path)
    except (OSError, ValueError, KeyError):
        return False
