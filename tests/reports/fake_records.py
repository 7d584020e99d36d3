"""Records as a run would leave them, of models whose skill is chosen instead of trained."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.experiment import (
    DataSpec,
    Experiment,
    LatencyExperiment,
    ModelSpec,
    Protocol,
    TrainSpec,
)
from bench.metrics.oks import coco_ground_truth, match_oks
from bench.metrics.pck import count_pck
from bench.records import write_record
from models.skeleton import LSP14

IMAGES, CROP = 40, 64
TRAIN = TrainSpec(600, 32, 2e-3, 1e-2, 0.05, 30.0, 1.25, 0.1, True, "cpu", "fp32")
PROTOCOL = Protocol("val", "ground-truth", CROP, (1.0,), False, "mean joint score", "peak-1")
DATA = DataSpec("synthetic", "lsp14", 4000, IMAGES, 128, CROP, 0, "digest")
ENVIRONMENT = {
    "processor": "a processor | of 2 cores",
    "torch": "2.13.0",
    "gpu": None,
    "commit": "0123abc",
    "dirty": False,
}
Fields = dict[str, Any]


def experiment(variant: str, seed: int = 0, **changes: Any) -> Experiment:
    """Return an experiment; ``changes`` replace its data, protocol or train."""
    if variant == "mean_pose":
        model = ModelSpec("mean_pose", {"crop_size": CROP})
    else:
        size = {"block": variant, "depth": 2, "width": 32, "stages": 1, "crop_size": CROP}
        model = ModelSpec("single_person", size)
    fields: Fields = {"data": DATA, "train": TRAIN, "protocol": PROTOCOL} | changes
    return Experiment(variant=variant, model=model, seed=seed, **fields)


class Suite:
    """A results folder that is filled record by record."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records = folder / "records"

    def done(self, one: Experiment, error: float, *, samples: bool = True, **changes: Any) -> None:
        """File a finished record of a model that is ``error`` pixels off, scored by the metrics.

        ``changes`` replace parts of "measured", or the record's environment and command.
        """
        place = self.records / one.key
        place.mkdir(parents=True)
        evidence, accuracy, crops = _scored(error, one.seed)
        steps = np.arange(1, 121)
        losses = 1 + error * np.exp(-steps / 30) + 0.05 * np.sin(steps)
        lines = [f"{step},0.001,{loss}" for step, loss in zip(steps, losses, strict=True)]
        (place / "learning_curve.csv").write_text("\n".join(["step,learning_rate,loss", *lines]))
        files = ["learning_curve.csv"]
        if samples:
            np.savez_compressed(place / "samples.npz", **crops)
            files.append("samples.npz")
        measured = {
            "cost": _cost(one),
            "accuracy": accuracy,
            "training": {"images_per_second": 1234.5, "seconds": 16.0, "final_loss": 1.25},
            "match": {}
            if one.variant == "mean_pose"
            else _match(mismatch=-0.012 if one.variant == "ioi" else 0.004),
        }
        outer = {name: changes.pop(name) for name in ("environment", "command") if name in changes}
        record = _record(one.key, "accuracy", one) | {"files": files} | outer
        write_record(self.records, record | {"measured": measured | changes, "evidence": evidence})

    def failed(self, one: Experiment, reason: str) -> None:
        """File the record of a failure."""
        failure = {"status": "failed", "reason": reason}
        write_record(self.records, _record(one.key, "accuracy", one) | failure)

    def timed(self, timing: LatencyExperiment, **changes: Any) -> None:
        """File a latency record: 2 ms and more for a crop, ten times that for sixteen."""
        models = {
            one.key: {
                str(batch): _times((2.0 + index) * (1 if batch == 1 else 10))
                for batch in timing.batch_sizes
            }
            for index, one in enumerate(timing.experiments)
        }
        measured = {
            "models": models,
            "threads": 2,
            "precision": "fp32",
            "memory_format": "channels_last",
            "device": "cpu",
            "disturbed": False,
        }
        record = _record(timing.key, "latency", timing)
        write_record(self.records, record | {"measured": measured | changes})


def latency(*experiments: Experiment) -> LatencyExperiment:
    """Return the timing of ``experiments`` at batches of 1 and 16."""
    return LatencyExperiment(experiments, (1, 16), 30)


def _scored(error: float, seed: int) -> tuple[Fields, dict[str, float], dict[str, Any]]:
    joints = len(LSP14)
    people = np.random.default_rng(0)
    truth = np.concatenate(
        [people.uniform(10, 54, (IMAGES, joints, 2)), np.full((IMAGES, joints, 1), 2.0)], axis=-1
    )
    off = np.random.default_rng(1 + seed).standard_normal((IMAGES, joints, 2))
    predicted = truth[..., :2] + error * off
    targets: list[Any] = [
        {
            "image_id": index + 1,
            "annotation_ids": torch.tensor([index + 1]),
            "boxes": torch.tensor([[6.4, 6.4, 57.6, 57.6]]),
            "keypoints": torch.from_numpy(person[None]).float(),
            "area": torch.tensor([900.0]),
            "iscrowd": torch.tensor([0]),
        }
        for index, person in enumerate(truth)
    ]
    found = [
        {
            "image_id": index + 1,
            "category_id": 1,
            "score": 1 - index / 100,
            "keypoints": np.c_[person, np.ones(joints)].ravel().tolist(),
        }
        for index, person in enumerate(predicted)
    ]
    sizes = [(CROP, CROP)] * IMAGES
    oks = match_oks(coco_ground_truth(targets, sizes, LSP14), found, LSP14)
    pck = count_pck(truth, predicted, np.full(IMAGES, 51.2), np.arange(IMAGES))
    accuracy = {name: float(value) for name, value in (oks.statistics() | pck.statistics()).items()}
    crops = {
        "images": people.integers(0, 255, (8, 3, CROP, CROP), dtype=np.uint8),
        "truth": truth[:8].astype(np.float32),
        "predicted": np.concatenate([predicted[:8], np.ones((8, joints, 1))], -1).astype("f4"),
    }
    return {"oks": oks.to_json(), "pck": pck.to_json()}, accuracy, crops


def _cost(one: Experiment) -> Fields:
    zero = one.variant == "mean_pose"
    return {
        "params": 0 if zero else 67123,
        "gmac": 0.0 if zero else 0.0123,
        "gflop": 0.0 if zero else 0.0246,
        "activations_m": 0.0 if zero else 0.5,
        "input": "1x3x64x64",
        "uncounted": [] if zero else ["aten::sigmoid x2"],
        "gmac_torch": 0.0 if zero else 0.0123,
    }


def _match(mismatch: float) -> Fields:
    value = round(67000 * (1 + mismatch))
    target = {"rule": "params", "depth": 2, "width": 32, "target": 67000}
    return target | {"value": value, "mismatch": mismatch}


def _times(median: float) -> dict[str, float]:
    return {
        "median_ms": median,
        "p05_ms": 0.9 * median,
        "p95_ms": 1.2 * median,
        "low_ms": 0.98 * median,
        "high_ms": 1.02 * median,
        "samples": 30,
    }


def _record(key: str, kind: str, job: Experiment | LatencyExperiment) -> Fields:
    return {
        "key": key,
        "kind": kind,
        "status": "done",
        "reason": "",
        "experiment": asdict(job),
        "measured": {},
        "evidence": {},
        "files": [],
        "environment": ENVIRONMENT,
        "started": "2026-01-02T03:04:05+00:00",
        "seconds": 21.5,
        "command": "python run_all.py --suite blocks --preset cpu",
    }
