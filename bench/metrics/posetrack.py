"""PoseTrack mAP: average precision of single joints, after poses were assigned to people.

The measure of the PoseTrack challenge (Andriluka et al., "PoseTrack", CVPR 2018; first used by
Pishchulin et al., "DeepCut", CVPR 2016). A predicted joint is right within half a head size of its
truth, a head size being 0.6 x the diagonal of the head box. Each predicted pose keeps the person it
fits best, by the share of right joints; each person keeps the best of the poses left to it. All
joints of other poses, wrong joints, and joints that the assigned person lacks are false positives.
Every joint is ranked by its own score; the score of the pose has no part.

What that leaves open is settled as the challenge's public evaluation (poseval) does it:

- the border of half a head size is inside, that of an ignore region outside of it, and what a
  region's outline runs around twice is outside too;
- the share is of the person's annotated joints, those in ignore regions no longer among them;
- a pose with equal shares of several people keeps the first of them, a person with several equally
  good poses the first of those, in the order they are given in; a share of 0 assigns nothing;
- AP is the area under the precision-recall curve at every recall there is, precision being made
  to fall first (Pascal VOC since 2010), not a mean over 11 or 101 recalls;
- neither poses nor points are limited in number.

Where poseval itself leaves it open, or depends on chance:

- equal scores: its sort orders them as it happens to. Here all points of one score enter the curve
  together, so nothing depends on the order of images. Scores that all differ give poseval's AP.
- a joint that nobody has annotated: nan, and left out of every mean. poseval leaves it out of the
  mean if it was predicted, counts it 0 if it was not, and prints nan for its group.
- an image without people: its points are false positives. poseval drops frames whose list of
  people is empty, which in PoseTrack are frames that nobody annotated; leave those out of the data.
- a head box without size is refused; poseval divides by it, and the person cannot be found.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from bench.data.contract import Target
from bench.metrics.heads import head_sizes, mean_of_judged
from bench.metrics.regions import ignored_points
from bench.problem import Problem
from models.skeleton import POSETRACK15

#: What the mean over all joints is called, so that it is never taken for OKS AP.
MEAN: Final = "PoseTrack mAP"
_REACH: Final = 0.5  # of the head size
_JOINTS: Final = len(POSETRACK15)
#: The columns of the challenge's tables, and the joints of each.
GROUPS: Final = {
    "head": ("head_top", "neck", "nose"),
    **{
        part: (f"right_{part}", f"left_{part}")
        for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    },
}
# Weighted points held at a time: the fastest of 2**13 to 2**20, as each pass over them finds them
# still in the processor's cache.
_CHUNK: Final = 1 << 15

_Floats = NDArray[np.float64]
_Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class PosetrackMatches:
    """Which predicted joints are right: P points, I images, the 15 joints of PoseTrack.

    Points are in the order of their joints, those of one joint in falling order of score.

    Attributes:
        image: int64 ``[P]``, position of the point's image in the list of targets.
        joint: int64 ``[P]``, index in posetrack15.
        score: float64 ``[P]``, of the point.
        matched: bool ``[P]``, near the same joint of the person its pose is assigned to.
        positives: int64 ``[I, 15]``, joints to be found in each image.
    """

    image: NDArray[np.int64]
    joint: NDArray[np.int64]
    score: _Floats
    matched: _Bools
    positives: NDArray[np.int64]

    def to_json(self) -> dict[str, list[Any]]:
        """Return plain JSON; ``matched`` as 0 and 1."""
        return {
            "image": self.image.tolist(),
            "joint": self.joint.tolist(),
            "score": self.score.tolist(),
            "matched": self.matched.astype(np.int64).tolist(),
            "positives": self.positives.tolist(),
        }

    @classmethod
    def from_json(cls, values: dict[str, list[Any]]) -> Self:
        """Rebuild the matches from ``to_json`` of them."""
        return cls(
            image=np.array(values["image"], dtype=np.int64),
            joint=np.array(values["joint"], dtype=np.int64),
            score=np.array(values["score"], dtype=np.float64),
            matched=np.array(values["matched"], dtype=np.bool_),
            positives=np.array(values["positives"], dtype=np.int64).reshape(-1, _JOINTS),
        )

    def statistics(self, weights: NDArray[np.integer[Any]] | None = None) -> dict[str, _Floats]:
        """Return mAP and the AP of each group of joints as fractions.

        "PoseTrack mAP" is the mean over the joints, ``group_name`` of a group that over the
        group's. A joint that nobody has is left out; nan where none is left. A weight of 2 is the
        same as having the image twice.

        Args:
            weights: ``[R, I]``, how often each image was drawn in each of R resamples.

        Returns:
            Each statistic as ``[R]``; 0-dimensional without weights.
        """
        joints = self.per_joint(weights)
        groups = {
            group_name(group): joints.take(
                [POSETRACK15.joints.index(one) for one in names], axis=-1
            )
            for group, names in GROUPS.items()
        }
        return {name: mean_of_judged(aps) for name, aps in {MEAN: joints, **groups}.items()}

    def per_joint(self, weights: NDArray[np.integer[Any]] | None = None) -> _Floats:
        """Return the AP of each joint, ``[15]``, or ``[R, 15]`` with weights; nan if nobody's."""
        if weights is None:
            return self.per_joint(np.ones((1, len(self.positives)), dtype=np.int64))[0]
        drawn = weights.astype(np.float64)
        positives = drawn @ self.positives
        area = np.zeros_like(positives)
        bounds = np.searchsorted(self.joint, np.arange(_JOINTS + 1))
        for k in range(_JOINTS):
            points = slice(bounds[k], bounds[k + 1])
            rows = max(1, _CHUNK // max(1, points.stop - points.start))
            for start in range(0, len(drawn), rows):
                chunk = slice(start, start + rows)
                area[chunk, k] = self._area(points, drawn[chunk])
        with np.errstate(invalid="ignore"):  # without positives the area is 0, and 0 / 0 nan
            return np.asarray(np.divide(area, positives))

    def _area(self, points: slice, weights: _Floats) -> _Floats:
        """Return the area under one joint's curve of precision over true positives, ``[R]``.

        The curve has a corner where the score changes, and is read only at corners that hold a
        right point: between two of those recall stands still and precision falls.
        """
        score, matched = self.score[points], self.matched[points]
        right = np.flatnonzero(matched)
        if not len(right):
            return np.zeros(len(weights))
        corners = np.flatnonzero(np.append(score[1:] != score[:-1], True))
        corner = corners[np.searchsorted(corners, right)]  # of each right point
        last = np.flatnonzero(np.append(corner[1:] != corner[:-1], True))  # right point of each
        drawn = weights.take(self.image[points], axis=1)
        found = np.cumsum(drawn.take(right, axis=1), axis=1).take(last, axis=1)
        precision = np.cumsum(drawn, axis=1).take(corner[last], axis=1)  # all points so far
        np.maximum(precision, 1, out=precision)  # nothing was drawn yet, nor found
        np.divide(found, precision, out=precision)
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        steps = np.diff(found, axis=1, prepend=0.0)
        return np.asarray((steps * envelope).sum(axis=1))


def group_name(group: str) -> str:
    """Return what the AP of a group of joints is called, for example ``PoseTrack AP head``."""
    return f"PoseTrack AP {group}"


def match_posetrack(targets: list[Target], detections: list[dict[str, Any]]) -> PosetrackMatches:
    """Assign predicted poses to people and judge their joints.

    A target's joints of visibility 1 and 2 are to be found. Joints of either side strictly within
    its ignore regions do not count. ``iscrowd`` has no part: PoseTrack has no crowds.

    Args:
        targets: one an image; the 15 joints of posetrack15, ``head_boxes``, perhaps ``ignore`` and
            ``ignore_polygons``.
        detections: COCO keypoint results with the 15 joints, in pixels of the images; a joint
            that was not found is 0 0 0. The order decides between equally good poses.

    Raises:
        Problem: an image id is used twice or unknown, the joints are not 15, a person has no head
            box or one without size, a detection has a value that is not finite.
    """
    positions = {target["image_id"]: index for index, target in enumerate(targets)}
    if len(positions) < len(targets):
        ids = [target["image_id"] for target in targets]
        repeated = next(one for one in ids if ids.count(one) > 1)
        raise Problem(f"image id {repeated} is used twice; give each image an id of its own")
    poses: list[list[list[float]]] = [[] for _ in targets]
    for number, one in enumerate(detections):
        _check_detection(number, one, positions)
        poses[positions[one["image_id"]]].append(one["keypoints"])

    positives = np.zeros((len(targets), _JOINTS), dtype=np.int64)
    counted, matched = [], []
    predicted = [np.array(one, dtype=np.float64).reshape(-1, _JOINTS, 3) for one in poses]
    for index, target in enumerate(targets):
        truth = _keypoints(target)
        judged = (truth[..., 2] > 0) & ~ignored_points(truth[..., :2], target)
        positives[index] = judged.sum(axis=0)
        there = (predicted[index] != 0).any(axis=2)
        there &= ~ignored_points(predicted[index][..., :2], target)
        counted.append(there)
        reach = _REACH * _head_sizes(target, judged)
        matched.append(_right_joints(truth, judged, reach, predicted[index], there))

    nothing = np.zeros((0, _JOINTS))
    there = np.concatenate([nothing > 0, *counted])
    image = np.repeat(np.arange(len(targets)), [len(one) for one in predicted])
    score = np.concatenate([nothing, *(one[..., 2] for one in predicted)])[there]
    pose, joint = np.nonzero(there)
    order = np.lexsort((-score, joint))  # stable
    return PosetrackMatches(
        image=image[pose][order].astype(np.int64),
        joint=joint[order].astype(np.int64),
        score=score[order],
        matched=np.concatenate([nothing > 0, *matched])[there][order],
        positives=positives,
    )


def _right_joints(
    truth: _Floats, judged: _Bools, reach: _Floats, predicted: _Floats, there: _Bools
) -> _Bools:
    """Return which joints ``[D, 15]`` of D poses are right, given N people's truth.

    Args:
        truth: ``[N, 15, 3]``.
        judged: ``[N, 15]``, joints to be found.
        reach: ``[N]`` pixels.
        predicted: ``[D, 15, 3]``.
        there: ``[D, 15]``, joints that were found and count.
    """
    right = np.zeros_like(there)
    if not len(truth) or not len(predicted):
        return right
    offset = predicted[:, None, :, :2] - truth[:, :, :2]
    near = np.hypot(offset[..., 0], offset[..., 1]) <= reach[:, None]
    near &= judged & there[:, None]
    share = near.sum(axis=2) / np.maximum(judged.sum(axis=1), 1)  # [D, N]
    own = share.argmax(axis=1)[:, None] == np.arange(len(truth))  # argmax takes the first
    share[~own] = 0
    pose = share.argmax(axis=0)
    person = np.flatnonzero(share.max(axis=0) > 0)
    right[pose[person]] = near[pose[person], person]
    return right


def _keypoints(target: Target) -> _Floats:
    keypoints = target["keypoints"].double().numpy()
    if len(keypoints) and keypoints.shape[1] != _JOINTS:
        raise Problem(
            f"image {target['image_id']} has people of {keypoints.shape[1]} joints, but PoseTrack "
            f"mAP judges the {_JOINTS} of posetrack15; choose data and a model with that skeleton"
        )
    return keypoints.reshape(-1, _JOINTS, 3)


def _head_sizes(target: Target, judged: _Bools) -> _Floats:
    boxes = target.get("head_boxes")
    names = [
        f"annotation {one} of image {target['image_id']}"
        for one in target["annotation_ids"].tolist()
    ]
    return head_sizes(
        None if boxes is None else boxes.numpy(), np.asarray(judged.any(axis=1)), names
    )


def _check_detection(number: int, one: dict[str, Any], positions: dict[int, int]) -> None:
    where = f"detection {number} of image {one['image_id']}"
    if one["image_id"] not in positions:
        raise Problem(f"{where}: the ground truth has no such image; use its image ids")
    if len(one["keypoints"]) != 3 * _JOINTS:
        raise Problem(
            f"{where} has {len(one['keypoints'])} keypoint numbers instead of 3 for each of the "
            f"{_JOINTS} joints of posetrack15; evaluate a model with that skeleton"
        )
    if not np.isfinite(one["keypoints"]).all():
        raise Problem(f"{where} has a joint that is not finite; leave it out, or write it 0 0 0")
