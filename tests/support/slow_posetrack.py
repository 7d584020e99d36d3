"""PoseTrack mAP read slowly from its definition, and random cases to read.

Plain loops and exact fractions: what the vectorised metric has to agree with.
"""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from bench.data.contract import Target
from models.skeleton import POSETRACK15

J = 15
GROUPS = {
    "PoseTrack AP head": ("head_top", "neck", "nose"),
    "PoseTrack AP shoulder": ("left_shoulder", "right_shoulder"),
    "PoseTrack AP elbow": ("left_elbow", "right_elbow"),
    "PoseTrack AP wrist": ("left_wrist", "right_wrist"),
    "PoseTrack AP hip": ("left_hip", "right_hip"),
    "PoseTrack AP knee": ("left_knee", "right_knee"),
    "PoseTrack AP ankle": ("left_ankle", "right_ankle"),
}
Case = tuple[list[Target], list[dict[str, Any]]]
Pose = dict[int, list[float]]  # x, y and score or visibility by joint


def target(
    image_id: int,
    keypoints: Any,
    heads: Any = (0, 0, 6, 8),  # diagonal 10: within 3 pixels is right
    ignore: Any = None,
    polygons: Any = None,  # of equally many corners each
) -> Target:
    points = torch.as_tensor(np.array(keypoints, dtype=np.float32).reshape(-1, J, 3))
    people = len(points)
    boxes = np.broadcast_to(np.array(heads, dtype=np.float32), (people, 4))
    values: Target = {
        "boxes": torch.zeros(people, 4),
        "labels": torch.ones(people, dtype=torch.int64),
        "keypoints": points,
        "area": torch.ones(people),
        "iscrowd": torch.zeros(people, dtype=torch.int64),
        "image_id": image_id,
        "annotation_ids": torch.arange(1, people + 1),
        "head_boxes": torch.as_tensor(boxes.copy()),
    }
    if ignore is not None:
        values["ignore"] = torch.as_tensor(np.array(ignore, dtype=np.float32).reshape(-1, 4))
    if polygons is not None:
        values["ignore_polygons"] = torch.as_tensor(np.array(polygons, dtype=np.float32))
    return values


def detection(image_id: int, keypoints: Any, scores: Any = None) -> dict[str, Any]:
    points = np.array(keypoints, dtype=np.float64).reshape(J, 3)
    if scores is not None:
        points[:, 2] = scores
    return {"image_id": image_id, "keypoints": points.ravel().tolist(), "score": 0.5}


def random_case(seed: int, images: int, score_levels: int) -> Case:
    """People, good and bad poses of them, duplicates, ties, nobody, ignore regions.

    Whole pixels and head boxes with whole diagonals put many joints right on a border.
    """
    draw = np.random.default_rng(seed)
    targets, detections = [], []

    def found(image_id: int, points: np.ndarray) -> dict[str, Any]:
        scores = draw.integers(1, score_levels + 1, J) / score_levels
        points = np.c_[points[:, :2], scores]
        points[draw.random(J) < 0.2] = 0
        return detection(image_id, points)

    for image_id in (draw.permutation(images) * 3 + 7).tolist():
        people = int(draw.integers(0, 4))
        joints = draw.integers(0, 25, (people, J, 3)).astype(np.float64)
        joints[..., 2] = draw.integers(0, 3, (people, J))
        heads = np.array([[5, 5, 8, 9], [1, 2, 7, 10], [0, 0, 30, 40]])[draw.integers(0, 3, people)]
        corners = draw.integers(0, 25, (int(draw.integers(0, 3)), 2))
        ignore = np.c_[corners, corners + draw.integers(0, 12, (len(corners), 2))]
        targets.append(
            target(
                image_id,
                joints,
                heads.reshape(-1, 4),
                ignore if draw.random() < 0.6 else None,
                random_polygons(draw) if draw.random() < 0.6 else None,
            )
        )
        for one in joints:
            for _ in range(draw.integers(0, 3)):  # 0: missed, 2: found twice
                guess = one + draw.choice([0, 1, 3, 9]) * draw.integers(-1, 2, one.shape)
                detections.append(found(image_id, guess))
                if draw.random() < 0.2:
                    detections.append(detections[-1])
        for _ in range(draw.integers(0, 2)):  # nobody there
            detections.append(found(image_id, draw.integers(0, 25, (J, 3)).astype(np.float64)))
    return targets, [detections[index] for index in draw.permutation(len(detections))]


def random_polygons(draw: np.random.Generator) -> np.ndarray:
    """Up to three of up to six corners on whole pixels, often crossing themselves."""
    polygons = draw.integers(0, 25, (int(draw.integers(0, 4)), 6, 2))
    for one in polygons:
        corners = int(draw.integers(1, 7))
        one[corners:] = one[corners - 1]
    return polygons


