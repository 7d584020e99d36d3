"""PCK: the share of annotated joints that lie near enough to their truth."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class PckCounts:
    """Which joints are right: P persons, K joints.

    Attributes:
        image: int64 ``[P]``, position of the person's image in the data set.
        correct: bool ``[P, K]``, near enough; only where ``counted``.
        counted: bool ``[P, K]``, annotated.
        threshold: of the distance, as a share of the person's extent.
    """

    image: NDArray[np.int64]
    correct: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    threshold: float

    @property
    def name(self) -> str:
        """The field's name of the statistic, for example ``PCK@0.2``."""
        return f"PCK@{self.threshold:g}"

    def statistics(
        self, weights: NDArray[np.integer[Any]] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Return the share of right joints, all joints together; nan where none is annotated.

        Args:
            weights: ``[R, I]``, how often each image was drawn in each of R resamples.

        Returns:
            ``[R]`` under ``name``; 0-dimensional without weights.
        """
        correct, counted = self.correct.sum(axis=1), self.counted.sum(axis=1)
        return {self.name: _share(self._drawn(correct, weights), self._drawn(counted, weights))}

    def per_joint(self, weights: NDArray[np.integer[Any]] | None = None) -> NDArray[np.float64]:
        """Return the share of right ones of each joint, ``[K]``, or ``[R, K]`` with weights."""
        return _share(self._drawn(self.correct, weights), self._drawn(self.counted, weights))

    def _drawn(
        self, persons: NDArray[Any], weights: NDArray[np.integer[Any]] | None
    ) -> NDArray[np.float64]:
        """Return the sum over persons, each as often as its image was drawn."""
        if weights is None:
            return np.asarray(persons.sum(axis=0), dtype=np.float64)
        images = np.zeros((weights.shape[1], *persons.shape[1:]))
        np.add.at(images, self.image, persons)
        return np.asarray(weights @ images)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON; ``correct`` and ``counted`` hold bit k for joint k of a person."""
        bits = 1 << np.arange(self.correct.shape[1])
        return {
            "image": self.image.tolist(),
            "correct": (self.correct @ bits).tolist(),
            "counted": (self.counted @ bits).tolist(),
            "joints": self.correct.shape[1],
            "threshold": self.threshold,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Rebuild the counts from ``to_json`` of them."""
        bits = 1 << np.arange(values["joints"])

        def unpacked(name: str) -> NDArray[np.bool_]:
            return (np.array(values[name], dtype=np.int64)[:, None] & bits) > 0

        return cls(
            image=np.array(values["image"], dtype=np.int64),
            correct=unpacked("correct"),
            counted=unpacked("counted"),
            threshold=values["threshold"],
        )


def _share(correct: NDArray[np.float64], counted: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # 0 / 0 is nan: there is nothing to judge
        return np.divide(correct, counted)


def count_pck(
    truth: ArrayLike,
    predicted: ArrayLike,
    extent: ArrayLike,
    image: ArrayLike,
    threshold: float = 0.2,
) -> PckCounts:
    """Judge each annotated joint: right within ``threshold`` x the person's extent, inclusive.

    Args:
        truth: ``[P, K, 3]``, x y visibility; a joint of visibility 0 is not counted.
        predicted: ``[P, K, 2]`` in the same pixels; nan where nothing was predicted, which is
            wrong.
        extent: ``[P]``, the longer side of each person's ground-truth box in the same pixels.
        image: ``[P]``, position of each person's image in the data set.
        threshold: share of the extent; 0.2 is the habit on LSP.
    """
    truth, predicted = np.asarray(truth, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    distance = np.hypot(*np.moveaxis(predicted - truth[..., :2], -1, 0))
    counted = truth[..., 2] > 0
    near = distance <= threshold * np.asarray(extent, dtype=np.float64)[:, None]
    return PckCounts(np.asarray(image, dtype=np.int64), near & counted, counted, threshold)
