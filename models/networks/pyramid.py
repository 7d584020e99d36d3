"""What torchvision's region-based networks share here: their parts, and their pixels."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from models.torchvision_ops import load_torchvision

#: torchvision puts the centre of the top-left pixel at (0.5, 0.5), we put it at (0, 0).
_HALF: Final = 0.5
_BACKBONES: Final = ("resnet18", "resnet34", "resnet50", "resnet101")
#: Of the pyramid, at strides 4 to 32; a fifth has anchors only.
_LEVELS: Final = ("0", "1", "2", "3")
#: Side of the box that is pooled at stride 16, for anchors from 32 pixels (Lin et al., "Feature
#: Pyramid Networks", CVPR 2017, eq. 1).
_CANONICAL_SIZE, _CANONICAL_ANCHOR = 224, 32
_BOX_BINS: Final = 7  # along each side of a box, as torchvision has it
_CLASSES: Final = 2  # background and person


def region_parts(
    backbone: str,
    *,
    frozen_norms: bool,
    anchor_sizes: Sequence[int],
    pyramid_width: int,
    box_width: int,
) -> dict[str, Any]:
    """Return a person detector's parts, as keyword arguments of torchvision's ``FasterRCNN``.

    Args:
        backbone: resnet18, resnet34, resnet50 or resnet101, without trained weights.
        frozen_norms: its batch norms learn nothing.
        anchor_sizes: pixels, one for each of the pyramid's five levels.
        pyramid_width: channels of the feature pyramid.
        box_width: features of the box head.

    Raises:
        ValueError: there is no such backbone.
        ImportError: torchvision is not installed.
    """
    # Imported late: it takes seconds, which other pipelines should not.
    load_torchvision()
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead

    return {
        "backbone": _pyramid(backbone, pyramid_width, frozen_norms),
        "rpn_anchor_generator": AnchorGenerator(
            tuple((size,) for size in anchor_sizes), ((0.5, 1.0, 2.0),) * len(anchor_sizes)
        ),
        "box_roi_pool": region_pool(_BOX_BINS, anchor_sizes),
        "box_head": TwoMLPHead(pyramid_width * _BOX_BINS**2, box_width),
        "box_predictor": FastRCNNPredictor(box_width, _CLASSES),
    }


def region_pool(bins: int, anchor_sizes: Sequence[int]) -> nn.Module:
    """Return what pools boxes to ``bins`` x ``bins``, from levels in proportion to the anchors."""
    from torchvision.ops import MultiScaleRoIAlign

    canonical = round(_CANONICAL_SIZE * anchor_sizes[0] / _CANONICAL_ANCHOR)
    return MultiScaleRoIAlign(list(_LEVELS), bins, sampling_ratio=2, canonical_scale=canonical)


def keep_full_precision(network: nn.Module, parts: Iterable[str]) -> None:
    """Make the submodules ``parts`` of ``network`` return float32 at least.

    Under autocast torchvision would hold anchors, boxes and heatmaps in half precision, in which a
    place in an image of 300 pixels is known to one pixel or two.
    """
    for part in parts:
        network.get_submodule(part).register_forward_hook(_in_full_precision)


def people_inside(
    targets: Sequence[dict[str, Tensor]], images: Tensor | Sequence[Tensor]
) -> list[dict[str, Tensor]]:
    """Return the people of each image who can be learnt from, with boxes cut off at the image.

    These are all but crowds and people without a part of their box inside the image.

    Args:
        targets: torchvision's, perhaps with ``iscrowd``.
        images: ``[B, 3, H, W]`` or a sequence of ``[3, H, W]``.

    Returns:
        ``boxes`` ``[N, 4]``, ``labels`` ``[N]`` and ``keypoints`` ``[N, K, 3]`` of each image.
    """
    return [
        _people(target, image.shape[-2], image.shape[-1])
        for target, image in zip(targets, images, strict=True)
    ]


def to_torchvision(people: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the people of an image in torchvision's pixels."""
    return _moved(people, _HALF)


def from_torchvision(detection: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return what torchvision found in an image in this project's pixels."""
    return _moved(detection, -_HALF)


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


def _people(target: dict[str, Tensor], height: int, width: int) -> dict[str, Tensor]:
    boxes = target["boxes"].clamp(min=-_HALF)
    boxes = torch.minimum(boxes, boxes.new_tensor([width, height, width, height]) - _HALF)
    learnt = (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
    if "iscrowd" in target:
        learnt = learnt & (target["iscrowd"] == 0)
    return {
        "boxes": boxes[learnt],
        "labels": torch.ones_like(target["labels"][learnt]),
        "keypoints": target["keypoints"][learnt],
    }


def _moved(people: dict[str, Tensor], shift: float) -> dict[str, Tensor]:
    """Return ``people`` with boxes, and keypoints where there are any, moved along x and y."""
    moved = people | {"boxes": people["boxes"] + shift}
    if "keypoints" in people:
        keypoints = people["keypoints"]
        moved["keypoints"] = keypoints + keypoints.new_tensor([shift, shift, 0.0])
    return moved


def _in_full_precision(module: nn.Module, inputs: Any, output: Any) -> Any:
    """Return a module's output with its tensors in float32 at least (a forward hook)."""
    if isinstance(output, Tensor):
        return output.to(torch.promote_types(output.dtype, torch.float32))
    if isinstance(output, dict):
        return {name: _in_full_precision(module, inputs, one) for name, one in output.items()}
    return [_in_full_precision(module, inputs, one) for one in output]
