"""Top-down in one network: Mask R-CNN with a head for keypoints, as torchvision has it."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from models.networks.pyramid import (
    from_torchvision,
    keep_full_precision,
    people_inside,
    region_parts,
    region_pool,
    to_torchvision,
)
from models.registry import register_pipeline
from models.skeleton import Skeleton

_KEYPOINT_BINS = 14  # along each side of a box (He et al., figure 4)


@register_pipeline
def mask_rcnn(
    skeleton: Skeleton,
    *,
    backbone: str = "resnet50",
    frozen_norms: bool = True,
    min_size: int | Sequence[int] = (640, 672, 704, 736, 768, 800),
    max_size: int = 1333,
    anchor_sizes: Sequence[int] = (32, 64, 128, 256, 512),
    pyramid_width: int = 256,
    box_width: int = 1024,
    keypoint_width: int = 512,
    keypoint_depth: int = 8,
    **options: Any,
) -> nn.Module:
    """Return Keypoint R-CNN: whole images in, all their people out.

    The defaults are torchvision's ``keypointrcnn_resnet50_fpn``, 59,137,258 parameters with COCO's
    17 joints, without trained weights; the released ones fit ``network``.

    Source: He et al., "Mask R-CNN", ICCV 2017.

    Args:
        skeleton: of the data.
        backbone: resnet18, resnet34, resnet50 or resnet101.
        frozen_norms: the backbone's batch norms learn nothing, which suits trained weights alone:
            from scratch, give False.
        min_size: pixels to which an image's shorter side is brought: drawn from several in
            training, the last one in evaluation.
        max_size: pixels that its longer side has at most.
        anchor_sizes: pixels, one for each of the pyramid's five levels; boxes are pooled from the
            levels in proportion to the first.
        pyramid_width: channels of the feature pyramid.
        box_width: features of the box head.
        keypoint_width: channels of the keypoint head.
        keypoint_depth: convolutions of the keypoint head.
        options: of torchvision's ``KeypointRCNN``: sampling, thresholds, normalisation.

    Raises:
        ValueError: there is no such backbone.
        ImportError: torchvision is not installed.
    """
    parts = region_parts(
        backbone,
        frozen_norms=frozen_norms,
        anchor_sizes=anchor_sizes,
        pyramid_width=pyramid_width,
        box_width=box_width,
    )
    from torchvision.models.detection.keypoint_rcnn import (
        KeypointRCNN,
        KeypointRCNNHeads,
        KeypointRCNNPredictor,
    )

    network = KeypointRCNN(
        **parts,
        min_size=min_size,
        max_size=max_size,
        keypoint_roi_pool=region_pool(_KEYPOINT_BINS, anchor_sizes),
        keypoint_head=KeypointRCNNHeads(pyramid_width, (keypoint_width,) * keypoint_depth),
        keypoint_predictor=KeypointRCNNPredictor(keypoint_width, len(skeleton)),
        **options,
    )
    return MaskRCNN(network)


class MaskRCNN(nn.Module):
    """torchvision's Keypoint R-CNN on this project's pixels, for any people.

    Args:
        network: torchvision's ``KeypointRCNN``.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        keep_full_precision(
            network,
            ("backbone", "rpn.head", "roi_heads.box_predictor", "roi_heads.keypoint_predictor"),
        )
        # torchvision's keypoint loss reads heatmaps by a view, which channels last does not allow.
        network.get_submodule("roi_heads.keypoint_predictor").register_forward_hook(
            lambda module, inputs, output: output.contiguous()
        )

    def forward(
        self, images: Tensor | list[Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """Return losses in training, detections in evaluation.

        Args:
            images: ``[B, 3, H, W]`` or a list of ``[3, H, W]`` of any sizes, values 0 to 1.
            targets: torchvision's; crowds and people without a box inside the image teach nothing.
                Needed in training.

        Returns:
            ``loss_objectness``, ``loss_rpn_box_reg``, ``loss_classifier``, ``loss_box_reg`` and
            ``loss_keypoint``; or for each image ``boxes`` ``[n, 4]``, ``labels``, ``scores``,
            ``keypoints`` ``[n, K, 3]`` and ``keypoints_scores`` ``[n, K]``, the logistic function
            of the joint's highest logit.

        Raises:
            ValueError: training without targets.
        """
        if not self.training:
            return [
                _with_probabilities(from_torchvision(one)) for one in self.network(list(images))
            ]
        if targets is None:
            raise ValueError("targets are needed in training")
        people = [to_torchvision(one) for one in people_inside(targets, images)]
        return self.network(list(images), people)


def _with_probabilities(detection: dict[str, Tensor]) -> dict[str, Tensor]:
    return detection | {"keypoints_scores": detection["keypoints_scores"].sigmoid()}
