"""Pipelines that see whole images: batches of different sizes, and maps averaged over views."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from models.fields import mirror_maps
from models.networks.staged_fields import FieldMaps
from models.skeleton import Skeleton


def pad_images(
    images: Tensor | Sequence[Tensor], multiple: int, value: float
) -> tuple[Tensor, list[tuple[int, int]]]:
    """Return the images as one batch, padded at the right and at the bottom, and their sizes.

    Args:
        images: ``[B, 3, H, W]`` or a sequence of ``[3, H, W]``.
        multiple: the batch's height and width are multiples of it.
        value: of the padding.

    Returns:
        the batch, and (height, width) of each image in pixels.
    """
    sizes = [(int(image.shape[-2]), int(image.shape[-1])) for image in images]
    height, width = (-(-max(side) // multiple) * multiple for side in zip(*sizes, strict=True))
    if isinstance(images, Tensor):
        return _pad(images, height, width, value), sizes
    return torch.stack([_pad(image, height, width, value) for image in images]), sizes


def average_maps(
    network: Callable[[Tensor], Sequence[FieldMaps]],
    images: Tensor,
    skeleton: Skeleton,
    *,
    stride: int,
    scales: Sequence[float],
    flip: bool,
) -> FieldMaps:
    """Return the last stage's maps of the batch, averaged over scales and mirror images.

    Maps of other scales are brought to the grid of scale 1 (bilinear) before they are averaged.

    Args:
        network: from images to the maps of its stages.
        images: ``[B, 3, H, W]``, multiples of ``stride``.
        skeleton: that the maps are of.
        stride: of the network.
        scales: factors on the images' size, one or more.
        flip: see each scale's mirror image as well.
    """
    grid = (images.shape[-2] // stride, images.shape[-1] // stride)
    views: list[FieldMaps] = []
    for scale in scales:
        resized = _resize(images, [max(1, round(side * scale)) * stride for side in grid])
        views.append(_at(grid, *network(resized)[-1]))
        if flip:
            mirrored = network(resized.flip(-1))[-1]
            views.append(_at(grid, *mirror_maps(*mirrored, skeleton)))
    heatmaps, fields = (torch.stack(maps).mean(dim=0) for maps in zip(*views, strict=True))
    return FieldMaps(heatmaps, fields)


def _pad(image: Tensor, height: int, width: int, value: float) -> Tensor:
    missing = (0, width - image.shape[-1], 0, height - image.shape[-2])
    return F.pad(image, missing, value=value)


def _resize(maps: Tensor, size: Sequence[int]) -> Tensor:
    if list(maps.shape[-2:]) == list(size):
        return maps
    return F.interpolate(
        maps, size=list(size), mode="bilinear", align_corners=False, antialias=True
    )


def _at(grid: tuple[int, int], heatmaps: Tensor, fields: Tensor) -> FieldMaps:
    # Half precision would round the peaks' tops, from which their sub-cell place is taken.
    return FieldMaps(_resize(heatmaps.float(), grid), _resize(fields.float(), grid))
