"""A long training's state on disk, from which an interrupted one goes on to the same result."""

import hashlib
import json
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from bench.records import digest_of
from bench.whole_files import write_whole
from models.together import processes

FOLDER = "checkpoint"  # inside the folder of the experiment's record
_FACTS = "checkpoint.json"
_FORMAT = 1  # raise it when what a checkpoint holds changes
# What takes a minute is as well done again; and what a checkpoint costs is known after the first.
_LEAST_SECONDS = 60.0
_SHARE = 0.01  # of a training's time, which its checkpoints may take
_REPOSITORY = Path(__file__).resolve().parents[2]
_ROOMS = ("models", "bench")  # whose code decides what is trained, and how


@dataclass(frozen=True)
class Checkpoint:
    """A training between two steps.

    Attributes:
        step: how many are done.
        tensors: of weights, optimiser, dice and curve; see ``bench.training.training_state``.
        facts: the rest of it, as plain JSON values.
    """

    step: int
    tensors: dict[str, Tensor]
    facts: dict[str, Any]


class Checkpoints:
    """The checkpoints of one training; the last alone is kept.

    One that is torn, or was made for another experiment, by other code, another torch or another
    number of threads or processes, would lead to another result, and is refused.

    Args:
        place: folder of the experiment's record.
        key: of the experiment.

    Attributes:
        found: the one to go on from; None where there is none to trust.
        refused: why the one that lies there is not trusted; "" where none lies there.
    """

    def __init__(self, place: Path, key: str) -> None:
        self._folder = place / FOLDER
        self._made_by = {
            "format": _FORMAT,
            "experiment": key,
            "code": code_digest(),
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            "processes": processes(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
        }
        self.found, self.refused = self._read()
        self._saved = time.monotonic()
        self._cost = 0.0

    def is_due(self) -> bool:
        """Return whether the training has gone on for long enough to be worth the next one."""
        passed = time.monotonic() - self._saved
        return passed >= max(_LEAST_SECONDS, self._cost / _SHARE)

    def save(self, checkpoint: Checkpoint) -> None:
        """Write ``checkpoint`` and remove the one before it.

        A disk that takes none is told on stderr, and is no reason to stop the training.
        """
        begin = time.monotonic()
        try:
            self._write(checkpoint)
        except OSError as error:
            print(f"no checkpoint at step {checkpoint.step}: {error.strerror}", file=sys.stderr)
        self._saved = time.monotonic()
        self._cost = self._saved - begin

    def forget(self) -> None:
        """Remove what was saved."""
        forget(self._folder.parent)

    def _write(self, checkpoint: Checkpoint) -> None:
        self._folder.mkdir(exist_ok=True)
        tensors = self._folder / f"step-{checkpoint.step}.safetensors"
        content = save({name: one.contiguous().cpu() for name, one in checkpoint.tensors.items()})
        write_whole(tensors, content)
        values = {
            "made_by": self._made_by,
            "step": checkpoint.step,
            "facts": checkpoint.facts,
            "tensors": tensors.name,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        facts = self._folder / _FACTS
        # From here on it counts; until then the one before it does.
        write_whole(facts, json.dumps(values | {"digest": digest_of(values)}).encode())
        for other in self._folder.iterdir():
            if other not in (tensors, facts):
                other.unlink()

    def _read(self) -> tuple[Checkpoint | None, str]:
        try:
            values = json.loads((self._folder / _FACTS).read_bytes())
            tensors = (self._folder / values["tensors"]).read_bytes()
            reason = self._distrust(values, tensors)
        except FileNotFoundError as error:
            missing = Path(error.filename).name
            return None, "" if missing == _FACTS else f"its {missing} is missing"
        except OSError as error:
            return None, f"it cannot be read: {error.strerror}"
        except (ValueError, LookupError, AttributeError, TypeError):
            return None, f"its {_FACTS} is torn"
        if reason:
            return None, reason
        return Checkpoint(values["step"], load(tensors), values["facts"]), ""

    def _distrust(self, values: dict[str, Any], tensors: bytes) -> str:
        """Return why what was read is not a checkpoint of this very training; "" where it is."""
        if values.pop("digest") != digest_of(values):
            return "it was changed after it was written"
        made_by = values["made_by"]
        differing = [name for name, one in self._made_by.items() if made_by.get(name) != one]
        if differing:
            return f"it was made with another {', '.join(differing)}"
        if hashlib.sha256(tensors).hexdigest() != values["sha256"]:
            return f"its {values['tensors']} is torn"
        return ""


def forget(place: Path) -> None:
    """Remove the checkpoint in the folder of an experiment's record, where there is one."""
    shutil.rmtree(place / FOLDER, ignore_errors=True)


def code_digest() -> str:
    """Return the sha256 of all source files that may decide what a training leads to."""
    digest = hashlib.sha256()
    for room in _ROOMS:
        for path in sorted((_REPOSITORY / room).rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(_REPOSITORY)} {len(content)}\n".encode() + content)
    return digest.hexdigest()
