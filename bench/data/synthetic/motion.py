"""What a camera that moves while it exposes makes of an image."""

from typing import Final

import torch
from torch import Tensor

_LEVELS: Final = 4  # 16 samples along the way: at most 1.5 pixels apart at 384 px


def streaked(images: Tensor, way: Tensor) -> Tensor:
    """Return images averaged along a straight way whose middle is where they were.

    Args:
        images: [B, 3, S, S].
        way: [B, 2] pixels along x and y from the beginning of the exposure to its end.
    """
    # Two images half a way apart, then each of them of two a quarter apart, and so on.
    for level in range(_LEVELS):
        step = way / 2.0 ** (level + 2)
        images = 0.5 * (_shifted(images, step) + _shifted(images, -step))
    return images


def _shifted(images: Tensor, step: Tensor) -> Tensor:
    """Return images [B, 3, S, S] moved by ``step`` [B, 2] pixels; their edges go on outside."""
    for axis in (3, 2):
        size = images.shape[axis]
        place = torch.arange(size, device=step.device) - step[:, 3 - axis, None]
        place = place.clamp(0, size - 1)
        low = place.long().clamp_max(size - 2)
        shape = (len(images), 1, 1, size) if axis == 3 else (len(images), 1, size, 1)
        share = (place - low).reshape(shape)
        rows = low.reshape(shape).expand_as(images)
        images = images.gather(axis, rows) * (1 - share) + images.gather(axis, rows + 1) * share
    return images
