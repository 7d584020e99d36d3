"""How far candidates are from the truth, and from which confidence on they may be believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bench.annotation.candidates import Candidate, annotated_people
from bench.data.contract import PoseDataset
from bench.metrics.heads import head_sizes

RIGHT_WITHIN = 0.5  # of a head size: PCKh@0.5


@dataclass(frozen=True)
class Judged:
    """Candidates for one joint beside the truth: C candidates, I images.

    Attributes:
        image: int64 [C], position of the image.
        score: float64 [C].
        error: float64 [C], distance from the truth in head sizes; inf where the person's joint is
            nowhere in the image.
        people: int64 [I], who might have been given the joint.
    """

    image: NDArray[np.int64]
    score: NDArray[np.float64]
    error: NDArray[np.float64]
    people: NDArray[np.int64]

    def statistics(
        self, threshold: float, weights: NDArray[np.integer[Any]] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Return "coverage" and "PCKh@0.5" of the candidates with at least that score.

        The first is the share of people who are given the joint, the second the share of these
        joints that lie within half a head size of the truth; nan where there are none.

        Args:
            threshold: of the score.
            weights: ``[R, I]``, how often each image was drawn in each of R resamples.

        Returns:
            ``[R]`` each; 0-dimensional without weights.
        """
        drawn = np.ones((1, len(self.people)), np.int64) if weights is None else weights
        sure = self.score >= threshold
        given = np.bincount(self.image[sure], minlength=len(self.people))
        right = sure & (self.error <= RIGHT_WITHIN)
        hits = np.bincount(self.image[right], minlength=len(self.people))
        with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: nobody is given anything
            coverage = (drawn @ given) / (drawn @ self.people)
            pckh = (drawn @ hits) / (drawn @ given)
        found = {"coverage": coverage, f"PCKh@{RIGHT_WITHIN:g}": pckh}
        return {name: one if weights is not None else one[0] for name, one in found.items()}

    def to_json(self) -> dict[str, list[Any]]:
        """Return plain JSON; an error is null where there is no truth to be near to."""
        return {
            "image": self.image.tolist(),
            "score": self.score.tolist(),
            "error": [one if np.isfinite(one) else None for one in self.error.tolist()],
            "people": self.people.tolist(),
        }

    @classmethod
    def from_json(cls, values: dict[str, list[Any]]) -> Self:
        """Rebuild it from ``to_json`` of it."""
        error = [np.inf if one is None else one for one in values["error"]]
        return cls(
            np.array(values["image"], dtype=np.int64),
            np.array(values["score"], dtype=np.float64),
            np.array(error, dtype=np.float64),
            np.array(values["people"], dtype=np.int64),
        )


def judge(
    candidates: Sequence[Candidate],
    dataset: PoseDataset,
    truth: PoseDataset,
    joint: str,
    *,
    unknown_is_wrong: bool,
) -> Judged:
    """Return the candidates for ``joint`` beside the truth.

    Args:
        candidates: for people of ``dataset``.
        dataset: as annotated.
        truth: the same images and people with ``joint``, and with head boxes.
        joint: name.
        unknown_is_wrong: whether nobody can be right of whom ``truth`` does not have the joint, as
            where it is the whole truth; otherwise, as where it is annotated too, their candidates
            are left out, and so are they.

    Raises:
        Problem: a person with joints has no head box.
    """
    column = truth.skeleton.joints.index(joint)
    rows: list[tuple[int, float, float]] = []
    people = np.zeros(len(dataset), dtype=np.int64)
    mine: dict[int, list[Candidate]] = {}
    for one in candidates:
        if one.joint == joint:
            mine.setdefault(one.image, []).append(one)
    for image in range(len(dataset)):
        target = truth.target(image)
        point = target["keypoints"][:, column].double().numpy()
        known = point[:, 2] > 0
        asked = annotated_people(dataset.target(image)) & (known | unknown_is_wrong)
        people[image] = asked.sum()
        names = [f"person {number} of image {target['image_id']}" for number in range(len(known))]
        heads = target.get("head_boxes")
        sizes = head_sizes(None if heads is None else heads.numpy(), asked, names)
        for one in mine.get(image, []):
            if asked[one.person]:
                distance = np.hypot(*(point[one.person, :2] - (one.x, one.y)))
                error = distance / sizes[one.person] if known[one.person] else np.inf
                rows.append((image, one.score, float(error)))
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return Judged(columns[0].astype(np.int64), columns[1], columns[2], people)


def choose_threshold(judged: Judged, precision: float) -> float | None:
    """Return the lowest score from which on that share of candidates is right; None without any.

    "From which on" holds of the candidates above it all together, and not of each stretch of
    scores. The choice is the best of many on these candidates, which flatters it a little: what it
    is worth shows on others.
    """
    order = np.argsort(-judged.score, kind="stable")
    score, right = judged.score[order], judged.error[order] <= RIGHT_WITHIN
    share = np.cumsum(right) / np.arange(1, len(right) + 1)
    # Equal scores stand or fall together.
    last = np.append(score[1:] != score[:-1], True)[: len(score)]
    (enough,) = np.nonzero(last & (share >= precision))
    return float(score[enough[-1]]) if len(enough) else None
