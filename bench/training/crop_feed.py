"""A single-person pipeline's way through training and evaluation: ground-truth crops."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.data.batches import WHOLE, training_batches
from bench.data.contract import Target
from bench.data.crops import PersonCrops, open_crops
from bench.data.datasets import open_split
from bench.evaluate import CropPredictions, coco_results, predict_crops
from bench.experiment import Experiment
from bench.extremes import Scene, save_extremes
from bench.judge import judge
from bench.metrics.pck import count_pck
from bench.problem import Problem
from bench.ranks import is_first
from models.geometry import linear_zoom

PCK_THRESHOLD = 0.2
_SHOWN = 8  # crops kept for the picture sheet, spread evenly over the split


def input_size(experiment: Experiment) -> int:
    """Return the side in pixels of what the network sees."""
    return experiment.data.crop_size


def batches(
    experiment: Experiment,
    folder: Path,
    root: Path | None,
    device: torch.device,
    start: int = 0,
    share: slice = WHOLE,
) -> Iterator[tuple[Tensor, list[Target]]]:
    """Return a share of each training batch of the steps from ``start`` on, on ``device``.

    Raises:
        Problem: they are to come from a mixture.
    """
    if experiment.mixture:
        raise Problem("a mixture of data sets is learnt from whole images; give it no crops")
    crops = open_crops(experiment.data, "train", root).to(device)
    return training_batches(crops, experiment.train, experiment.seed, start, share)


def evaluate(
    model: nn.Module,
    experiment: Experiment,
    root: Path | None,
    place: Path,
    report: Callable[[int, int], None],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return accuracy and evidence; detections and pictures are left in ``place``.

    Of several processes all predict, and the first alone judges; the others return nothing.
    """
    split = experiment.protocol.split
    crops = open_crops(experiment.judged_on, split, root)
    predictions = predict_crops(
        model,
        crops.to(torch.device(experiment.train.device)),
        flip=experiment.protocol.flip,
        precision=experiment.train.precision,
        report=report,
    )
    if not is_first():
        return {}, {}
    detections = coco_results(predictions, crops)
    (place / "detections.json").write_text(json.dumps(detections))
    _save_samples(place / "samples.npz", crops, predictions)
    save_extremes(
        place,
        _scenes(crops, predictions),
        lambda shown: crops.centre(slice(None))[shown].numpy(),
        crops.skeleton,
    )
    accuracy, evidence = judge(open_split(experiment.judged_on, split, root), detections)
    zoom = linear_zoom(crops.crop_to_image).float()  # both sides are in pixels of the crop
    counts = count_pck(
        crops.keypoints.numpy(),
        predictions.crop[..., :2].numpy(),
        (crops.extent / zoom).numpy(),
        crops.image_index.numpy(),
        PCK_THRESHOLD,
    )
    return accuracy | counts.statistics(), evidence | {"pck": counts.to_json()}


def _scenes(crops: PersonCrops, predictions: CropPredictions) -> list[Scene]:
    zoom = linear_zoom(crops.crop_to_image).float()
    area = (crops.area / zoom**2).numpy()  # in pixels of the crop
    people = zip(
        crops.keypoints.numpy(),
        area,
        predictions.crop.numpy(),
        predictions.scores.numpy(),
        strict=True,
    )
    return [Scene(*(value[None] for value in one)) for one in people]


def _save_samples(path: Path, crops: PersonCrops, predictions: CropPredictions) -> None:
    shown = np.unique(np.linspace(0, len(crops) - 1, _SHOWN).round().astype(int))
    np.savez_compressed(
        path,
        images=crops.centre(slice(None))[shown].numpy(),
        truth=crops.keypoints[shown].numpy(),
        predicted=predictions.crop[shown].numpy(),
    )
