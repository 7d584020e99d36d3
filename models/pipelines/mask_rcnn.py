"""Top-down in one network: Mask R-CNN with a head for keypoints, as torchvision has it."""

from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from models.registry import register_pipeline
from models.skeleton import Skeleton
from models.torchvision_ops import load_torchvision

#: torchvision puts the centre of the top-left pixel at (0.5, 0.5), we put it at (0, 0).
_HALF: Final = 0.5
_BACKBONES: Final = ("resnet18", "resnet34", "resnet50", "resnet101")
_LEVELS: Final = (
    "0",
    "1",
    "2",
    "3",
)  # of the pyramid, at strides 4 to 32; a fifth has anchors only
#: Side of the box that is pooled at stride 16, for anchors from 32 pixels (Lin et al., "Feature
#: Pyramid Networks", CVPR 2017, eq. 1).
_CANONICAL_SIZE, _CANONICAL_ANCHOR = 224, 32
_CLASSES: Final = 2  # background and person


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
    # Imported late: it takes seconds, which other pipelines should not.
    load_torchvision()
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
    from torchvision.models.detection.keypoint_rcnn import (
        KeypointRCNN,
        KeypointRCNNHeads,
        KeypointRCNNPredictor,
    )
    from torchvision.ops import MultiScaleRoIAlign

    def pool(bins: int) -> nn.Module:
        canonical = round(_CANONICAL_SIZE * anchor_sizes[0] / _CANONICAL_ANCHOR)
        return MultiScaleRoIAlign(list(_LEVELS), bins, sampling_ratio=2, canonical_scale=canonical)

    box_bins, keypoint_bins = 7, 14
    network = KeypointRCNN(
        _pyramid(backbone, pyramid_width, frozen_norms),
        min_size=min_size,
        max_size=max_size,
        rpn_anchor_generator=AnchorGenerator(
            tuple((size,) for size in anchor_sizes), ((0.5, 1.0, 2.0),) * len(anchor_sizes)
        ),
        box_roi_pool=pool(box_bins),
        box_head=TwoMLPHead(pyramid_width * box_bins**2, box_width),
        box_predictor=FastRCNNPredictor(box_width, _CLASSES),
        keypoint_roi_pool=pool(keypoint_bins),
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
        heads = network.get_submodule("roi_heads")
        for module in (
            network.get_submodule("backbone"),
            network.get_submodule("rpn.head"),
            heads.get_submodule("box_predictor"),
            heads.get_submodule("keypoint_predictor"),
        ):
            # Under autocast torchvision would hold anchors, boxes and heatmaps in half precision,
            # in which a place in an image of 300 pixels is known to one pixel or two.
            module.register_forward_hook(_in_full_precision)

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
            return [_ours(one) for one in self.network(list(images))]
        if targets is None:
            raise ValueError("targets are needed in training")
        people = [
            _theirs(target, image.shape[-2], image.shape[-1])
            for image, target in zip(images, targets, strict=True)
        ]
        return self.network(list(images), people)


def _pyramid(backbone: str, width: int, frozen_norms: bool) -> nn.Module:
    """Return a feature pyramid of ``width`` channels on a ResNet without weights."""
    from torchvision.models import get_model
    from torchvision.models.detection.backbone_utils import BackboneWithFPN
    from torchvision.ops import FrozenBatchNorm2d

    if backbone not in _BACKBONES:
        raise ValueError(f"the backbone is one of {', '.join(_BACKBONES)}, not '{backbone}'")
    norm = FrozenBatchNorm2d if frozen_norms else nn.BatchNorm2d
    trunk = get_model(backbone, weights=None, norm_layer=norm)
    last = trunk.inplanes  # channels at stride 32; they double from level to level
    channels = [last // 8, last // 4, last // 2, last]
    layers = {f"layer{number}": level for number, level in enumerate(_LEVELS, start=1)}
    return BackboneWithFPN(trunk, layers, channels, width)


def _theirs(target: dict[str, Tensor], height: int, width: int) -> dict[str, Tensor]:
    """Return who can be learnt from, in torchvision's pixels, boxes cut off at the image."""
    boxes = target["boxes"] + _HALF
    far = boxes.new_tensor([width, height, width, height])
    boxes = torch.minimum(boxes.clamp(min=0), far)
    learnt = (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
    if "iscrowd" in target:
        learnt = learnt & (target["iscrowd"] == 0)
    half = target["keypoints"].new_tensor([_HALF, _HALF, 0.0])
    return {
        "boxes": boxes[learnt],
        "labels": torch.ones_like(target["labels"][learnt]),
        "keypoints": (target["keypoints"] + half)[learnt],
    }


def _ours(detection: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return torchvision's detection in this project's pixels, with scores from 0 to 1."""
    half = detection["keypoints"].new_tensor([_HALF, _HALF, 0.0])
    return {
        "boxes": detection["boxes"] - _HALF,
        "labels": detection["labels"],
        "scores": detection["scores"],
        "keypoints": detection["keypoints"] - half,
        "keypoints_scores": detection["keypoints_scores"].sigmoid(),
    }


def _in_full_precision(module: nn.Module, inputs: Any, output: Any) -> Any:
    """Return a module's output with its tensors in float32 at least (a forward hook)."""
    if isinstance(output, Tensor):
        return output.to(torch.promote_types(output.dtype, torch.float32))
    if isinstance(output, dict):
        return {name: _in_full_precision(module, inputs, one) for name, one in output.items()}
    return [_in_full_precision(module, inputs, one) for one in output]
