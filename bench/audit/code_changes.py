"""What became of the code since a record was made, as far as git knows."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.environment import UNKNOWN

_CHECKOUT = Path(__file__).resolve().parents[2]
#: The rooms whose code decides what is measured; suites and reports only choose and show.
ROOMS = ("models", "bench")
_NAMED = 5  # files of a room, the most changed ones; git names the rest


def changes_since(commit: str, dirty: bool | None, checkout: Path = _CHECKOUT) -> list[str]:
    """Return what there is to say of the code since ``commit``, one sentence a point.

    Nearly all code changes, and most changes do not touch a given number, so this judges nothing.

    Args:
        commit: that a record names, or ``bench.environment.UNKNOWN``.
        dirty: whether the files differed from it when the record was made.
        checkout: of the present code.
    """
    if commit == UNKNOWN:
        return ["it names no commit, so nobody can know what code made it"]
    short = commit[:7]
    told = [f"it was made from files that differ from their commit {short}"] if dirty else []
    top = _git(checkout, "rev-parse", "--show-toplevel")
    # A copy may lie inside another project's checkout, whose history says nothing.
    if top is None or Path(top.strip()).resolve() != checkout.resolve():
        return [*told, f"without a git checkout nobody can know what changed since commit {short}"]
    if _git(checkout, "cat-file", "-e", f"{commit}^{{commit}}") is None:
        return [*told, f"its commit {short} is unknown here, so what changed since is unknown too"]
    return [*told, *_changed_rooms(commit, checkout)]


def _changed_rooms(commit: str, checkout: Path) -> Iterator[str]:
    for room in ROOMS:
        sizes = _changed_files(commit, room, checkout)
        if not sizes:
            continue
        files = sorted(sizes, key=lambda name: (-sum(sizes[name]), name))
        added, removed = (sum(one[side] for one in sizes.values()) for side in (0, 1))
        more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
        yield (
            f"since commit {commit[:7]} {len(files)} source file{'s' * (len(files) > 1)} under "
            f"{room}/ changed (+{added} -{removed} lines): {', '.join(files[:_NAMED])}{more}; "
            f"git diff --stat {commit[:7]} -- {room}"
        )


def _changed_files(commit: str, room: str, checkout: Path) -> dict[str, tuple[int, int]]:
    """Return the lines added to and removed from each Python file of ``room``."""
    sizes = {}
    lines = _git(checkout, "diff", "--numstat", "--no-renames", commit, "--", room) or ""
    for line in lines.splitlines():
        added, removed, path = line.split("\t")
        if path.endswith(".py"):
            sizes[_inside(path, room)] = (int(added), int(removed))
    new = _git(checkout, "ls-files", "--others", "--exclude-standard", "--", room) or ""
    for path in new.splitlines():
        if path.endswith(".py"):
            text = (checkout / path).read_text(encoding="utf-8", errors="replace")
            sizes[_inside(path, room)] = (len(text.splitlines()), 0)
    return sizes


def _inside(path: str, room: str) -> str:
    return Path(path).relative_to(room).as_posix()


def _git(checkout: Path, *words: str) -> str | None:
    """Return what git prints, None where it fails or is not installed."""
    command = ["git", "-C", str(checkout), "-c", "core.quotePath=false", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
