"""The ceiling of a bottom-up pipeline: what its own targets, decoded, score without a network."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from bench.ceilings.counterfactuals import CAUSES, ladder
from bench.data.contract import Target
from bench.data.datasets import open_split
from bench.data.fitted import FittedImages, open_fitted
from bench.evaluate_images import Detections, to_coco_results
from bench.jobs import CeilingExperiment
from bench.metrics.coco_truth import split_ground_truth
from bench.metrics.oks import match_oks
from bench.problem import Problem
from models import create_pipeline
from models.fields import FieldTargets, cells_inside
from models.grouping import GroupingOptions
from models.heatmaps import cells_to_pixels
from models.networks.staged_fields import FieldMaps
from models.peaks import find_peaks
from models.pipelines.paf import FieldPipeline
from models.skeleton import SKELETONS

#: Called with the stage, units done and units in all.
Report = Callable[..., None]

_BATCH: Final = 16  # images whose maps are drawn together: 30 MB of 56 maps of 92 x 92 cells


def measure_ceiling(
    experiment: CeilingExperiment, root: Path | None, report: Report
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw the targets of every image, decode them, and name what each loss on the way costs.

    Args:
        experiment: of a pipeline of fields; its weights are not used.
        root: of a data set on disk.
        report: progress.

    Returns:
        what a record calls "measured" and "evidence".

    Raises:
        Problem: the pipeline has no fields, the data cannot be read, or nobody is annotated.
    """
    pipeline = _pipeline(experiment)
    data, protocol = experiment.data, experiment.protocol
    images = open_fitted(data, protocol.split, root, protocol.input_size)
    truth = split_ground_truth(open_split(data, protocol.split, root))
    return decode_truth(pipeline, images, truth, report)


def decode_truth(
    pipeline: FieldPipeline, images: FittedImages, truth: dict[str, Any], report: Report
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return "measured" and "evidence" of a pipeline's decoder on its own targets.

    Args:
        pipeline: draws and decodes.
        images: gives the people.
        truth: the same people as a COCO keypoints file, in pixels of the original images.
        report: called with ("decode", images done, images in all).

    Returns:
        ``measured["steps"]`` are the AP of the truth itself and of each step of
        ``bench.ceilings.counterfactuals``, the last of which is the decoder's own, as are
        ``measured["accuracy"]`` and the evidence.

    Raises:
        Problem: nobody is annotated.
    """
    steps: list[list[Detections]] = [[] for _ in CAUSES]
    for start in range(0, len(images), _BATCH):
        for found in _decode(pipeline, images.targets[start : start + _BATCH], images.input_size):
            for step, detections in zip(steps, found, strict=True):
                step.append(detections)
        report("decode", min(start + _BATCH, len(images)), len(images))
    matches = [match_oks(truth, to_coco_results(step, images), images.skeleton) for step in steps]
    people = int(matches[-1].positives.sum())
    if people == 0:
        raise Problem("nobody in these images has an annotated joint; choose data with people")
    measured = {
        "accuracy": {name: float(value) for name, value in matches[-1].statistics().items()},
        "steps": [
            {"cause": cause, "AP": float(one.statistics()["AP"])}
            for cause, one in zip(CAUSES, matches, strict=True)
        ],
        "stride": pipeline.stride,
        "people": people,
        "images": len(images),
    }
    return measured, {"oks": matches[-1].to_json()}


def _pipeline(experiment: CeilingExperiment) -> FieldPipeline:
    model = experiment.model
    pipeline = create_pipeline(model.name, SKELETONS[experiment.data.skeleton], **model.arguments)
    if not isinstance(pipeline, FieldPipeline):
        raise Problem(f"pipeline '{model.name}' has no fields to decode; choose paf6 or mspaf3")
    return pipeline


@torch.no_grad()
def _decode(
    pipeline: FieldPipeline, targets: list[Target], input_size: int
) -> Iterator[list[Detections]]:
    """Yield for each image what is found on each step."""
    sizes = [(input_size, input_size)] * len(targets)
    drawn = _draw(pipeline, [dict(target) for target in targets], sizes)
    decoded = pipeline.detections(FieldMaps(drawn.heatmaps, drawn.fields), sizes)
    peaks = _peaks(pipeline, drawn.heatmaps, sizes)
    for target, found, seen in zip(targets, decoded, peaks, strict=True):
        keypoints = target["keypoints"]
        asked_for = (target["iscrowd"] == 0) & (keypoints[..., 2] > 0).any(dim=1)
        people = keypoints[asked_for]
        yield ladder(
            people,
            _peaks_alone(pipeline, people, input_size),
            seen,
            found,
            skeleton=pipeline.skeleton,
            grouped=pipeline.grouped,
            input_size=input_size,
            stride=pipeline.stride,
            min_parts=_options(pipeline).min_parts,
        )


def _draw(
    pipeline: FieldPipeline, targets: list[dict[str, Any]], sizes: list[tuple[int, int]]
) -> FieldTargets:
    height, width = (-(-side // pipeline.stride) for side in sizes[0])
    return pipeline.targets(targets, sizes, torch.zeros(len(targets), 1, height, width))


def _peaks(pipeline: FieldPipeline, heatmaps: Tensor, sizes: list[tuple[int, int]]) -> list[Tensor]:
    """Return the peaks that the grouping sees in each image, ``[P, G, 3]``, one a row.

    G joints: x y in pixels and the peak's height, all 0 but for the one whose peak it is.
    """
    joints, grid = len(pipeline.grouped), (heatmaps.shape[-2], heatmaps.shape[-1])
    inside = cells_inside(sizes, grid, pipeline.stride, heatmaps.device)
    options = _options(pipeline)
    found = find_peaks(heatmaps[:, :joints] * inside, options.peak_threshold, options.max_peaks)
    image, joint = np.divmod(found.channel, joints)
    peaks = torch.from_numpy(np.stack([found.x, found.y, found.score], axis=1))
    peaks[:, :2] = cells_to_pixels(peaks[:, :2], pipeline.stride)
    rows = torch.zeros(len(peaks), joints, 3)
    rows[torch.arange(len(peaks)), torch.from_numpy(joint)] = peaks
    return list(rows.split(np.bincount(image, minlength=len(heatmaps)).tolist()))


def _peaks_alone(pipeline: FieldPipeline, people: Tensor, input_size: int) -> Tensor:
    """Return ``[N, G, 3]``, the peaks of everybody as if nobody else were there."""
    if not len(people):
        return people.new_zeros(0, len(pipeline.grouped), 3)
    nothing = {"boxes": people.new_zeros(1, 4), "iscrowd": torch.zeros(1, dtype=torch.int64)}
    sizes = [(input_size, input_size)] * len(people)
    drawn = _draw(pipeline, [nothing | {"keypoints": one[None]} for one in people], sizes)
    # A lone joint has one peak, so the sum over peaks is that peak.
    return torch.stack([one.sum(dim=0) for one in _peaks(pipeline, drawn.heatmaps, sizes)])


def _options(pipeline: FieldPipeline) -> GroupingOptions:
    return GroupingOptions(**pipeline.grouping)
