"""The boxes by which the single-person half of a top-down pipeline learns."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from models.crops import jitter_boxes
from models.networks.person_detector import PersonDetector, overlapping

BOXES: Final = ("truth", "detected", "proposals")

_LEAST_OVERLAP = 0.5  # of a box with a person, to learn by it (the deck)
_Boxes = list[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class TrainingBoxes:
    """Which boxes are learnt by; arguments as in ``detector_hourglass``.

    Attributes:
        kind: one of ``BOXES``.
        proposals: boxes an image at most, where these teach.
        jitter: standard deviation of the noise on each side, as a share of the box's size.
        crops_per_image: boxes at most, drawn at random.
    """

    kind: str
    proposals: int
    jitter: float
    crops_per_image: int

    def choose(
        self,
        detector: PersonDetector,
        images: Tensor | list[Tensor],
        people: list[dict[str, Tensor]],
    ) -> _Boxes:
        """Return the boxes to learn by, and the keypoints of the people whom they count for.

        Args:
            detector: that finds or proposes them; used in evaluation mode and left as it is.
            images: of ``TopDown.forward``.
            people: of each image, from ``people_inside``.

        Returns:
            boxes ``[n, 4]`` and keypoints ``[n, K, 3]`` of each image.
        """
        return [
            self._drawn(boxes, whose, one["keypoints"])
            for (boxes, whose), one in zip(
                self._candidates(detector, images, people), people, strict=True
            )
        ]

    def _candidates(
        self,
        detector: PersonDetector,
        images: Tensor | list[Tensor],
        people: list[dict[str, Tensor]],
    ) -> _Boxes:
        """Return for each image the boxes that may teach, and whose they are, ``[n]``."""
        truth = [one["boxes"] for one in people]
        if self.kind == "truth":
            return [(boxes, torch.arange(len(boxes), device=boxes.device)) for boxes in truth]
        with torch.no_grad(), in_evaluation(detector.modules()):
            if self.kind == "detected":
                found = [one["boxes"] for one in detector(images)]
            else:
                found = detector.proposals(images, self.proposals)
        return [overlapping(*pair, least=_LEAST_OVERLAP) for pair in zip(found, truth, strict=True)]

    def _drawn(self, boxes: Tensor, whose: Tensor, keypoints: Tensor) -> tuple[Tensor, Tensor]:
        """Return the boxes of an image that are learnt by, and the keypoints of their people."""
        annotated = (keypoints[..., 2] > 0).any(dim=1)
        kept = annotated[whose].nonzero().flatten()
        # On the CPU, so that a seed means the same on every device.
        drawn = kept[torch.randperm(len(kept))[: self.crops_per_image].to(kept.device)]
        return jitter_boxes(boxes[drawn], self.jitter), keypoints[whose[drawn]]


@contextmanager
def in_evaluation(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Have these modules in evaluation mode, but not what is inside them."""
    modes = [(module, module.training) for module in modules]
    for module, _ in modes:
        module.training = False
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
