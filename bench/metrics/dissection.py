"""From detections and truth to what is wrong with the detections: see ``bench.metrics.errors``.

All matching is pycocotools'. A kind of error that no joint has costs nothing, and where one is
corrected only the images that have it are matched again.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.data.contract import Target
from bench.metrics.errors import ErrorAnatomy
from bench.metrics.joint_errors import UNFOUNDED, UNJUDGED, judge_joints, kinds_of
from bench.metrics.oks import THRESHOLDS, OksMatches, evaluated, falling, gathered, positions_of
from bench.metrics.people_found import NOBODY, UNJUDGED_PERSON, people_of
from models.skeleton import Skeleton

#: OKS from which a detection is somebody (Ronchi and Perona).
LOOSE: Final = 0.1


def dissect(
    ground_truth: dict[str, Any],
    detections: list[dict[str, Any]],
    skeleton: Skeleton,
    targets: list[Target],
) -> ErrorAnatomy:
    """Match detections to people as COCO does, and say what is wrong with them.

    Args:
        ground_truth: from ``coco_ground_truth`` of ``targets``.
        detections: COCO keypoint results.
        skeleton: of the joints.
        targets: one an image.

    Raises:
        Problem: as ``match_oks``.
    """
    whole = evaluated(ground_truth, detections, skeleton, np.array([LOOSE, *THRESHOLDS]))
    images = [one | {name: one[name][1:] for name in ("dtMatches", "dtIgnore")} for one in whole]
    oks = gathered(images, positions_of(ground_truth))
    judged = np.zeros(len(ground_truth["annotations"]), dtype=bool)
    for one in whole:
        judged[np.array(one["gtIds"], dtype=np.int64) - 1] = np.asarray(one["gtIgnore"]) == 0
    # By pycocotools' numbers, which begin with 1: 0 is nobody.
    place = np.append(NOBODY, np.where(judged, np.cumsum(judged) - 1, UNJUDGED_PERSON))
    codes, better = _joints(whole, place, ground_truth, detections, skeleton)
    order = falling(np.array([score for one in whole for score in one["dtScores"]]))
    numbers = np.array([number - 1 for one in whole for number in one["dtIds"]], dtype=np.int64)
    nothing = np.zeros((1 + len(THRESHOLDS), 0))
    found = np.concatenate([nothing, *(one["dtMatches"] for one in whole)], axis=1).astype(np.int64)
    found[0] = _first(found, place)
    corrected = {
        kind: _without(has, better, images, ground_truth, detections, skeleton)
        if has.any()
        else oks
        for kind, has in kinds_of(codes).items()
    }
    return ErrorAnatomy(
        oks,
        codes[numbers[order]],
        place[found.T[order]],
        people_of(targets, judged),
        corrected,
    )


def _joints(
    images: Sequence[dict[str, Any]],
    place: NDArray[np.int64],
    ground_truth: dict[str, Any],
    detections: list[dict[str, Any]],
    skeleton: Skeleton,
) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Return the code of each joint of all detections, and where it would lie without its error."""
    found = np.array([one["keypoints"] for one in detections], dtype=np.float64)
    found = found.reshape(len(detections), len(skeleton), 3)
    truth = np.array([one["keypoints"] for one in ground_truth["annotations"]], dtype=np.float64)
    truth = truth.reshape(-1, len(skeleton), 3)
    area = np.array([one["area"] for one in ground_truth["annotations"]], dtype=np.float64)
    codes = np.full(found.shape[:2], UNJUDGED, dtype="U1")
    better = found[..., :2].copy()
    for one in images:
        those = np.array(one["dtIds"], dtype=np.int64) - 1
        persons = _first(one["dtMatches"].astype(np.int64), place)
        nobody = those[place[persons] == NOBODY]
        codes[nobody] = np.where(found[nobody].any(axis=-1), UNFOUNDED, UNJUDGED)
        somebody = place[persons] >= 0
        if somebody.any():
            everybody = np.sort(np.array(one["gtIds"], dtype=np.int64))
            joints = judge_joints(
                found[those[somebody]],
                np.searchsorted(everybody, persons[somebody]),
                truth[everybody - 1],
                area[everybody - 1],
                skeleton,
            )
            codes[those[somebody]], better[those[somebody]] = joints.codes, joints.places
    return codes, better


def _first(found: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return whom each detection is ``[D]``, of those whom it found ``[1 + T, D]``.

    The first that is to be found; else one that is not, and else nobody; by pycocotools' numbers.
    """
    rank = np.where(place[found] >= 0, 2, place[found] == UNJUDGED_PERSON)
    return np.take_along_axis(found, rank.argmax(axis=0)[None], axis=0)[0]


def _without(
    has: NDArray[np.bool_],
    better: NDArray[np.float64],
    images: Sequence[dict[str, Any]],
    ground_truth: dict[str, Any],
    detections: list[dict[str, Any]],
    skeleton: Skeleton,
) -> OksMatches:
    """Match again where there is an error, with those joints that have it where they should be."""
    where = {detections[number]["image_id"] for number in np.flatnonzero(has.any(axis=1))}
    moved = []
    for one, wrong, places in zip(detections, has, better, strict=True):
        if one["image_id"] in where:
            joints = np.array(one["keypoints"], dtype=np.float64).reshape(-1, 3)
            joints[wrong, :2] = places[wrong]
            moved.append(one | {"keypoints": joints.ravel().tolist()})
    concerned = ground_truth | {
        "images": [one for one in ground_truth["images"] if one["id"] in where],
        "annotations": [one for one in ground_truth["annotations"] if one["image_id"] in where],
    }
    again = {one["image_id"]: one for one in evaluated(concerned, moved, skeleton)}
    matched = [again.get(one["image_id"], one) for one in images]
    return gathered(matched, positions_of(ground_truth))
