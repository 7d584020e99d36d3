"""Faster R-CNN with a feature pyramid as a detector of people, on this project's pixels."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from models.networks.pyramid import (
    from_torchvision,
    keep_full_precision,
    region_parts,
    to_torchvision,
)


class PersonDetector(nn.Module):
    """torchvision's Faster R-CNN for one class: people.

    With a ResNet-50 it has 41,299,161 parameters, those of ``fasterrcnn_resnet50_fpn``.

    Source: Ren et al., "Faster R-CNN", NIPS 2015; Lin et al., "Feature Pyramid Networks", CVPR
    2017.

    Args:
        min_size: pixels to which an image's shorter side is brought: drawn from several in
            training, the last one in evaluation.
        max_size: pixels that its longer side has at most.
        anchor_sizes: pixels, one for each of the pyramid's five levels.
        parts: of ``region_parts``: backbone, frozen_norms, pyramid_width and box_width.
        options: of torchvision's ``FasterRCNN``: sampling, thresholds, normalisation.
    """

    def __init__(
        self,
        *,
        min_size: int | Sequence[int],
        max_size: int,
        anchor_sizes: Sequence[int],
        options: dict[str, Any],
        **parts: Any,
    ) -> None:
        super().__init__()
        built = region_parts(anchor_sizes=anchor_sizes, **parts)
        from torchvision.models.detection.faster_rcnn import FasterRCNN

        self.network = FasterRCNN(**built, min_size=min_size, max_size=max_size, **options)
        keep_full_precision(self.network, ("backbone", "rpn.head", "roi_heads.box_predictor"))

    def forward(
        self, images: Tensor | list[Tensor], people: list[dict[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """Return losses in training, ``boxes``, ``labels`` and ``scores`` in evaluation.

        Args:
            images: ``[B, 3, H, W]`` or a list of ``[3, H, W]`` of any sizes, values 0 to 1.
            people: of each image, from ``people_inside``; needed in training.

        Raises:
            ValueError: training without people.
        """
        if not self.training:
            return [from_torchvision(one) for one in self.network(list(images))]
        if people is None:
            raise ValueError("targets are needed in training")
        return self.network(list(images), [to_torchvision(one) for one in people])

    def proposals(self, images: Tensor | list[Tensor], number: int) -> list[Tensor]:
        """Return the boxes ``[n, 4]`` that the region proposal network thinks likeliest.

        Args:
            images: of ``forward``.
            number: of boxes an image, at most; of each level likewise, before boxes that overlap
                are thinned out.
        """
        from torchvision.models.detection.rpn import RegionProposalNetwork
        from torchvision.models.detection.transform import resize_boxes

        own = self.network.rpn
        most = {"training": number, "testing": number}
        # The same network with other numbers; those of its training (0) are not used.
        rpn = RegionProposalNetwork(
            own.anchor_generator, own.head, 0.0, 0.0, 0, 0.0, most, most,
            own.nms_thresh, own.score_thresh,
        )  # fmt: skip
        rpn.training = False  # of this one alone: eval() would reach the head that is shared
        resized, _ = self.network.transform(list(images))
        boxes, _ = rpn(resized, self.network.backbone(resized.tensors))
        moved = [
            resize_boxes(one, seen, tuple(image.shape[-2:]))
            for one, seen, image in zip(boxes, resized.image_sizes, images, strict=True)
        ]
        return [from_torchvision({"boxes": one})["boxes"] for one in moved]


def overlapping(boxes: Tensor, people: Tensor, least: float) -> tuple[Tensor, Tensor]:
    """Return the boxes that overlap a person, and whom each of them overlaps most.

    Args:
        boxes: ``[N, 4]``.
        people: boxes ``[M, 4]``.
        least: a box is kept if its highest intersection over union is above this.

    Returns:
        boxes ``[n, 4]`` and int64 ``[n]``, which of ``people``.
    """
    from torchvision.ops import box_iou

    if not len(people):
        return boxes[:0], boxes.new_zeros(0, dtype=torch.int64)
    overlap, whom = box_iou(boxes, people).max(dim=1)
    kept = overlap > least
    return boxes[kept], whom[kept]
