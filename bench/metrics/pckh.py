"""PCKh: the share of annotated joints that lie within half a head size of their truth.

MPII's measure (Andriluka et al., "2D Human Pose Estimation", CVPR 2014). Its "visible" joints are
the annotated ones, hidden or seen: MPII's evaluation leaves out only what its ground truth lacks.
Papers print two means without saying which, so neither goes by the bare name here.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.metrics.heads import head_sizes, mean_of_judged
from bench.metrics.pck import PckCounts, count_pck
from bench.problem import Problem
from models.skeleton import Skeleton

# MPII's means leave these out: they are not joints that a limb ends in.
_NOT_IN_MEANS: Final = ("pelvis", "thorax")


@dataclass(frozen=True)
class PckhCounts:
    """Which joints are right: P persons, K joints.

    Attributes:
        counts: of all K joints; their threshold is a share of the head size.
        in_means: index of each joint that the means are over, 14 of MPII's 16.
    """

    counts: PckCounts
    in_means: tuple[int, ...]

    @property
    def name(self) -> str:
        """The field's name of the measure, for example ``PCKh@0.5``."""
        return f"PCKh@{self.counts.threshold:g}"

    def statistics(
        self, weights: NDArray[np.integer[Any]] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Return both means as fractions; nan where no joint is annotated.

        "mean of joints" gives each joint the same weight, one that nobody has annotated none;
        "joint-weighted" gives each annotated point the same weight.

        Args:
            weights: ``[R, I]``, how often each image was drawn in each of R resamples.

        Returns:
            ``[R]`` under both names; 0-dimensional without weights.
        """
        joints = list(self.in_means)
        judged = PckCounts(
            self.counts.image,
            # take keeps the order of memory, and with it the order of summing, of the whole array
            self.counts.correct.take(joints, axis=1),
            self.counts.counted.take(joints, axis=1),
            self.counts.threshold,
        )
        (together,) = judged.statistics(weights).values()
        return {
            f"{self.name} mean of joints": mean_of_judged(judged.per_joint(weights)),
            f"{self.name} joint-weighted": together,
        }

    def per_joint(self, weights: NDArray[np.integer[Any]] | None = None) -> NDArray[np.float64]:
        """Return the share of right ones of all K joints, ``[K]``, or ``[R, K]`` with weights."""
        return self.counts.per_joint(weights)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON: that of the counts, and the joints of the means."""
        return {**self.counts.to_json(), "in_means": list(self.in_means)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Rebuild the counts from ``to_json`` of them."""
        return cls(PckCounts.from_json(values), tuple(values["in_means"]))


def count_pckh(
    truth: ArrayLike,
    predicted: ArrayLike,
    head_boxes: ArrayLike | None,
    image: ArrayLike,
    skeleton: Skeleton,
    threshold: float = 0.5,
) -> PckhCounts:
    """Judge each annotated joint: right within ``threshold`` x the head size, inclusive.

    Args:
        truth: ``[P, K, 3]``, x y visibility; a joint of visibility 0 is not counted.
        predicted: ``[P, K, 2]`` in the same pixels; nan where nothing was predicted, which is
            wrong.
        head_boxes: ``[P, 4]`` in the same pixels, x1 y1 x2 y2; the head size is 0.6 x the
            diagonal.
        image: ``[P]``, position of each person's image in the data set.
        skeleton: names the K joints; pelvis and thorax stay out of the means.
        threshold: share of the head size.

    Raises:
        Problem: the joints are not those of the skeleton, or a person with annotated joints has
            no head box or one without size.
    """
    truth, predicted = np.asarray(truth, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    image = np.asarray(image, dtype=np.int64)
    for what, values, numbers in (("truth", truth, 3), ("prediction", predicted, 2)):
        expected = (len(image), len(skeleton), numbers)
        if values.shape != expected:
            raise Problem(
                f"the {what} has shape {list(values.shape)} instead of {list(expected)} (persons, "
                f"joints of {skeleton.name}, numbers); choose the data's own skeleton"
            )
    sizes = head_sizes(
        head_boxes,
        np.asarray((truth[..., 2] > 0).any(axis=1)),
        [f"person {person} (in image {at})" for person, at in enumerate(image.tolist())],
    )
    return PckhCounts(
        count_pck(truth, predicted, sizes, image, threshold),
        tuple(k for k, name in enumerate(skeleton.joints) if name not in _NOT_IN_MEANS),
    )
