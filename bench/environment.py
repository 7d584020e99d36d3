"""Which machine, versions and commit a number comes from; nothing that names a person or place."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch

_CHECKOUT = Path(__file__).resolve().parents[1]
_PROCESSOR_FILE = Path("/proc/cpuinfo")
# As Linux names them: x86's AVX-512 and AMX units, and Arm's.
_BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
UNKNOWN = "unknown"


def describe_environment() -> dict[str, Any]:
    """Return what a reader needs to judge or repeat a measurement, as plain JSON.

    Keys: python, torch, numpy, fvcore, pycocotools (versions); os; processor (its name), cores
    (that this process may use), threads (torch's), bf16 (the processor computes with it);
    deterministic (torch was told to use algorithms alone that give the same bits each time, which
    changes nothing on a processor); gpu and driver, None without one; commit and dirty (changed
    since the commit) of this checkout, "unknown" and None outside git.
    """
    cuda = torch.cuda.is_available()
    commit, dirty = _checkout(_CHECKOUT)
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "fvcore": _version("fvcore"),
        "pycocotools": _version("pycocotools"),
        "os": _system(),
        "processor": _processor(),
        "cores": _cores(),
        "threads": torch.get_num_threads(),
        "bf16": has_bf16("cpu"),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "gpu": torch.cuda.get_device_name() if cuda else None,
        "driver": _driver() if cuda else None,
        "commit": commit,
        "dirty": dirty,
    }


def has_bf16(device: str = "cpu") -> bool:
    """Return whether ``device`` ("cpu" or "cuda") has instructions for bfloat16.

    Where they are missing torch computes with it all the same, but slower than in float32.
    """
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    flags = _processor_fields("flags") + _processor_fields("Features")  # x86 and Arm
    if flags:
        return not _BF16_FLAGS.isdisjoint(" ".join(flags).split())
    if platform.system() == "Darwin":
        return _output("sysctl", "-n", "hw.optional.arm.FEAT_BF16") == "1"
    # No system file to read: torch's own look at the processor, where this version has one.
    look = getattr(torch.cpu, "get_capabilities", None)
    return look is not None and any(look().get(flag, False) for flag in _BF16_FLAGS)


def _processor() -> str:
    names = _processor_fields("model name")
    if not names and platform.system() == "Darwin":
        names = [_output("sysctl", "-n", "machdep.cpu.brand_string")]
    return (names[0] if names else platform.processor()) or UNKNOWN


def _processor_fields(field: str) -> list[str]:
    """Return the values of ``field`` in Linux's list of processors; empty on other systems."""
    try:
        lines = _PROCESSOR_FILE.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    pairs = (line.partition(":") for line in lines)
    return [value.strip() for name, _, value in pairs if name.strip() == field]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # fewer than the machine's under a container or a batch
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _system() -> str:
    """Return for example ``Debian GNU/Linux 12 (bookworm) x86_64``."""
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = f"{platform.system()} {platform.release()}"
    return f"{name} {platform.machine()}"


def _driver() -> str:
    query = _output("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    return query.splitlines()[0] if query else UNKNOWN


def _checkout(root: Path) -> tuple[str, bool | None]:
    """Return the commit of the git checkout at ``root``, and whether files differ from it."""
    top = _output("git", "-C", str(root), "rev-parse", "--show-toplevel")
    # An installed copy may lie inside another project's checkout, whose commit says nothing.
    if not top or Path(top).resolve() != root.resolve():
        return UNKNOWN, None
    commit = _output("git", "-C", str(root), "rev-parse", "HEAD")
    status = _output("git", "-C", str(root), "status", "--porcelain", "--untracked-files=all")
    # Of files that git does not know, a module can change a result; a run's own output cannot.
    changed = [line for line in status.splitlines() if line[:2] != "??" or line.endswith(".py")]
    return commit or UNKNOWN, bool(changed) if commit else None


def _output(*command: str) -> str:
    """Return what ``command`` prints, "" where it fails or is not installed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return UNKNOWN
