"""People on a grid of joints, and detections whose errors are known because they were planted."""

from typing import Any

import numpy as np
import torch

from bench.data.contract import Target
from bench.metrics.coco_truth import coco_ground_truth
from bench.metrics.dissection import dissect
from bench.metrics.errors import ErrorAnatomy
from models.skeleton import COCO17, Skeleton

K = len(COCO17)
SIDE, AREA, APART = 4000, 1e4, 1500.0
# Joints 200 px from each other: four times as far as the falloff of the widest, at this area.
LAYOUT = 100 + 200.0 * np.stack([np.arange(K) % 5, np.arange(K) // 5], axis=-1)
ONE = LAYOUT[None]
NOWHERE = LAYOUT + np.array([0.0, 2500.0])
SPREAD = 2 * np.array(COCO17.sigmas) * np.sqrt(AREA)
MIRROR = np.array(COCO17.flip_permutation)


def distance(similarity: float | np.ndarray) -> np.ndarray:
    """Pixels from a joint's place at which its keypoint similarity is this."""
    return SPREAD * np.sqrt(-2 * np.log(similarity))


def target(image_id: int, first: int, joints: np.ndarray, **changes: Any) -> Target:
    number = len(joints)
    seen = np.concatenate([joints, np.full((number, K, 1), 2.0)], axis=-1)
    made: dict[str, Any] = {
        "boxes": torch.tensor([[0.0, 0, 1500, 1500]]).repeat(number, 1),
        "labels": torch.ones(number, dtype=torch.int64),
        "keypoints": torch.from_numpy(seen).float(),
        "area": torch.full((number,), AREA),
        "iscrowd": torch.zeros(number, dtype=torch.int64),
        "image_id": image_id,
        "annotation_ids": torch.arange(first, first + number),
    }
    return made | changes  # type: ignore[return-value]


def result(image_id: int, joints: np.ndarray, score: float = 0.5) -> dict[str, Any]:
    if joints.shape[-1] == 2:
        joints = np.concatenate([joints, np.ones((K, 1))], axis=-1)
    keypoints = joints.astype(np.float64).ravel().tolist()
    return {"image_id": image_id, "category_id": 1, "keypoints": keypoints, "score": score}


def anatomy(
    targets: list[Target], found: list[dict[str, Any]], skeleton: Skeleton = COCO17
) -> ErrorAnatomy:
    truth = coco_ground_truth(targets, [(SIDE, SIDE)] * len(targets), skeleton)
    return dissect(truth, found, skeleton, targets)


def floats(values: dict[str, np.ndarray]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}
