"""What is done for an experiment: build, count, train, evaluate, and file what it left behind."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from bench.cost import count_cost
from bench.data.batches import training_batches
from bench.data.crops import PersonCrops, open_crops
from bench.data.datasets import open_split
from bench.data.geometry import linear_zoom
from bench.evaluate import CropPredictions, coco_results, predict_crops
from bench.experiment import Experiment, LatencyExperiment, ModelSpec
from bench.latency import time_models
from bench.metrics.oks import OksMatches, coco_ground_truth, match_oks
from bench.metrics.pck import PckCounts, count_pck
from bench.problem import Problem
from bench.train import train
from models import create_pipeline
from models.skeleton import SKELETONS

#: Called with the stage, units done, units in all, and facts worth showing (loss, rate).
Report = Callable[..., None]
Measured = tuple[dict[str, Any], dict[str, Any]]

PCK_THRESHOLD = 0.2
_SHOWN = 8  # crops kept for the picture sheet, spread evenly over the split
_WEIGHTS = "weights.safetensors"


def measure_accuracy(
    experiment: Experiment, folder: Path, root: Path | None, report: Report
) -> Measured:
    """Train and evaluate one model; its artefacts go to ``folder/<key>/``.

    Args:
        experiment: what to run.
        folder: of all records.
        root: of a data set on disk.
        report: progress.

    Returns:
        what a record calls "measured" and "evidence".
    """
    place = folder / experiment.key
    place.mkdir(parents=True, exist_ok=True)
    device = torch.device(experiment.train.device)
    torch.manual_seed(experiment.seed)
    model = _create(experiment.model, experiment.data.skeleton)
    cost = count_cost(model, _blank(experiment, batch_size=1))
    learning = open_crops(experiment.data, "train", root).to(device)
    curve = train(
        model.to(device),
        training_batches(learning, experiment.train, experiment.seed),
        experiment.train,
        lambda step, loss, rate: report(
            "train", step, experiment.train.steps, loss=loss, rate=rate
        ),
    )
    crops = open_crops(experiment.data, "val", root)
    predictions = predict_crops(
        model,
        crops.to(device),
        flip=experiment.protocol.flip,
        precision=experiment.train.precision,
        report=lambda done, of: report("evaluate", done, of),
    )
    detections = coco_results(predictions, crops)
    matches, counts = _score(experiment, root, crops, predictions, detections)
    curve.write(place / "learning_curve.csv")
    (place / "detections.json").write_text(json.dumps(detections))
    _save_samples(place / "samples.npz", crops, predictions)
    _save_weights(model, place / _WEIGHTS)
    accuracy = matches.statistics() | counts.statistics()
    measured = {
        "cost": cost.to_json(),
        "accuracy": {name: float(value) for name, value in accuracy.items()},
        "training": {
            "images_per_second": curve.images / max(curve.seconds, 1e-9),
            "seconds": curve.seconds,
            "final_loss": float(np.mean(curve.losses[-max(1, len(curve.losses) // 20) :])),
        },
    }
    return measured, {"oks": matches.to_json(), "pck": counts.to_json()}


def measure_latency(experiment: LatencyExperiment, folder: Path, report: Report) -> Measured:
    """Time the trained models of several experiments, interleaved in this one process.

    A call takes crops, normalised and on the device, to keypoints: network and decoding.

    Raises:
        Problem: the weights of an experiment are missing.
    """
    models = [_trained(one, folder) for one in experiment.experiments]
    first = experiment.experiments[0].train
    timed: dict[str, dict[str, Any]] = {one.key: {} for one in experiment.experiments}
    disturbed = False
    for done, batch_size in enumerate(experiment.batch_sizes):
        report("time", done, len(experiment.batch_sizes))
        calls = {
            one.key: _call(model, one, batch_size)
            for one, model in zip(experiment.experiments, models, strict=True)
        }
        timings = time_models(calls, experiment.rounds, first.device)
        for key, timing in timings.items():
            timed[key][str(batch_size)] = timing.to_json()
            disturbed = disturbed or timing.disturbed
    report("time", len(experiment.batch_sizes), len(experiment.batch_sizes))
    return {
        "models": timed,
        "threads": torch.get_num_threads(),
        "precision": first.precision,
        "memory_format": "channels_last",
        "device": first.device,
        "disturbed": disturbed,
    }, {}


def _create(spec: ModelSpec, skeleton: str) -> nn.Module:
    return create_pipeline(spec.name, SKELETONS[skeleton], **spec.arguments)


def _blank(experiment: Experiment, batch_size: int) -> torch.Tensor:
    size = experiment.data.crop_size
    return torch.zeros(batch_size, 3, size, size)


def _score(
    experiment: Experiment,
    root: Path | None,
    crops: PersonCrops,
    predictions: CropPredictions,
    detections: list[dict[str, Any]],
) -> tuple[OksMatches, PckCounts]:
    dataset = open_split(experiment.data, experiment.protocol.split, root)
    indices = range(len(dataset))
    truth = coco_ground_truth(
        [dataset.target(index) for index in indices],
        [dataset.size(index) for index in indices],
        crops.skeleton,
    )
    zoom = linear_zoom(crops.crop_to_image).float()  # both sides are in pixels of the crop
    counts = count_pck(
        crops.keypoints.numpy(),
        predictions.crop[..., :2].numpy(),
        (crops.extent / zoom).numpy(),
        crops.image_index.numpy(),
        PCK_THRESHOLD,
    )
    return match_oks(truth, detections, crops.skeleton), counts


def _save_samples(path: Path, crops: PersonCrops, predictions: CropPredictions) -> None:
    shown = np.unique(np.linspace(0, len(crops) - 1, _SHOWN).round().astype(int))
    np.savez_compressed(
        path,
        images=crops.centre(slice(None))[shown].numpy(),
        truth=crops.keypoints[shown].numpy(),
        predicted=predictions.crop[shown].numpy(),
    )


def _save_weights(model: nn.Module, path: Path) -> None:
    partial = path.with_suffix(f".{os.getpid()}.partial")
    state = {name: value.contiguous().cpu() for name, value in model.state_dict().items()}
    save_file(state, partial)
    partial.replace(path)


def _trained(experiment: Experiment, folder: Path) -> nn.Module:
    path = folder / experiment.key / _WEIGHTS
    model = _create(experiment.model, experiment.data.skeleton)
    try:
        model.load_state_dict(load_file(path))
    except FileNotFoundError as error:
        raise Problem(
            f"the weights of {experiment.variant} ({experiment.key}) are missing; "
            "delete its record to train it again"
        ) from error
    model.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model.to(experiment.train.device)


def _call(model: nn.Module, experiment: Experiment, batch_size: int) -> Callable[[], object]:
    spec = experiment.train
    images = _blank(experiment, batch_size).to(spec.device, memory_format=torch.channels_last)

    def call() -> object:
        with (
            torch.no_grad(),
            torch.autocast(spec.device, torch.bfloat16, enabled=spec.precision == "bf16"),
        ):
            return model(images)

    return call
