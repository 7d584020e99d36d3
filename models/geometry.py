"""Affine maps of the plane, as ``[..., 2, 3]`` tensors, and the one place that warps images.

The centre of the top-left pixel is (0, 0), so a width of W pixels spans -0.5 to W - 0.5 and a
mirror sends x to W - 1 - x.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.constants import constant


def transform_points(affine: Tensor, points: Tensor) -> Tensor:
    """Return ``affine`` ``[..., 2, 3]`` applied to ``points`` ``[..., N, 2]``."""
    return points @ affine[..., :2].transpose(-1, -2) + affine[..., None, :, 2]


def compose(outer: Tensor, inner: Tensor) -> Tensor:
    """Return the affine that does ``inner`` first and ``outer`` after it."""
    linear, offset = outer[..., :2], outer[..., 2:]
    product = linear @ inner
    return torch.cat([product[..., :2], product[..., 2:] + offset], dim=-1)


def invert(affine: Tensor) -> Tensor:
    """Return the affine that undoes ``affine``."""
    # Not inv: to raise where one is singular, it would wait for the device.
    linear = torch.linalg.inv_ex(affine[..., :2]).inverse
    return torch.cat([linear, -linear @ affine[..., 2:]], dim=-1)


def linear_zoom(affine: Tensor) -> Tensor:
    """Return the factor ``[...]`` by which ``affine`` stretches lengths (square root of areas)."""
    return torch.linalg.det(affine[..., :2]).abs().sqrt()


def square_crop(boxes: Tensor, size: int, padding: float) -> Tensor:
    """Return the affines from an image to square crops around ``boxes``.

    Args:
        boxes: ``[N, 4]``, x1 y1 x2 y2 in pixels.
        size: side of the crop in pixels.
        padding: the crop's side over the box's longer side.

    Returns:
        ``[N, 2, 3]``; a box without extent counts as one pixel.
    """
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    side = (boxes[:, 2:] - boxes[:, :2]).amax(dim=1).clamp_min(1.0) * padding
    scale = size / side
    linear = scale[:, None, None] * torch.eye(2, dtype=boxes.dtype, device=boxes.device)
    offset = (size - 1) / 2 - scale[:, None] * centre
    return torch.cat([linear, offset.unsqueeze(-1)], dim=-1)


def similarity(size: int, angle: Tensor, scale: Tensor, shift: Tensor, mirrored: Tensor) -> Tensor:
    """Return affines of a ``size`` pixels square that keep its centre but for ``shift``.

    Args:
        size: side in pixels.
        angle: ``[B]`` radians, turning x towards y.
        scale: ``[B]`` zoom; above 1 the content grows.
        shift: ``[B, 2]`` pixels.
        mirrored: ``[B]`` bool; the mirror comes first.
    """
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    sign = torch.where(mirrored, -1.0, 1.0).to(angle.dtype)
    linear = torch.stack(
        [torch.stack([cosine * sign, -sine], -1), torch.stack([sine * sign, cosine], -1)], dim=-2
    )
    centre = torch.full_like(shift, (size - 1) / 2)
    offset = centre + shift - (linear @ centre.unsqueeze(-1)).squeeze(-1)
    return torch.cat([linear, offset.unsqueeze(-1)], dim=-1)


def warp(images: Tensor, to_source: Tensor, size: int) -> Tensor:
    """Return ``size`` pixels square views of ``images``, bilinear, black outside.

    Args:
        images: ``[B, C, H, W]`` floating point.
        to_source: ``[B, 2, 3]``, from pixels of the view to pixels of the image.
        size: side of the view in pixels.
    """
    height, width = images.shape[-2:]
    # With align_corners=True the normalised -1 and 1 are the centres of the border pixels.
    scale = constant([2 / max(width - 1, 1), 2 / max(height - 1, 1)], images.device, images.dtype)
    along = torch.arange(size, dtype=images.dtype, device=images.device)
    y, x = torch.meshgrid(along, along, indexing="ij")
    pixels = torch.stack([x, y], dim=-1).view(1, -1, 2)
    source = transform_points(to_source.to(images.dtype), pixels.expand(len(images), -1, -1))
    grid = (source * scale - 1).view(len(images), size, size, 2)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=True)


def shrink(image: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """Return the image averaged over ``factor`` x ``factor`` pixels, and the affine into it.

    A warp that shrinks by 2 or more would skip pixels (aliasing); averaging first prevents that.

    Args:
        image: ``[C, H, W]`` floating point.
        factor: 1 or more; rows and columns beyond a multiple of it are padded with the border.
    """
    if factor == 1:
        return image, torch.eye(2, 3, dtype=torch.float64)
    height, width = image.shape[-2:]
    padding = (0, -width % factor, 0, -height % factor)
    padded = F.pad(image.unsqueeze(0), padding, mode="replicate")
    offset = (1 / factor - 1) / 2  # (p + 1/2) / factor - 1/2
    affine = torch.tensor([[1 / factor, 0, offset], [0, 1 / factor, offset]], dtype=torch.float64)
    return F.avg_pool2d(padded, factor).squeeze(0), affine
