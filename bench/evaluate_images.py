"""Model and whole images to detections, in pixels of the images and in COCO's results format."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bench.data.alignment import take_joints
from bench.data.fitted import FittedImages
from bench.memory_format import lay_channels_last
from bench.metrics.coco_truth import PERSON
from bench.problem import Problem
from bench.ranks import all_batches, own_batches
from models.geometry import invert, transform_points
from models.skeleton import Skeleton

Report = Callable[[int, int], None]
Detections = dict[str, Tensor]

_BATCH = 16  # images a forward pass; larger ones are no faster on a CPU


@torch.no_grad()
def predict_images(
    model: nn.Module,
    images: FittedImages,
    *,
    precision: str,
    report: Report,
    boxes: Sequence[Tensor] | None = None,
) -> list[Detections]:
    """Return the people that ``model`` finds in each image, in pixels of the input, on the CPU.

    Processes that do so together share the images, and all get all.

    Args:
        model: a pipeline for whole images, on the device of ``images``.
        images: I images.
        precision: "bf16" runs under autocast.
        report: called with (images done, images in all).
        boxes: of each image ``[n, 4]``, in pixels of the input: where the people are, if the
            pipeline is not to find them itself.

    Raises:
        Problem: the pipeline does not take the boxes that it is given.
    """
    model.eval()
    lay_channels_last(model)
    device = images.images.device
    found: list[list[Detections]] = []
    for start in own_batches(len(images), _BATCH):
        batch = images.images[start : start + _BATCH].float() / 255
        batch = batch.contiguous(memory_format=torch.channels_last)
        # Boxes and nothing else: no joint of the truth can reach the pipeline.
        given = [{"boxes": one.to(device)} for one in (boxes or [])[start : start + _BATCH]]
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            detections = model(batch) if boxes is None else model(batch, given)
        if boxes is not None and not _taken(given, detections):
            raise Problem(
                f"{type(model).__name__} finds people itself and does not take the boxes that it "
                "is given; measure it on whole images, boxes 'none'"
            )
        found.append([{name: value.cpu() for name, value in one.items()} for one in detections])
        report(min(start + _BATCH, len(images)), len(images))
    return [one for batch in all_batches(found) for one in batch]


def in_joints(
    detections: Sequence[Detections], source: Skeleton, wanted: Skeleton
) -> list[Detections]:
    """Return the detections of a model of ``source``'s joints in those of ``wanted``.

    People of whom none of these joints was found are left out.
    """
    if source == wanted:
        return list(detections)
    found = []
    for one in detections:
        scores = take_joints(one["keypoints_scores"].unsqueeze(-1), source, wanted).squeeze(-1)
        taken = one | {
            "keypoints": take_joints(one["keypoints"], source, wanted),
            "keypoints_scores": scores,
        }
        anybody = (scores > 0).any(dim=1)
        found.append({name: value[anybody] for name, value in taken.items()})
    return found


def to_coco_results(detections: Sequence[Detections], images: FittedImages) -> list[dict[str, Any]]:
    """Return the detections as COCO keypoint results, in pixels of the original images.

    A joint that was not found is 0 0 0, as COCO writes one that is not annotated.

    Args:
        detections: of each image: ``keypoints`` ``[n, K, 3]`` in pixels of the input,
            ``keypoints_scores`` ``[n, K]``, 0 where the joint was not found, ``scores`` ``[n]``.
        images: what they were found in.
    """
    results = []
    for one, affine, target in zip(
        detections, invert(images.image_to_input), images.targets, strict=True
    ):
        points = transform_points(affine, one["keypoints"][..., :2].double())
        scores = one["keypoints_scores"].double().unsqueeze(-1)
        # A thousandth of a pixel: ample, and a third of the file. Scores rank joints, and those
        # near 1 differ in their last digits.
        joints = torch.cat([points.round(decimals=3), scores.round(decimals=8)], dim=-1)
        people = (joints * (scores > 0)).flatten(1).tolist()
        results += [
            {
                "image_id": target["image_id"],
                "category_id": PERSON,
                "keypoints": person,
                "score": score,
            }
            for person, score in zip(people, one["scores"].tolist(), strict=True)
        ]
    return results


def to_coco_boxes(detections: Sequence[Detections], images: FittedImages) -> list[dict[str, Any]]:
    """Return the detections as COCO box results, in pixels of the original images.

    Args:
        detections: of each image: ``boxes`` ``[n, 4]`` in pixels of the input, ``scores`` ``[n]``.
        images: what they were found in.
    """
    results = []
    for one, affine, target in zip(
        detections, invert(images.image_to_input), images.targets, strict=True
    ):
        corners = transform_points(affine, one["boxes"].double().view(-1, 2, 2))
        boxes = torch.cat([corners[:, 0], corners[:, 1] - corners[:, 0]], dim=1).tolist()
        results += [
            {"image_id": target["image_id"], "category_id": PERSON, "bbox": box, "score": score}
            for box, score in zip(boxes, one["scores"].tolist(), strict=True)
        ]
    return results


def _taken(given: Sequence[Detections], detections: Sequence[Detections]) -> bool:
    return all(
        torch.equal(one["boxes"], target["boxes"])
        for one, target in zip(detections, given, strict=True)
    )
