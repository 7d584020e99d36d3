"""Model and crops to detections, in pixels of the images and in COCO's results format."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.data.crops import PersonCrops
from bench.memory_format import lay_channels_last
from bench.ranks import all_batches, own_batches
from models.geometry import transform_points

Report = Callable[[int, int], None]
_BATCH = 64  # crops a forward pass; larger ones are no faster on a CPU


@dataclass(frozen=True)
class CropPredictions:
    """The predicted joints of P crops, CPU tensors.

    Attributes:
        crop: float32 ``[P, K, 3]``, x y in pixels of the crop, score of the joint.
        image: float64 ``[P, K, 2]``, x y in pixels of the image.
        scores: float32 ``[P]``, of the person.
    """

    crop: Tensor
    image: Tensor
    scores: Tensor


@torch.no_grad()
def predict_crops(
    model: nn.Module, crops: PersonCrops, *, flip: bool, precision: str, report: Report
) -> CropPredictions:
    """Run ``model`` over every crop; processes that do so together share them and all get all.

    Args:
        model: a pipeline for crops, on the device of ``crops``.
        crops: P persons.
        flip: average each prediction with the one for the mirrored crop.
        precision: "bf16" runs under autocast.
        report: called with (crops done, crops in all).
    """
    model.eval()
    lay_channels_last(model)
    device = crops.images.device
    found = []
    for start in own_batches(len(crops), _BATCH):
        images = crops.centre(slice(start, start + _BATCH)).float() / 255
        images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            people, confidence = _joints(model, images)
            if flip:
                mirrored, other = _joints(model, images.flip(-1))
                swap = list(crops.skeleton.flip_permutation)
                mirrored = mirrored[:, swap]
                mirrored[..., 0] = crops.crop_size - 1 - mirrored[..., 0]
                people, confidence = (people + mirrored) / 2, (confidence + other) / 2
        found.append((people.cpu(), confidence.cpu()))
        report(min(start + _BATCH, len(crops)), len(crops))
    joints, scores = (torch.cat(parts) for parts in zip(*all_batches(found), strict=True))
    in_image = transform_points(crops.crop_to_image.cpu(), joints[..., :2].double())
    return CropPredictions(joints, in_image, scores)


def _joints(model: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    detections = model(images)
    points = torch.cat([one["keypoints"][..., :2] for one in detections])
    joint_scores = torch.cat([one["keypoints_scores"] for one in detections])
    people = torch.cat([points, joint_scores.unsqueeze(-1)], dim=-1).float()
    return people, torch.cat([one["scores"] for one in detections]).float()


def coco_results(predictions: CropPredictions, crops: PersonCrops) -> list[dict[str, Any]]:
    """Return the predictions as COCO keypoint results, one dictionary a crop."""
    scores = predictions.crop[..., 2:].double().numpy()
    # A thousandth of a pixel: ample, and a third of the file. Scores rank joints, and those near 1
    # differ in their last digits.
    joints = np.concatenate([predictions.image.numpy().round(3), scores.round(8)], axis=-1)
    return [
        {
            "image_id": image_id,
            "category_id": 1,
            "keypoints": person.ravel().tolist(),
            "score": score,
        }
        for image_id, person, score in zip(
            crops.image_id.tolist(), joints, predictions.scores.tolist(), strict=True
        )
    ]
