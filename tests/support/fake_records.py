"""Records as a run would leave them, of models whose skill is chosen instead of trained."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fake_experiments import CROP, IMAGES, Fields

from bench.experiment import Experiment
from bench.jobs import CeilingExperiment, Job, LatencyExperiment, StageExperiment
from bench.metrics.coco_truth import coco_ground_truth
from bench.metrics.oks import match_oks
from bench.metrics.pck import count_pck
from bench.metrics.posetrack import match_posetrack
from bench.records import kind_of, write_record
from models.skeleton import POSETRACK15, SKELETONS, Skeleton

ENVIRONMENT = {
    "processor": "a processor | of 2 cores",
    "torch": "2.13.0",
    "gpu": None,
    "commit": "0123abc",
    "dirty": False,
}
_MACHINE = {
    "threads": 2,
    "precision": "fp32",
    "memory_format": "channels_last",
    "device": "cpu",
    "disturbed": False,
}


class Suite:
    """A results folder that is filled record by record."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records = folder / "records"

    def done(
        self,
        one: Experiment,
        error: float,
        *,
        samples: bool = True,
        known: int | None = None,
        **changes: Any,
    ) -> None:
        """File a finished record of a model that is ``error`` pixels off, scored by the metrics.

        People have the first ``known`` joints, or all. ``changes`` replace parts of "measured", or
        the record's environment and command. With ``trained_by`` there is no learning curve, as
        where another record's weights are measured.
        """
        place = self.records / one.key
        place.mkdir(parents=True)
        evidence, accuracy, pictures = _scored(
            error, one.seed, SKELETONS[one.judged_on.skeleton], known
        )
        if one.protocol.boxes == "none":
            del evidence["pck"], accuracy["PCK@0.2"]
            pictures = _image_samples(pictures)
        steps = np.arange(1, 121)
        losses = 1 + error * np.exp(-steps / 30) + 0.05 * np.sin(steps)
        lines = [f"{step},0.001,{loss}" for step, loss in zip(steps, losses, strict=True)]
        files = []
        if not changes.get("trained_by"):
            curve = "\n".join(["step,learning_rate,loss", *lines])
            (place / "learning_curve.csv").write_text(curve)
            files.append("learning_curve.csv")
        if samples:
            np.savez_compressed(place / "samples.npz", **pictures)
            files.append("samples.npz")
        measured = {
            "cost": fake_cost(0, 0.0) if one.variant == "mean_pose" else fake_cost(67123, 0.0123),
            "accuracy": accuracy,
            "training": {"images_per_second": 1234.5, "seconds": 16.0, "final_loss": 1.25},
            "match": {}
            if one.variant == "mean_pose" or one.protocol.boxes == "none"
            else _match(mismatch=-0.012 if one.variant == "ioi" else 0.004),
        }
        outer = {name: changes.pop(name) for name in ("environment", "command") if name in changes}
        record = _record(one) | {"files": files} | outer
        write_record(self.records, record | {"measured": measured | changes, "evidence": evidence})

    def failed(self, one: Job, reason: str) -> None:
        """File the record of a failure."""
        write_record(self.records, _record(one) | {"status": "failed", "reason": reason})

    def ceiling(self, one: CeilingExperiment, *losses: tuple[str, float]) -> None:
        """File a ceiling: from 1.0, each named loss leads to its AP; the last is the result."""
        evidence, accuracy, _ = _scored(0.5, 0, SKELETONS[one.data.skeleton], None)
        steps = [{"cause": cause, "AP": ap} for cause, ap in (("", 1.0), *losses)]
        measured = {
            "accuracy": accuracy | {"AP": steps[-1]["AP"]},
            "steps": steps,
            "stride": one.model.arguments["stride"],
            "people": IMAGES,
            "images": IMAGES,
        }
        record = _record(one) | {"measured": measured, "evidence": {"oks": evidence["oks"]}}
        write_record(self.records, record)

    def staged(
        self,
        timing: StageExperiment,
        network: dict[str, float],
        counted: dict[str, tuple[int, float]] | None = None,
        missed: dict[str, dict[str, int]] | None = None,
        **changes: Any,
    ) -> None:
        """File stages: 1 ms before, the network's ms by variant, 0.1 ms a person to decode.

        ``counted`` are parameters and GMAC by variant, ``missed`` the people found where that is
        not everybody; ``changes`` replace parts of "measured".
        """
        rows = []
        for one in timing.pipelines:
            views = sum(scale**2 for scale in one.scales) * (2 if one.flip else 1)
            params, gmac = (counted or {}).get(one.variant, (67123, 0.0123))
            ms = network[one.variant] * views
            rows.append(
                {
                    "variant": one.variant,
                    "model": one.model.name,
                    "input_size": one.input_size,
                    "scales": list(one.scales),
                    "flip": one.flip,
                    "stride": one.model.arguments.get("stride", 4),
                    "cost": fake_cost(params, gmac * views),
                    "found": {str(n): n for n in timing.people}
                    | (missed or {}).get(one.variant, {}),
                    "stages": {
                        "preprocess": _times(1.0),
                        "network": _times(ms),
                        "decode": {str(n): _times(0.1 * n) for n in timing.people},
                        "end_to_end": _times(1.0 + ms + 0.1 * timing.whole),
                    },
                }
            )
        measured = {"pipelines": rows, "whole": timing.whole, "image_size": timing.image_size}
        record = _record(timing) | {"measured": measured | _MACHINE | changes}
        write_record(self.records, record)

    def timed(self, timing: LatencyExperiment, **changes: Any) -> None:
        """File a latency record: 2 ms and more for a crop, ten times that for sixteen."""
        models = {
            one.key: {
                str(batch): _times((2.0 + index) * (1 if batch == 1 else 10))
                for batch in timing.batch_sizes
            }
            for index, one in enumerate(timing.experiments)
        }
        measured = {"models": models} | _MACHINE
        write_record(self.records, _record(timing) | {"measured": measured | changes})


