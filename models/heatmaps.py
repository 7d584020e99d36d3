"""Heatmaps of joints: drawing the target, and finding the peak to a fraction of a cell.

A heatmap at stride s has its cell (0, 0) over the s x s pixels of the image's corner, so pixel x
lies at cell (x + 0.5) / s - 0.5.
"""

import torch
from torch import Tensor

DECODER_VERSION = "peak+centroid-1"


def pixels_to_cells(points: Tensor, stride: int) -> Tensor:
    """Return the points of the image, ``[..., 2]`` pixels, in cells of a heatmap."""
    return (points + 0.5) / stride - 0.5


def cells_to_pixels(points: Tensor, stride: int) -> Tensor:
    """Return the points of a heatmap, ``[..., 2]`` cells, in pixels of the image."""
    return (points + 0.5) * stride - 0.5


def draw_gaussians(points: Tensor, height: int, width: int, sigma: float) -> Tensor:
    """Return ``exp(-d^2 / (2 sigma^2))`` around each point, ``[..., H, W]`` with peak value 1.

    Args:
        points: ``[..., 2]``, x y in cells.
        height: of the map, in cells.
        width: of the map, in cells.
        sigma: in cells.
    """
    columns = torch.arange(width, device=points.device, dtype=points.dtype)
    rows = torch.arange(height, device=points.device, dtype=points.dtype)
    along_x = torch.exp(-((columns - points[..., 0:1]) ** 2) / (2 * sigma**2))
    along_y = torch.exp(-((rows - points[..., 1:2]) ** 2) / (2 * sigma**2))
    return along_y.unsqueeze(-1) * along_x.unsqueeze(-2)


def decode_peaks(probabilities: Tensor, radius: int = 2) -> tuple[Tensor, Tensor]:
    """Return the highest peak of each map, refined to a fraction of a cell, and its mass.

    The peak is the centroid of the probability in a window around the highest cell, which for a
    Gaussian of any width is its centre up to the window's truncation.

    Args:
        probabilities: ``[B, K, H, W]``, not negative, summing to 1 over each map.
        radius: of the window, in cells.

    Returns:
        points ``[B, K, 2]`` in cells, and the probability inside the window ``[B, K]``.
    """
    height, width = probabilities.shape[-2:]
    flat = probabilities.flatten(2)
    highest = flat.argmax(dim=2)
    row, column = highest // width, highest % width
    offsets = torch.arange(-radius, radius + 1, device=flat.device)
    rows = row[..., None, None] + offsets[:, None]
    columns = column[..., None, None] + offsets[None, :]
    rows, columns = torch.broadcast_tensors(rows, columns)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    cells = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
    window = flat.gather(2, cells.flatten(2)).view_as(inside) * inside
    mass = window.sum(dim=(2, 3))
    safe = mass.clamp_min(torch.finfo(mass.dtype).tiny)
    x = (window * columns).sum(dim=(2, 3)) / safe
    y = (window * rows).sum(dim=(2, 3)) / safe
    return torch.stack([x, y], dim=-1), mass
