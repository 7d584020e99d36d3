"""Heatmaps of joints: drawing the target, and finding the peak to a fraction of a cell.

A heatmap at stride s has its cell (0, 0) over the s x s pixels of the image's corner, so pixel x
lies at cell (x + 0.5) / s - 0.5.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

DECODER_VERSION = "peak+parabola-1"


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


def decode_peaks(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return the highest peak of each map, refined to a fraction of a cell, and its score.

    A parabola through the logits of the highest cell and its two neighbours, along x and along y,
    has its top at the peak; for the logarithm of a Gaussian of any width that is exact. At the
    border, where a neighbour is missing, the cell's own centre is taken.

    Args:
        logits: ``[..., H, W]``; their softmax over a map is the probability of each cell.

    Returns:
        points ``[..., 2]``, x y in cells, and the probability of the 3 x 3 cells around the
        highest one ``[...]``.
    """
    width = logits.shape[-1]
    highest = logits.flatten(-2).argmax(dim=-1)
    row, column = highest // width, highest % width
    framed = F.pad(logits, (1, 1, 1, 1), value=-torch.inf)
    cells = torch.arange(-1, 2, device=logits.device)
    rows = (row[..., None, None] + 1 + cells[:, None]).expand(*row.shape, 3, 3)
    columns = (column[..., None, None] + 1 + cells).expand(*row.shape, 3, 3)
    around = framed.flatten(-2).gather(-1, (rows * (width + 2) + columns).flatten(-2))
    around = around.unflatten(-1, (3, 3))
    x = column + parabola_top(around[..., 1, :])
    y = row + parabola_top(around[..., :, 1])
    score = torch.exp(around.logsumexp(dim=(-2, -1)) - logits.logsumexp(dim=(-2, -1)))
    return torch.stack([x, y], dim=-1), score


def parabola_top(values: Tensor) -> Tensor:
    """Return where a parabola through ``values`` ``[..., 3]`` at -1, 0, 1 has its top."""
    before, middle, after = values.unbind(dim=-1)
    curvature = 2 * middle - before - after
    top = (after - before) / (2 * curvature)
    # Infinite at the border, 0 / 0 on a plateau.
    return torch.where(curvature.isfinite() & (curvature > 0), top, torch.zeros_like(top))
