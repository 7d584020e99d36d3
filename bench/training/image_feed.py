"""A pipeline for whole images on its way through training and evaluation."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.annotation.file import ANNOTATIONS, add_joints
from bench.data.batches import WHOLE
from bench.data.contract import Target
from bench.data.datasets import open_split
from bench.data.fitted import FittedImages, open_fitted
from bench.data.image_batches import image_batches
from bench.data.mixing import align, mixed_batches
from bench.evaluate_images import (
    Detections,
    in_joints,
    predict_images,
    to_coco_boxes,
    to_coco_results,
)
from bench.experiment import UNION, Experiment, Part
from bench.extremes import Scene, save_extremes
from bench.given_boxes import box_error, given_boxes
from bench.judge import judge
from bench.metrics.boxes import match_boxes
from bench.metrics.coco_truth import split_ground_truth
from bench.ranks import is_first
from bench.stages.known_people import detector_heads
from models.skeleton import SKELETONS

_SHOWN = 6  # images kept for the picture sheet, spread evenly over the split


def input_size(experiment: Experiment) -> int:
    """Return the side in pixels of what the network sees."""
    return experiment.protocol.input_size


def batches(
    experiment: Experiment,
    folder: Path,
    root: Path | None,
    device: torch.device,
    start: int = 0,
    share: slice = WHOLE,
) -> Iterator[tuple[Tensor, list[Target]]]:
    """Return a share of each training batch of the steps from ``start`` on, on ``device``.

    Args:
        experiment: whose training it is.
        folder: of all records, among them those of annotations that a mixture learns from.
        root: of data sets on disk.
        device: of the batches.
        start: the first step.
        share: which of a batch's images.
    """
    side = input_size(experiment)
    if not experiment.mixture:
        images = open_fitted(experiment.data, "train", root, side).to(device)
        return image_batches(images, experiment.train, experiment.seed, start, share)
    parts = [_part(one, folder, root, side).to(device) for one in experiment.mixture]
    weights = [one.weight for one in experiment.mixture]
    return mixed_batches(parts, weights, experiment.train, experiment.seed, start, share)


def evaluate(
    model: nn.Module,
    experiment: Experiment,
    root: Path | None,
    place: Path,
    report: Callable[[int, int], None],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return accuracy and evidence; detections and pictures are left in ``place``.

    Of several processes all predict, and the first alone judges; the others return nothing.

    A pipeline with a detector that finds people itself is judged by its boxes too: box AP, box
    AP50 and box recall, from the evidence "boxes".

    Raises:
        Problem: the protocol's boxes are unknown, or the pipeline cannot be given them.
    """
    error = box_error(experiment.protocol.boxes)
    split = experiment.protocol.split
    images = open_fitted(experiment.judged_on, split, root, input_size(experiment))
    seen = images.to(torch.device(experiment.train.device))
    precision = experiment.train.precision
    own = predict_images(
        model,
        seen,
        precision=precision,
        report=report,
        boxes=None if error is None else given_boxes(images.targets, error),
    )
    boxes = None
    if error is None and detector_heads(model):
        boxes = _boxes(model, seen, own, precision)
    if not is_first():
        return {}, {}
    found = in_joints(own, SKELETONS[experiment.skeleton], images.skeleton)
    detections = to_coco_results(found, images)
    (place / "detections.json").write_text(json.dumps(detections))
    _save_samples(place / "samples.npz", images, found)
    save_extremes(
        place,
        [_scene(*one) for one in zip(images.targets, found, strict=True)],
        lambda shown: images.images[shown].numpy(),
        images.skeleton,
    )
    dataset = open_split(experiment.judged_on, split, root)
    accuracy, evidence = judge(dataset, detections)
    if boxes is not None:
        matches = match_boxes(split_ground_truth(dataset), to_coco_boxes(boxes, images))
        accuracy |= {name: float(one) for name, one in matches.statistics().items()}
        evidence["boxes"] = matches.to_json()
    return accuracy, evidence


def _part(part: Part, folder: Path, root: Path | None, side: int) -> FittedImages:
    """Return the training images of a mixture's part, in the joints of all of them."""
    images = align(open_fitted(part.data, "train", root, side), SKELETONS[UNION])
    if not part.annotated_by:
        return images
    return add_joints(images, folder / part.annotated_by / ANNOTATIONS)


def _boxes(
    model: nn.Module, images: FittedImages, found: list[Detections], precision: str
) -> list[Detections]:
    """Return the boxes that a pipeline's detector found, with its own scores.

    A detector that is a half of its pipeline is asked again: there, a person's score is also that
    of the joints.
    """
    detector = getattr(model, "detector", None)
    if not isinstance(detector, nn.Module):
        return found
    return predict_images(detector, images, precision=precision, report=lambda done, of: None)


def _scene(target: Target, found: Detections) -> Scene:
    asked = target["iscrowd"] == 0
    scores = found["keypoints_scores"][..., None]
    return Scene(
        target["keypoints"][asked].numpy(),
        target["area"][asked].numpy(),
        torch.cat([found["keypoints"][..., :2], scores], dim=-1).float().numpy(),
        found["scores"].numpy(),
    )


def _save_samples(path: Path, images: FittedImages, found: Sequence[Detections]) -> None:
    # Only images with somebody to be found: an empty one shows nothing of a pipeline.
    peopled = [
        index
        for index, target in enumerate(images.targets)
        if bool((target["keypoints"][..., 2] > 0).any())
    ]
    spread = np.linspace(0, len(peopled) - 1, min(_SHOWN, len(peopled))).round().astype(int)
    shown = [peopled[place] for place in spread]
    truth = [images.targets[index]["keypoints"] for index in shown]
    people = [
        torch.cat(
            [found[index]["keypoints"][..., :2], found[index]["keypoints_scores"][..., None]], -1
        )
        for index in shown
    ]
    joints = len(images.skeleton)
    none = [torch.zeros(0, joints, 3)]
    np.savez_compressed(
        path,
        images=images.images[shown].numpy(),
        truth=torch.cat(truth + none).numpy(),
        truth_image=_owners(truth),
        predicted=torch.cat(people + none).float().numpy(),
        predicted_image=_owners(people),
        scores=torch.cat([found[index]["scores"] for index in shown] + [torch.zeros(0)]).numpy(),
    )


def _owners(parts: Sequence[Tensor]) -> np.ndarray:
    return np.repeat(np.arange(len(parts)), [len(part) for part in parts])
