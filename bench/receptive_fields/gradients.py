"""What a network's output really depends on: its effective receptive field.

The gradient of one output cell with respect to the input, squared and summed over the channels, is
the energy with which each pixel acts on that cell. Theory bounds where it can be other than zero;
how it spreads within is measured here.

Source: Luo et al., "Understanding the Effective Receptive Field in Deep Convolutional Neural
Networks", NeurIPS 2016.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from bench.problem import Problem

_BATCH = 8  # images at once: the activations of a whole network are held for each


@dataclass(frozen=True)
class EffectiveField:
    """Share of the gradient's energy within each radius around a central output cell.

    Attributes:
        radii: float ``[R]``, distances in pixels from the centre of the cell, rising.
        held: float ``[R]``, share of the energy of all pixels up to that distance; the last is 1.
    """

    radii: np.ndarray
    held: np.ndarray

    def radius_holding(self, share: float) -> float:
        """Return the smallest radius in pixels that holds a share, 0 to 1, of the energy."""
        return float(self.radii[np.argmax(self.held >= share)])


def effective_field(
    network: nn.Module, images: Tensor, *, seed: int, output: int = -1
) -> EffectiveField:
    """Measure how the energy of a central output cell's gradient spreads over the input.

    The energy is summed over the output's channels and over images, so an image counts by its
    energy. The channels of an image are read all at once with random signs (Hutchinson's
    estimator), whose cross terms vanish in the mean over images.

    Args:
        network: from images to maps, in evaluation; it is left as it is.
        images: ``[N, C, H, W]`` as the network sees them, for example of ``noise_images``; they are
            moved to the network's device. What lies beyond their border is not measured.
        seed: of the signs.
        output: which of the output's maps, flattened; the last one is that of the last stage.

    Raises:
        Problem: the output is no map of a whole stride, or its central cell depends on no pixel.
    """
    modes = {module: module.training for module in network.modules()}
    home = next(network.parameters(), images)
    draws = torch.Generator().manual_seed(seed)
    energy = torch.zeros(images.shape[-2:], dtype=torch.float64, device=home.device)
    network.eval()
    try:
        for batch in images.split(_BATCH):
            seen = batch.to(home.device, home.dtype).clone().requires_grad_()
            # A copy of its own, so that a first layer may work in place.
            maps = _map(network(seen.clone()), output)
            stride = _stride(images, maps)
            cells = maps[..., maps.shape[-2] // 2, maps.shape[-1] // 2]
            signs = 2 * torch.randint(2, cells.shape, generator=draws) - 1
            (gradient,) = torch.autograd.grad((cells * signs.to(cells)).sum(), seen)
            energy += gradient.double().square().sum(dim=(0, 1))
    finally:
        for module, training in modes.items():
            module.training = training
    if not energy.any():
        raise Problem(
            f"the central output of {type(network).__name__} depends on no pixel of these images"
        )
    return _by_radius(energy.cpu().numpy(), stride)


def noise_images(number: int, size: int, seed: int) -> Tensor:
    """Return uniform noise ``[number, 3, size, size]`` of the range that networks see, -0.5 to 0.5.

    The seed fixes it on every device.
    """
    draws = torch.Generator().manual_seed(seed)
    return torch.rand(number, 3, size, size, generator=draws) - 0.5


def _map(outputs: Any, place: int) -> Tensor:
    maps = [leaf for leaf in tree_leaves(outputs) if isinstance(leaf, Tensor) and leaf.ndim == 4]
    if not -len(maps) <= place < len(maps):
        raise Problem(f"output {place} is asked for, but the network returns {len(maps)} maps")
    return maps[place]


def _stride(images: Tensor, maps: Tensor) -> int:
    """Return the pixels a cell."""
    (height, width), (rows, columns) = images.shape[-2:], maps.shape[-2:]
    if height % rows or width % columns or height // rows != width // columns:
        raise Problem(
            f"maps of {rows} x {columns} cells have no whole stride in images of {height} x "
            f"{width} pixels; give images whose sides are multiples of the network's stride"
        )
    return height // rows


def _by_radius(energy: np.ndarray, stride: int) -> EffectiveField:
    """Add up the energy ``[H, W]`` by distance from the centre of the central cell."""
    # Twice the distances along each side: whole numbers, so that equal distances are found equal.
    along = [
        2 * np.arange(side) + 1 - (2 * (side // stride // 2) + 1) * stride for side in energy.shape
    ]
    squares = along[0][:, None] ** 2 + along[1] ** 2
    distinct, ring = np.unique(squares, return_inverse=True)
    held = np.cumsum(np.bincount(ring.ravel(), weights=energy.ravel()))
    return EffectiveField(np.sqrt(distinct) / 2, held / held[-1])
