"""The pictures in which a model did best, in the middle and worst, kept beside its record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.skeleton import Skeleton

EXTREMES: Final = "extremes.npz"
EACH: Final = 2  # pictures of each rank
BEST, MEDIAN, WORST = range(3)  #: what ``rank`` in the file says


@dataclass(frozen=True)
class Scene:
    """The people of one picture, or the one person of a crop, and who was predicted in it.

    Attributes:
        truth: ``[N, K, 3]``, x y visibility in pixels of the picture.
        area: ``[N]``, square pixels of the picture.
        predicted: ``[n, K, 3]``, x y score; score 0 is a joint that was not found.
        scores: ``[n]``, of the people.
    """

    truth: NDArray[np.floating]
    area: NDArray[np.floating]
    predicted: NDArray[np.floating]
    scores: NDArray[np.floating]


def scene_oks(scene: Scene, skeleton: Skeleton) -> float:
    """Return the mean OKS of the people of a picture; who was not found counts 0.

    Detections choose by falling score the free person that they fit best, as in COCO's matching;
    of what is left over nothing is counted. nan where nobody has an annotated joint.
    """
    annotated = (scene.truth[..., 2] > 0).any(axis=1)
    if not annotated.any():
        return float("nan")
    similar = _oks(scene.truth[annotated], scene.area[annotated], scene.predicted, skeleton)
    free = np.ones(int(annotated.sum()), dtype=bool)
    total = 0.0
    for one in np.argsort(-scene.scores, kind="stable"):
        if not free.any():
            break
        chosen = int(np.where(free, similar[one], -1.0).argmax())
        total += float(similar[one, chosen])
        free[chosen] = False
    return total / len(free)


def extremes(scores: Sequence[float]) -> list[tuple[int, int]]:
    """Return the places of the best, median and worst scores, each with its rank.

    ``EACH`` of a rank, fewer of few scores; no place twice, and none whose score is nan.
    """
    order = [int(one) for one in np.argsort(-np.asarray(scores), kind="stable")]
    order = [one for one in order if not np.isnan(scores[one])]
    each = min(EACH, max(1, len(order) // 3))
    middle = (len(order) - each) // 2
    starts = {BEST: 0, MEDIAN: middle, WORST: max(len(order) - each, 0)}
    places: dict[int, int] = {}
    for rank, start in starts.items():
        for place in order[start : start + each]:
            places.setdefault(place, rank)
    return list(places.items())


def save_extremes(
    place: Path,
    scenes: Sequence[Scene],
    images_of: Callable[[list[int]], NDArray[np.uint8]],
    skeleton: Skeleton,
) -> None:
    """Write ``extremes.npz``: the chosen pictures with their people, OKS and rank.

    It holds what ``samples.npz`` holds of whole images, and oks ``[S]`` and rank ``[S]``.

    Args:
        place: folder of the record.
        scenes: of every picture.
        images_of: from places to pictures, uint8 ``[S, 3, H, W]``.
        skeleton: of the joints.
    """
    scores = [scene_oks(scene, skeleton) for scene in scenes]
    chosen = extremes(scores)
    shown = [scenes[one] for one, _ in chosen]
    nobody = np.zeros((0, len(skeleton), 3), np.float32)
    np.savez_compressed(
        place / EXTREMES,
        images=images_of([one for one, _ in chosen]),
        truth=np.concatenate([nobody, *(one.truth for one in shown)]).astype(np.float32),
        truth_image=np.repeat(np.arange(len(shown)), [len(one.truth) for one in shown]),
        predicted=np.concatenate([nobody, *(one.predicted for one in shown)]).astype(np.float32),
        predicted_image=np.repeat(np.arange(len(shown)), [len(one.predicted) for one in shown]),
        scores=np.concatenate([np.zeros(0), *(one.scores for one in shown)]).astype(np.float32),
        oks=np.array([scores[one] for one, _ in chosen], np.float32),
        rank=np.array([rank for _, rank in chosen], np.int8),
    )


def _oks(
    truth: NDArray[np.floating],
    area: NDArray[np.floating],
    predicted: NDArray[np.floating],
    skeleton: Skeleton,
) -> NDArray[np.float64]:
    """Return the OKS ``[n, N]`` of each prediction with each person, as COCOeval has it."""
    away = ((predicted[:, None, :, :2] - truth[None, :, :, :2]) ** 2).sum(axis=-1)
    falloff = (2 * np.array(skeleton.sigmas)) ** 2
    error = away / falloff / (area[:, None] + np.spacing(1)) / 2
    counted = truth[..., 2] > 0
    similar: NDArray[np.float64] = (np.exp(-error) * counted).sum(axis=-1) / counted.sum(axis=-1)
    return similar
