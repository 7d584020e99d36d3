"""Poses in PoseTrack18's results layout: for each video a json of its ground truth's name."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.data.coco.dataset import parsed
from bench.data.posetrack18.checks import are_numbers
from bench.data.posetrack18.dataset import open_split, video_files
from bench.data.posetrack18.format import PLACES, SLOTS, entry_id, is_content
from bench.problem import Problem

PERSON: Final = 1
#: What a joint scores that was given no score: the challenge's own (poseval's MIN_SCORE).
UNSCORED: Final = -9999.0


def read_results(folder: Path, root: Path, split: str) -> list[dict[str, Any]]:
    """Return the poses in the frames of a split that are judged, as COCO keypoint results.

    A joint whose x, y and third number are all 0 was not found. The third number says nothing
    else; joints are ranked by ``scores``, one for each slot. Poses in frames that nobody labelled
    are left out.

    Args:
        folder: holds a json for each video of the split; others in it are not read.
        root: of PoseTrack18.
        split: "train" or "val".

    Returns:
        ``image_id``, ``category_id``, ``keypoints`` (x y score of posetrack15's joints, 0 0 0 for
        one that was not found) and ``score``, the mean of the found joints' where none is given.

    Raises:
        Problem: a file is missing or torn, or a pose in it cannot be read; what ``open_split``
            raises of the ground truth.
    """
    judged = set(open_split(root, split).image_ids.tolist())
    results = []
    for truth in video_files(root, split):
        path = folder / truth.name
        if not path.is_file():
            raise Problem(
                f"{folder} holds no {truth.name}; put the poses of every video of the split there"
            )
        frames = {entry_id(frame) for frame in parsed(truth)["images"]}
        content = parsed(path)
        if not is_content(content):
            raise Problem(f"{path} is no result; it must hold 'images' and 'annotations'")
        for number, pose in enumerate(content["annotations"]):
            fault = _pose_fault(pose, frames)
            if fault:
                raise Problem(f"{path}: entry {number} of 'annotations' {fault}")
            if pose["image_id"] in judged:
                results.append(_coco_result(pose))
    return results


def _pose_fault(pose: object, frames: set[int | None]) -> str:
    """Return why an entry is no pose in one of the video's frames; "" where it is one."""
    if not isinstance(pose, dict) or entry_id(pose, "image_id") not in frames - {None}:
        return "belongs to no frame of its video; give it the 'image_id' of one"
    if not are_numbers(pose.get("keypoints"), 3 * len(SLOTS)):
        return f"must have {3 * len(SLOTS)} finite numbers as 'keypoints', for {len(SLOTS)} slots"
    if pose.get("scores") and not are_numbers(pose["scores"], len(SLOTS)):
        return f"must have {len(SLOTS)} finite numbers as 'scores', one for each slot"
    if "score" in pose and not are_numbers([pose["score"]], 1):
        return f"has {pose['score']!r} as 'score'; write a finite number or leave it out"
    return ""


def _coco_result(pose: dict[str, Any]) -> dict[str, Any]:
    slots = np.array(pose["keypoints"], dtype=np.float64).reshape(len(SLOTS), 3)[list(PLACES)]
    found = slots.any(axis=1)
    slots[:, 2] = np.array(pose.get("scores") or [UNSCORED] * len(SLOTS))[list(PLACES)]
    slots[~found] = 0
    mean = float(slots[found, 2].mean()) if found.any() else UNSCORED
    return {
        "image_id": pose["image_id"],
        "category_id": PERSON,
        "keypoints": slots.ravel().tolist(),
        "score": pose.get("score", mean),
    }
