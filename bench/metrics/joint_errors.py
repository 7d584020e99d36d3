"""What is wrong with a joint, and where it would lie without that.

Definitions, thresholds and corrections of Ronchi and Perona, "Benchmarking and Error Diagnosis in
Multi-Instance Pose Estimation", ICCV 2017. How near a joint is to a place is told by their keypoint
similarity exp(-d^2 / (2 s^2 k^2)): d the distance, s^2 the person's area, k twice the joint's
sigma, as in COCO's OKS. As in their own analysis the parts that a joint may be mistaken for are the
same joint and its mirror image.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.metrics.oks import THRESHOLDS
from models.skeleton import Skeleton

JITTER, INVERSION, SWAP, MISS = KINDS = ("jitter", "inversion", "swap", "miss")
#: Of the keypoint similarity to its own place: jitter begins below the first, and below the second
#: the joint is somewhere else.
NEAR: Final = THRESHOLDS[7]  # 0.85
FAR: Final = THRESHOLDS[0]  # 0.5

#: What a joint is told by: how many of COCO's ten thresholds its similarity reaches ("1" to "a"),
#: or what it is instead.
LEVELS: Final = "123456789a"
INVERTED, SWAPPED, LOST = "i", "s", "m"
ABSENT: Final = "n"  # of a person who was found, this joint was not
UNFOUNDED: Final = "f"  # a joint of a detection that is nobody
UNJUDGED: Final = "-"  # the truth does not know it

# Corrected joints are put this much nearer than the threshold, so that rounding decides nothing.
_WITHIN: Final = 1e-6

Points = NDArray[np.float64]


@dataclass(frozen=True)
class JudgedJoints:
    """The joints of M detections, each set beside its person's.

    Attributes:
        codes: ``[M, K]``, a character a joint.
        places: ``[M, K, 2]``, where each would lie without its error, pixels.
    """

    codes: NDArray[np.str_]
    places: Points


def judge_joints(
    found: Points, person: NDArray[np.int64], truth: Points, area: Points, skeleton: Skeleton
) -> JudgedJoints:
    """Return what is wrong with each joint of an image's detections that are somebody.

    An erroneous joint would lie, without its error, in the same direction from its place: at
    similarity 0.85 instead of jitter, at 0.5 instead of a miss, and as near as it came to the wrong
    part instead of an inversion or a swap.

    Args:
        found: ``[M, K, 3]``, x, y and score; 0 0 0 where a joint was not found.
        person: ``[M]``, which of the image's people each detection is.
        truth: ``[P, K, 3]``, x, y and visibility, of everybody in the image.
        area: ``[P]``, square pixels.
        skeleton: of the joints.
    """
    each = np.arange(len(found))
    there = np.asarray(found.any(axis=-1))
    mirror = np.array(skeleton.flip_permutation)
    same = _similarity(found, truth, area, skeleton) * there[:, None]
    mirrored = _similarity(found, truth[:, mirror], area, skeleton) * there[:, None]
    mirrored[..., mirror == np.arange(len(mirror))] = 0.0  # the nose has no other side
    own, inverted = same[each, person], mirrored[each, person]
    others = np.maximum(same, mirrored)
    others[each, person] = 0.0
    swapped = others.max(axis=1, initial=0.0)
    wrong = np.maximum(inverted, swapped)
    codes = np.select(
        [
            truth[person, :, 2] == 0,
            own >= FAR,
            ~there,
            wrong < FAR,
            inverted >= swapped,
        ],
        [UNJUDGED, _level(own), ABSENT, LOST, INVERTED],
        default=SWAPPED,
    )
    kinds = kinds_of(codes)
    aim = np.select(
        [kinds[JITTER], kinds[MISS], kinds[INVERSION] | kinds[SWAP]],
        [np.full_like(own, NEAR + _WITHIN), np.full_like(own, FAR + _WITHIN), wrong],
        default=1.0,
    )
    erroneous = np.logical_or.reduce(list(kinds.values()))
    moved = _at_similarity(aim, found[..., :2], truth[person], area[person], skeleton)
    return JudgedJoints(codes, np.where(erroneous[..., None], moved, found[..., :2]))


def kinds_of(codes: NDArray[np.str_]) -> dict[str, NDArray[np.bool_]]:
    """Return of each kind of error which joints have it."""
    return {
        JITTER: np.isin(codes, list(LEVELS[: np.searchsorted(THRESHOLDS, NEAR)])),
        INVERSION: codes == INVERTED,
        SWAP: codes == SWAPPED,
        MISS: (codes == LOST) | (codes == ABSENT),
    }


def levels_of(codes: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return how many of the ten thresholds each joint's similarity to its own place reaches."""
    levels = np.zeros(codes.shape, dtype=np.int64)
    for number, code in enumerate(LEVELS, start=1):
        levels[codes == code] = number
    return levels


def _level(similarity: Points) -> NDArray[np.str_]:
    reached = np.searchsorted(THRESHOLDS, similarity, side="right")
    return np.array(list(UNJUDGED + LEVELS))[reached]


def _similarity(found: Points, truth: Points, area: Points, skeleton: Skeleton) -> Points:
    """Return ``[M, P, K]``, 0 where the truth does not know the joint."""
    square = np.square(found[:, None, :, :2] - truth[None, :, :, :2]).sum(axis=-1)
    with np.errstate(under="ignore"):
        similar = np.exp(-square / _spread(area, skeleton)[None])
    return similar * (truth[None, :, :, 2] > 0)


def _at_similarity(
    aim: Points, found: Points, truth: Points, area: Points, skeleton: Skeleton
) -> Points:
    """Return places ``[M, K, 2]`` of a similarity, each between a joint's place and the truth's."""
    way = found - truth[..., :2]
    length = np.hypot(way[..., 0], way[..., 1])[..., None]
    right = np.array([1.0, 0.0])  # a direction for those that have none
    direction = np.divide(
        way, length, out=np.broadcast_to(right, way.shape).copy(), where=length > 0
    )
    far = np.sqrt(-np.log(aim) * _spread(area, skeleton))
    return truth[..., :2] + far[..., None] * direction


def _spread(area: Points, skeleton: Skeleton) -> Points:
    """Return twice the variance of each person's joints ``[..., K]``, as COCO's OKS has it."""
    falloff = np.square(2 * np.array(skeleton.sigmas))
    return 2 * (area[..., None] + np.spacing(1)) * falloff
