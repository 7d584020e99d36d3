"""Records that nothing is wrong with, of experiments that today's code would plan."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bench.data.cache import file_digest
from bench.data.synthetic.factors import RENDERER_VERSION
from bench.experiment import DataSpec, Experiment, ModelSpec, Protocol, TrainSpec
from bench.jobs import Job
from bench.records import kind_of, write_record
from models.heatmaps import DECODER_VERSION

#: Two people in two images, both found at every threshold of OKS: every statistic is 1.
EVIDENCE = {
    "oks": {
        "image": [0, 1],
        "score": [0.9, 0.8],
        "matched": [1023, 1023],
        "ignored": [0, 0],
        "positives": [1, 1],
    }
}
MEASURED = {
    "cost": {"params": 100, "gmac": 0.5},
    "accuracy": {"AP": 1.0, "AP50": 1.0, "AP75": 1.0, "AR": 1.0},
    "training": {"images_per_second": 10.0, "seconds": 2.0, "final_loss": 0.1},
    "match": {},
    "trained_by": "",
}
_FILES = ("detections.json", "learning_curve.csv", "samples.npz", "weights.safetensors")


def small_experiment(block: str = "ioi", **changes: Any) -> Experiment:
    """Return an experiment of a moment on two rendered scenes."""
    arguments = {"block": block, "depth": 1, "width": 8, "stages": 1, "crop_size": 32}
    fields = {
        "variant": block,
        "model": ModelSpec("single_person", arguments),
        "data": DataSpec("synthetic", "coco17", 4, 2, 64, 32, 0, RENDERER_VERSION),
        "train": TrainSpec(3, 2, 1e-3, 0.01, 0.1, 5.0, 1.1, 0.05, True, "cpu", "fp32"),
        "protocol": Protocol("val", "ground-truth", 32, (1.0,), False, "mean", DECODER_VERSION),
        "seed": 0,
    }
    return Experiment(**(fields | changes))


def write_own_block(path: Path) -> Path:
    """Write a plugin that registers the block ``mine``; return its path."""
    path.write_text(
        "from torch import nn\n"
        "from models import register_block\n\n\n"
        "@register_block\n"
        "def mine(in_channels, out_channels):\n"
        "    return nn.Conv2d(in_channels, out_channels, 1)\n"
    )
    return path


def of_own_block(plugin: Path) -> Experiment:
    """Return the small experiment on the block of ``write_own_block``."""
    experiment = small_experiment("mine")
    return replace(experiment, model=replace(experiment.model, plugin=file_digest(plugin)))


def file_sound(folder: Path, job: Job, **changes: Any) -> Path:
    """File a finished record of ``job`` with its artefacts; return its path.

    ``changes`` replace parts of the record, those named as parts of "measured" parts of that.
    """
    place = folder / job.key
    place.mkdir(parents=True, exist_ok=True)
    is_accuracy = kind_of(job) == "accuracy"
    for name in _FILES:
        (place / name).write_text(name)
    inner = {name: changes.pop(name) for name in MEASURED if name in changes}
    record = {
        "key": job.key,
        "kind": kind_of(job),
        "status": "done",
        "reason": "",
        "experiment": asdict(job),
        "measured": (MEASURED if is_accuracy else {}) | inner,
        "evidence": EVIDENCE if is_accuracy else {},
        "files": _FILES if is_accuracy else (),
        "environment": {"threads": 1, "commit": "unknown", "dirty": None},
        "started": "2026-01-01T00:00:00+00:00",
        "seconds": 1.5,
        "command": "python run_all.py",
    }
    return write_record(folder, record | changes)
