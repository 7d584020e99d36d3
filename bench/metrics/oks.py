"""OKS average precision: pycocotools matches, and its matches can be weighted image by image.

Matching does not depend on which images are drawn, so a bootstrap needs it only once: a resample
is a weight per image, and the precision-recall curves are summed again from weighted matches.
"""

import contextlib
import io
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from bench.metrics.coco_truth import PERSON
from bench.problem import Problem
from models.skeleton import Skeleton

# COCO keypoint evaluation: ten OKS thresholds, AP from the precision at 101 recalls.
THRESHOLDS: Final = np.linspace(0.5, 0.95, 10)
_RECALLS: Final = np.linspace(0.0, 1.0, 101)
_ALL_AREAS: Final = [0.0, 1e10]
# Weighted detections held at a time: small enough for the processor's cache, large enough that
# the calls into numpy do not count.
_CHUNK: Final = 1 << 19


@dataclass(frozen=True)
class OksMatches:
    """Which detections are right: D detections, T = 10 OKS thresholds, I images.

    Detections are in falling order of score, ties in the order of ``COCOeval.accumulate``.

    Attributes:
        image: int64 ``[D]``, position of the detection's image in the ground truth's list.
        score: float64 ``[D]``.
        matched: bool ``[D, T]``, a person was found.
        ignored: bool ``[D, T]``, counts neither for nor against (on a crowd, say).
        positives: int64 ``[I]``, persons to be found in each image.
    """

    image: NDArray[np.int64]
    score: NDArray[np.float64]
    matched: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    positives: NDArray[np.int64]

    def to_json(self) -> dict[str, list[Any]]:
        """Return plain JSON; ``matched`` and ``ignored`` hold bit t for OKS 0.50 + 0.05 t."""
        bits = 1 << np.arange(len(THRESHOLDS))
        return {
            "image": self.image.tolist(),
            "score": self.score.tolist(),
            "matched": (self.matched @ bits).tolist(),
            "ignored": (self.ignored @ bits).tolist(),
            "positives": self.positives.tolist(),
        }

    @classmethod
    def from_json(cls, values: dict[str, list[Any]]) -> Self:
        """Rebuild the matches from ``to_json`` of them."""
        bits = 1 << np.arange(len(THRESHOLDS))

        def unpacked(name: str) -> NDArray[np.bool_]:
            return (np.array(values[name], dtype=np.int64)[:, None] & bits) > 0

        return cls(
            image=np.array(values["image"], dtype=np.int64),
            score=np.array(values["score"], dtype=np.float64),
            matched=unpacked("matched"),
            ignored=unpacked("ignored"),
            positives=np.array(values["positives"], dtype=np.int64),
        )

    def statistics(
        self, weights: NDArray[np.integer[Any]] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Return AP, AP50, AP75 and AR as fractions; nan where no person is to be found.

        With all weights 1 they equal ``COCOeval.stats`` bit for bit (where those are not -1);
        a weight of 2 is the same as having the image twice.

        Args:
            weights: ``[R, I]``, how often each image was drawn in each of R resamples.

        Returns:
            Each statistic as ``[R]``; without weights as a 0-dimensional array of every image
            taken once, so ``float()`` reads it.
        """
        if weights is None:
            every_image_once = np.ones((1, len(self.positives)), dtype=np.int64)
            return {name: one[0] for name, one in self.statistics(every_image_once).items()}
        rows = max(1, _CHUNK // max(1, len(self.image)))
        chunks = [
            self._precision_and_recall(weights[start : start + rows])
            for start in range(0, len(weights), rows)
        ]
        precision = np.concatenate([chunk[0] for chunk in chunks])
        recall = np.concatenate([chunk[1] for chunk in chunks])
        return {
            "AP": precision.reshape(len(weights), -1).mean(axis=1),
            "AP50": precision[:, 0].mean(axis=1),
            "AP75": precision[:, 5].mean(axis=1),
            "AR": recall.mean(axis=1),
        }

    def _precision_and_recall(
        self, weights: NDArray[np.integer[Any]]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the precision ``[R, T, 101]`` at each recall and the highest recall ``[R, T]``.

        Only right detections are visited: between two of them recall stands still and precision
        falls, so neither the envelope nor the place where a recall is reached lies there.
        """
        persons = weights @ self.positives
        needed = _finds_needed(persons)
        drawn = weights.astype(np.int32).take(self.image, axis=1)
        all_so_far = np.cumsum(drawn, axis=1, dtype=np.int32)
        precision = np.zeros((len(weights), len(THRESHOLDS), len(_RECALLS)))
        recall = np.zeros((len(weights), len(THRESHOLDS)))
        for t in range(len(THRESHOLDS)):
            right = np.flatnonzero(self.matched[:, t] & ~self.ignored[:, t])
            if not len(right):
                continue
            found = drawn.take(right, axis=1)
            np.cumsum(found, axis=1, out=found)
            counted = all_so_far.take(right, axis=1)
            skipped = np.flatnonzero(self.ignored[:, t])
            if len(skipped):
                so_far = np.cumsum(np.pad(drawn[:, skipped], ((0, 0), (1, 0))), axis=1)
                counted = counted - so_far.take(np.searchsorted(skipped, right), axis=1)
            precise = counted + np.spacing(1)  # the same rounding as COCOeval's, to the last bit
            np.divide(found, precise, out=precise)
            for row in np.flatnonzero(persons):
                at = np.searchsorted(found[row], needed[row])
                at = at[at < len(right)]
                if len(at):
                    # The best precision from one recall to the next, and then from each to the end.
                    best = np.maximum.reduceat(precise[row], at)
                    precision[row, t, : len(at)] = np.maximum.accumulate(best[::-1])[::-1]
                recall[row, t] = found[row, -1] / persons[row]
        precision[persons == 0] = np.nan
        recall[persons == 0] = np.nan
        return precision, recall


def _finds_needed(persons: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """Return how many must be found to reach each recall, ``[R, 101]``.

    The smallest numbers whose quotient by ``persons``, rounded as COCOeval's, is no less.
    """
    of = np.maximum(persons, 1)[:, None]
    needed = np.floor(_RECALLS * of)
    needed += needed / of < _RECALLS
    return needed.astype(np.int32)


def match_oks(
    ground_truth: dict[str, Any], detections: list[dict[str, Any]], skeleton: Skeleton
) -> OksMatches:
    """Match detections to people by OKS, as COCO does: at most 20 an image, all areas.

    Args:
        ground_truth: a COCO keypoints file; one category, people.
        detections: COCO keypoint results.
        skeleton: gives the OKS falloffs.

    Raises:
        Problem: a detection has an unknown image, a wrong number of joints or a value that is not
            finite (for which pycocotools would find a match).
    """
    return gathered(evaluated(ground_truth, detections, skeleton), positions_of(ground_truth))


def evaluated(
    ground_truth: dict[str, Any],
    detections: list[dict[str, Any]],
    skeleton: Skeleton,
    thresholds: NDArray[np.float64] = THRESHOLDS,
) -> list[dict[str, Any]]:
    """Return what pycocotools found in each image that has a person or a detection.

    They are ``COCOeval.evalImgs``, in which people and detections are called by their places in
    the two lists, counted from 1.

    Args:
        ground_truth, detections, skeleton: as in ``match_oks``, which raises the same.
        thresholds: of OKS.
    """
    _check_detections(detections, positions_of(ground_truth), skeleton)
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        truth = _indexed(ground_truth, ground_truth["annotations"])
        found = _indexed(
            ground_truth, [{**one, "area": _area(one["keypoints"])} for one in detections]
        )
        evaluation = COCOeval(truth, found, "keypoints")
        evaluation.params.kpt_oks_sigmas = np.array(skeleton.sigmas)
        evaluation.params.catIds = [PERSON]
        evaluation.params.areaRng = [_ALL_AREAS]
        evaluation.params.areaRngLbl = ["all"]
        evaluation.params.iouThrs = thresholds
        evaluation.evaluate()
    return [one for one in evaluation.evalImgs if one is not None]


def positions_of(ground_truth: dict[str, Any]) -> dict[int, int]:
    """Return the place of each image by its id."""
    return {image["id"]: index for index, image in enumerate(ground_truth["images"])}


def gathered(images: list[dict[str, Any]], positions: dict[int, int]) -> OksMatches:
    """Return what pycocotools found in each image, in the order of ``COCOeval.accumulate``.

    Args:
        images: those of ``COCOeval.evalImgs`` that it judged, at its ten thresholds.
        positions: place of each image by its id.
    """
    positives = np.zeros(len(positions), dtype=np.int64)
    for one in images:
        positives[positions[one["image_id"]]] = np.count_nonzero(one["gtIgnore"] == 0)
    image = np.repeat(
        np.array([positions[one["image_id"]] for one in images], dtype=np.int64),
        [len(one["dtScores"]) for one in images],
    )
    score = np.array([score for one in images for score in one["dtScores"]], dtype=np.float64)
    nothing = np.zeros((len(THRESHOLDS), 0))
    matched = np.concatenate([nothing, *(one["dtMatches"] for one in images)], axis=1).T > 0
    ignored = np.concatenate([nothing, *(one["dtIgnore"] for one in images)], axis=1).T > 0
    order = falling(score)
    return OksMatches(image[order], score[order], matched[order], ignored[order], positives)


def falling(score: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the order of falling scores that ``COCOeval.accumulate`` has: stable in ties."""
    return np.argsort(-score, kind="mergesort")


def _indexed(ground_truth: dict[str, Any], annotations: list[dict[str, Any]]) -> COCO:
    """Return pycocotools' index, over copies (it writes into them) numbered from 1.

    Id 0 would read as "no match", and of two annotations with one id the first would be lost.
    """
    coco = COCO()
    coco.dataset = {
        "images": ground_truth["images"],
        "categories": ground_truth["categories"],
        "annotations": [{**one, "id": number} for number, one in enumerate(annotations, start=1)],
    }
    coco.createIndex()
    return coco


def _area(keypoints: list[float]) -> float:
    """Return the area of the joints' box: what COCO takes for a detection's area."""
    x, y = np.array(keypoints).reshape(-1, 3)[:, :2].T
    return float(np.ptp(x) * np.ptp(y))


def _check_detections(
    detections: list[dict[str, Any]], positions: dict[int, int], skeleton: Skeleton
) -> None:
    for number, one in enumerate(detections):
        where = f"detection {number} of image {one['image_id']}"
        if one["image_id"] not in positions:
            raise Problem(f"{where}: the ground truth has no such image; use its image ids")
        if len(one["keypoints"]) != 3 * len(skeleton):
            raise Problem(
                f"{where} has {len(one['keypoints'])} keypoint numbers instead of 3 for each of "
                f"the {len(skeleton)} joints of {skeleton.name}"
            )
        if not np.isfinite([one["score"], *one["keypoints"]]).all():
            raise Problem(f"{where} has a score or joint that is not finite; leave it out")
