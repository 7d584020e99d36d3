"""Joints that a model found, given to the people of a data set who lack them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.data.contract import PoseDataset, Target
from models.skeleton import Skeleton

#: Part of a job's key: raise it whenever a change alters who gets which joint, or its score.
ANNOTATION_VERSION: Final = "assigned-by-oks-1"


@dataclass(frozen=True)
class Candidate:
    """A joint for a person.

    Attributes:
        image: position in the data set.
        person: its place among the people of the image.
        joint: name.
        x, y: pixels of the image.
        score: how sure it is, 0 to 1: the model's own score of the joint times how well the rest of
            its pose fits what is annotated of the person. A sharp nose is worth little where it may
            be somebody else's.
    """

    image: int
    person: int
    joint: str
    x: float
    y: float
    score: float


def find_candidates(
    dataset: PoseDataset,
    results: Sequence[Mapping[str, Any]],
    found: Skeleton,
    joints: Sequence[str],
) -> list[Candidate]:
    """Return at most one candidate for each annotated person and each of the ``joints``.

    Poses and people of an image are assigned to each other one to one so that the sum of their OKS
    is highest. It is taken over what both have, without ``joints``: where the data set does mark
    them, a model is tried out on it as if it did not.

    Args:
        dataset: whose people they are for.
        results: COCO keypoint results on its images, in the joints of ``found``; 0 0 0 where a
            joint was not found.
        found: the joints of the results.
        joints: that are asked for.
    """
    # It takes longer to import than numpy and would do so in every process of every experiment.
    from scipy.optimize import linear_sum_assignment

    poses: dict[int, list[NDArray[np.float64]]] = {}
    for one in results:
        pose = np.array(one["keypoints"], dtype=np.float64).reshape(len(found), 3)
        poses.setdefault(one["image_id"], []).append(pose)
    shared = [
        (dataset.skeleton.joints.index(name), found.joints.index(name))
        for name in dataset.skeleton.joints
        if name in found.joints and name not in joints
    ]
    candidates = []
    for image in range(len(dataset)):
        target = dataset.target(image)
        there = poses.get(target["image_id"])
        if there is None or not len(target["keypoints"]):
            continue
        seen = np.stack(there)
        fit = _fit(target, seen, shared, dataset.skeleton)
        for person, pose in zip(*linear_sum_assignment(fit, maximize=True), strict=True):
            for name in joints:
                x, y, score = seen[pose, found.joints.index(name)].tolist()
                sure = score * float(fit[person, pose])
                if sure > 0:
                    candidates.append(Candidate(image, int(person), name, x, y, sure))
    return candidates


def annotated_people(target: Target) -> NDArray[np.bool_]:
    """Return [N], who has any joint marked and so can be given another; a crowd has none."""
    jointed = (target["keypoints"][..., 2] > 0).any(dim=1) & (target["iscrowd"] == 0)
    return np.asarray(jointed.numpy())


def _fit(
    target: Target,
    poses: NDArray[np.float64],
    shared: Sequence[tuple[int, int]],
    skeleton: Skeleton,
) -> NDArray[np.float64]:
    """Return the OKS [N, D] of people and poses [D, K, 3] over the ``shared`` joints of both.

    A joint that is annotated and was not found counts as one that is far off.
    """
    mine, theirs = [one for one, _ in shared], [other for _, other in shared]
    people = target["keypoints"].double().numpy()[:, mine]
    sigmas = np.array(skeleton.sigmas)[mine]
    offset = people[:, None, :, :2] - poses[None, :, theirs, :2]
    spread = 2 * target["area"].double().numpy()[:, None] * (2 * sigmas) ** 2
    near = np.exp(-(offset**2).sum(-1) / np.maximum(spread, 1e-9)[:, None])
    marked = (people[..., 2] > 0) & annotated_people(target)[:, None]
    near *= marked[:, None] & (poses[None, :, theirs, 2] > 0)
    return np.asarray(near.sum(-1) / np.maximum(marked.sum(-1), 1)[:, None])
