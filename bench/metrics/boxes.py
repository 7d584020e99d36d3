"""How good a detector's boxes are: average precision, who is found, and how far sides are off."""

import contextlib
import io
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from bench.metrics.coco_truth import PERSON
from bench.metrics.oks import OksMatches, gathered

#: Sides in the order of ``BoxMatches.errors``.
SIDES: Final = ("left", "top", "right", "bottom")
_ALL_AREAS: Final = [0.0, 1e10]
_LOOSEST: Final = 0  # of COCO's ten thresholds: an intersection over union of 0.5


@dataclass(frozen=True)
class BoxMatches:
    """Which boxes are right, and how far those are off that found somebody.

    M people were found at an intersection over union of 0.5 or more.

    Attributes:
        overlap: the matches at COCO's ten thresholds of intersection over union, in the place of
            OKS; ``positives`` are all people but crowds.
        image: int64 ``[M]``, position of the person's image.
        errors: float64 ``[M, 4]``, by how much left, top, right and bottom lie right of or below
            the truth, as shares of the true box's width (left, right) and height.
    """

    overlap: OksMatches
    image: NDArray[np.int64]
    errors: NDArray[np.float64]

    def statistics(
        self, weights: NDArray[np.integer[Any]] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Return box AP, box AP50 and box recall as fractions; nan where there is nobody.

        The first two are COCO's; recall is the share of people who were found.

        Args:
            weights: of ``OksMatches.statistics``.

        Returns:
            as ``OksMatches.statistics``.
        """
        if weights is None:
            every_image_once = np.ones((1, len(self.overlap.positives)), dtype=np.int64)
            return {name: one[0] for name, one in self.statistics(every_image_once).items()}
        precision = self.overlap.statistics(weights)
        found = np.bincount(self.image, minlength=len(self.overlap.positives))
        with np.errstate(invalid="ignore"):
            recall = (weights @ found) / (weights @ self.overlap.positives)
        return {
            "box AP": precision["AP"],
            "box AP50": precision["AP50"],
            "box recall": recall,
        }

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON; errors to four decimals."""
        return {
            "overlap": self.overlap.to_json(),
            "image": self.image.tolist(),
            "errors": self.errors.round(4).tolist(),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Rebuild the matches from ``to_json`` of them."""
        return cls(
            OksMatches.from_json(values["overlap"]),
            np.array(values["image"], dtype=np.int64),
            np.array(values["errors"], dtype=np.float64).reshape(-1, 4),
        )


def match_boxes(ground_truth: dict[str, Any], detections: list[dict[str, Any]]) -> BoxMatches:
    """Match boxes to people by intersection over union, as COCO does: at most 100 an image.

    Args:
        ground_truth: a COCO file, from ``coco_ground_truth``.
        detections: COCO box results of its images.
    """
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        areas = [one["bbox"][2] * one["bbox"][3] for one in detections]
        found = [{**one, "area": area} for one, area in zip(detections, areas, strict=True)]
        evaluation = COCOeval(
            _indexed(ground_truth, ground_truth["annotations"]),
            _indexed(ground_truth, found),
            "bbox",
        )
        evaluation.params.catIds = [PERSON]
        evaluation.params.areaRng = [_ALL_AREAS]
        evaluation.params.areaRngLbl = ["all"]
        evaluation.evaluate()
    positions = {image["id"]: index for index, image in enumerate(ground_truth["images"])}
    images = [one for one in evaluation.evalImgs if one is not None]
    pairs = [
        (positions[one["image_id"]], int(person) - 1, int(box) - 1)
        for one in images
        for person, box, ignored in zip(
            one["gtIds"], one["gtMatches"][_LOOSEST], one["gtIgnore"], strict=True
        )
        if box and not ignored
    ]
    truth = _sides([ground_truth["annotations"][person]["bbox"] for _, person, _ in pairs])
    boxes = _sides([detections[box]["bbox"] for _, _, box in pairs])
    extent = np.tile(truth[:, 2:] - truth[:, :2], 2)
    return BoxMatches(
        gathered(images, positions),
        np.array([image for image, _, _ in pairs], dtype=np.int64),
        (boxes - truth) / extent,
    )


def _indexed(ground_truth: dict[str, Any], annotations: list[dict[str, Any]]) -> COCO:
    """Return pycocotools' index over copies, numbered from 1: id 0 would read as "no match"."""
    coco = COCO()
    coco.dataset = {
        "images": ground_truth["images"],
        "categories": ground_truth["categories"],
        "annotations": [
            {"iscrowd": 0, **one, "id": number} for number, one in enumerate(annotations, start=1)
        ],
    }
    coco.createIndex()
    return coco


def _sides(boxes: list[list[float]]) -> NDArray[np.float64]:
    """Return COCO's x, y, width and height as sides ``[N, 4]``."""
    corner, size = np.split(np.array(boxes, dtype=np.float64).reshape(-1, 4), 2, axis=1)
    return np.concatenate([corner, corner + size], axis=1)
