"""Top-down pipelines held to so many people, as if their detector were trained and had found them.

What a top-down pipeline costs depends on how many people its detector finds, and on how large they
are. Fresh weights find any number of slivers, so what their last layer says is replaced by what
an ideal detector's would say; everything before and after it does its own work.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import torch
from torch import Tensor, nn

# Logit of what is certain: the softmax of the other class underflows to 0, which no threshold lets
# pass.
_CERTAIN: Final = 1000.0
_BACKGROUND, _PERSON = 0, 1  # torchvision's classes


def detector_heads(model: nn.Module) -> list[nn.Module]:
    """Return the parts of ``model`` that decide who was found: torchvision's ``RoIHeads``."""
    # Imported by whoever built such a part; to import it here would take seconds for nothing.
    torchvision = sys.modules.get("torchvision.models.detection.roi_heads")
    if torchvision is None:
        return []
    return [module for module in model.modules() if isinstance(module, torchvision.RoIHeads)]


@contextmanager
def known_people(heads: Sequence[nn.Module], boxes: Tensor) -> Iterator[None]:
    """Have detectors find the same people in every image, certainly, and nobody else.

    The detector classifies and refines its own proposals as ever; then people and their boxes take
    the place of as many proposals, on their way into thresholds and non-maximum suppression. A
    limit to the number of detections is lifted as far as is needed.

    Args:
        heads: from ``detector_heads``, in evaluation mode.
        boxes: ``[n, 4]``, x1 y1 x2 y2 as shares of the image's width and height, of which none
            overlaps another by more than the detector's non-maximum suppression allows.
    """
    with ExitStack() as released:
        for one in heads:
            released.enter_context(_held(one, boxes))
        yield


@contextmanager
def _held(heads: Any, boxes: Tensor) -> Iterator[None]:
    own, limit = heads.postprocess_detections, heads.detections_per_img

    def with_people(
        logits: Tensor,
        regression: Tensor,
        proposals: list[Tensor],
        image_sizes: list[tuple[int, int]],
    ) -> Any:
        ideal = [_first(boxes, size, one) for one, size in zip(proposals, image_sizes, strict=True)]
        told = [_certain(len(boxes), len(one), logits) for one in ideal]
        # No refinement: boxes are where they are.
        unmoved = regression.new_zeros(sum(map(len, ideal)), regression.shape[1])
        return own(torch.cat(told), unmoved, ideal, image_sizes)

    heads.postprocess_detections, heads.detections_per_img = with_people, max(limit, len(boxes))
    try:
        yield
    finally:
        del heads.postprocess_detections  # the class's own
        heads.detections_per_img = limit


def _first(boxes: Tensor, size: tuple[int, int], proposals: Tensor) -> Tensor:
    """Return the proposals ``[P, 4]`` with the people's boxes in place of the first n."""
    height, width = size
    people = boxes.to(proposals) * proposals.new_tensor([width, height, width, height])
    return torch.cat([people, proposals[len(people) :]])


def _certain(people: int, proposals: int, like: Tensor) -> Tensor:
    """Return logits ``[P, C]``: the first are people, all others background."""
    logits = like.new_zeros(proposals, like.shape[1])
    logits[:people, _PERSON] = _CERTAIN
    logits[people:, _BACKGROUND] = _CERTAIN
    return logits