def _scored(
    error: float, seed: int, skeleton: Skeleton, known: int | None
) -> tuple[Fields, dict[str, float], dict[str, Any]]:
    joints = len(skeleton)
    people = np.random.default_rng(0)
    truth = np.concatenate(
        [people.uniform(10, 54, (IMAGES, joints, 2)), np.full((IMAGES, joints, 1), 2.0)], axis=-1
    )
    truth[:, joints if known is None else known :] = 0
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
            "head_boxes": torch.tensor([[6.0, 6.0, 12.0, 14.0]]),
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
    oks = match_oks(coco_ground_truth(targets, sizes, skeleton), found, skeleton)
    pck = count_pck(truth, predicted, np.full(IMAGES, 51.2), np.arange(IMAGES))
    statistics = oks.statistics() | pck.statistics()
    evidence = {"oks": oks.to_json(), "pck": pck.to_json()}
    if skeleton == POSETRACK15:
        points = match_posetrack(targets, found)
        statistics |= {n: ap for n, ap in points.statistics().items() if not np.isnan(ap)}
        evidence["posetrack"] = points.to_json()
    accuracy = {name: float(value) for name, value in statistics.items()}
    crops = {
        "images": people.integers(0, 255, (8, 3, CROP, CROP), dtype=np.uint8),
        "truth": truth[:8].astype(np.float32),
        "predicted": np.concatenate([predicted[:8], np.ones((8, joints, 1))], -1).astype("f4"),
    }
    return evidence, accuracy, crops


def _image_samples(crops: dict[str, Any]) -> dict[str, Any]:
    """Return the same pictures as whole images: two people in the first, nobody found there."""
    people = len(crops["truth"])
    owner = np.maximum(np.arange(people) - 1, 0)
    return {
        "images": crops["images"][:-1],
        "truth": crops["truth"],
        "truth_image": owner,
        "predicted": crops["predicted"][2:],
        "predicted_image": owner[2:],
        "scores": np.linspace(1, 0.5, people - 2, dtype=np.float32),
    }


def fake_cost(params: int, gmac: float) -> Fields:
    return {
        "params": params,
        "gmac": gmac,
        "gflop": 2 * gmac,
        "activations_m": 0.5 if params else 0.0,
        "input": "1x3x64x64",
        "uncounted": ["aten::sigmoid x2"] if params else [],
        "gmac_torch": gmac,
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


def _record(job: Job) -> Fields:
    return {
        "key": job.key,
        "kind": kind_of(job),
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