def in_region(point: list[float], one: Target) -> bool:
    for left, top, right, bottom in one.get("ignore", torch.zeros(0, 4)).tolist():
        if left < point[0] < right and top < point[1] < bottom:
            return True
    polygons = one.get("ignore_polygons", torch.zeros(0, 3, 2)).tolist()
    return any(slow_inside(point, corners) for corners in polygons)


def slow_inside(point: list[float], corners: list[list[float]]) -> bool:
    """Count the edges above the point, in exact fractions; on an edge is outside."""
    x, y = Fraction(point[0]), Fraction(point[1])
    above = 0
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        if not min(x1, x2) <= point[0] <= max(x1, x2):
            continue
        if x1 == x2:
            if min(y1, y2) <= y <= max(y1, y2):
                return False
            continue
        height = Fraction(y1) + (x - Fraction(x1)) * Fraction(y2 - y1) / Fraction(x2 - x1)
        if height == y:
            return False
        above += x < max(x1, x2) and height > y
    return above % 2 == 1


def slow_people(one: Target) -> list[tuple[Pose, float]]:
    """Return each person's joints to be found and head size."""
    return [
        (
            {
                k: joint
                for k, joint in enumerate(person)
                if joint[2] > 0 and not in_region(joint, one)
            },
            0.6 * math.dist(box[:2], box[2:]),
        )
        for person, box in zip(one["keypoints"].tolist(), one["head_boxes"].tolist(), strict=True)
    ]


def slow_poses(one: Target, detections: list[dict[str, Any]]) -> list[Pose]:
    """Return the joints of each pose predicted in an image, those that count."""
    poses = []
    for found in detections:
        if found["image_id"] == one["image_id"]:
            triples = [found["keypoints"][3 * k : 3 * k + 3] for k in range(J)]
            poses.append(
                {
                    k: triple
                    for k, triple in enumerate(triples)
                    if triple != [0, 0, 0] and not in_region(triple, one)
                }
            )
    return poses


def slow_correct(pose: Pose, person: tuple[Pose, float]) -> set[int]:
    """Return the joints of ``pose`` that are right for ``person``."""
    joints, head_size = person
    return {
        k for k in pose if k in joints and math.dist(pose[k][:2], joints[k][:2]) <= 0.5 * head_size
    }


def slow_assignment(poses: list[Pose], people: list[tuple[Pose, float]]) -> dict[int, int]:
    """Return the person of each pose that has one."""
    kept: dict[int, tuple[int, Fraction]] = {}  # pose -> the person it fits best
    for d, pose in enumerate(poses):
        for n, person in enumerate(people):
            if right := slow_correct(pose, person):
                share = Fraction(len(right), len(person[0]))
                if d not in kept or share > kept[d][1]:
                    kept[d] = (n, share)
    best: dict[int, int] = {}  # person -> its pose
    for d, (n, share) in kept.items():
        if n not in best or share > kept[best[n]][1]:
            best[n] = d
    return {d: n for n, d in best.items()}


def slow_points(case: Case) -> tuple[list[list[tuple[float, bool]]], list[int]]:
    """Return (score, is right) of every predicted joint and the number to be found, by joint."""
    points: list[list[tuple[float, bool]]] = [[] for _ in range(J)]
    to_find = [0] * J
    for one in case[0]:
        people, poses = slow_people(one), slow_poses(one, case[1])
        for joints, _ in people:
            for k in joints:
                to_find[k] += 1
        person = slow_assignment(poses, people)
        for d, pose in enumerate(poses):
            right = slow_correct(pose, people[person[d]]) if d in person else set()
            for k in pose:
                points[k].append((pose[k][2], k in right))
    return points, to_find


def slow_ap(points: list[tuple[float, bool]], to_find: int) -> float:
    """Integrate, over recall, the best precision at that recall or a higher one."""
    if not to_find:
        return math.nan
    curve = []
    for threshold in {score for score, _ in points}:
        accepted = [right for score, right in points if score >= threshold]
        curve.append((Fraction(sum(accepted), to_find), Fraction(sum(accepted), len(accepted))))
    area, before = Fraction(0), Fraction(0)
    for recall in sorted({recall for recall, _ in curve}):
        area += (recall - before) * max(p for r, p in curve if r >= recall)
        before = recall
    return float(area)


def slow_statistics(case: Case) -> tuple[list[float], dict[str, float]]:
    joints = [slow_ap(points, to_find) for points, to_find in zip(*slow_points(case), strict=True)]

    def mean(aps: list[float]) -> float:
        there = [ap for ap in aps if not math.isnan(ap)]
        return sum(there) / len(there) if there else math.nan

    groups = {
        group: mean([joints[POSETRACK15.joints.index(name)] for name in names])
        for group, names in GROUPS.items()
    }
    return joints, {"PoseTrack mAP": mean(joints), **groups}
