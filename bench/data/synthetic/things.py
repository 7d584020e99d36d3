"""Clutter shaped like limbs behind people, and objects in front of them."""

from typing import Final

import torch
from torch import Tensor

from bench.data.synthetic.appearance import CHECKS, DOTS, cloth_colours, skin_colours
from bench.data.synthetic.body import Parts
from bench.data.synthetic.exact import Draws, unit
from bench.data.synthetic.factors import SceneFactors
from bench.data.synthetic.render import View
from bench.data.synthetic.shade import Surfaces

_PIECES: Final = 3  # parts of one object
_POLE, _RAIL, _BUSH, _BOARD = range(4)


def sample_things(
    draws: Draws, view: View, depth: Tensor, across: Tensor, present: Tensor, factors: SceneFactors
) -> tuple[Parts, Surfaces, Tensor]:
    """Return the objects of B scenes, flat: parts [P], what covers them, and their scenes [P].

    Args:
        draws: one stream a scene.
        view: the cameras.
        depth, across: [B, M] where people are, metres and pixels.
        present: [B, M] bool: which of them are in the scene.
        factors: how many objects.
    """
    clutter = _clutter(draws, view, depth, present, factors.clutter)
    occluders = _occluders(draws, view, depth, across, present, factors.occluders)
    both = [torch.cat(pair, 1) for pair in zip(clutter, occluders, strict=True)]
    start, end, start_radius, end_radius, flatness, shown, colouring = both
    scenes, pieces = shown.shape
    cloth = cloth_colours(draws, pieces, 2)
    first = torch.where((colouring > draws.uniform(pieces))[..., None], skin_colours(draws, pieces),
                        cloth[..., 0, :])  # fmt: skip
    leaves = torch.tensor([0.5, 0.9, 0.35], device=start.device)
    first = torch.where((colouring < 0)[..., None], first * leaves, first)
    whole = torch.zeros_like(shown, dtype=torch.float32)
    front = torch.zeros_like(start)
    front[..., 2] = -1.0
    parts = Parts(start, end, start_radius, end_radius, flatness, front, whole, whole, whole + 2,
                  shown, whole > 0)  # fmt: skip
    pattern = draws.choice(DOTS * 2, pieces)
    nothing = torch.zeros_like(shown)
    surfaces = Surfaces(
        first, cloth[..., 1, :], first, torch.where(pattern <= CHECKS, pattern, 0),
        draws.uniform(pieces, low=0.05, high=0.2), whole + 2, nothing, nothing,
        first, nothing, nothing,
    )  # fmt: skip
    numbers = torch.arange(scenes, device=start.device)[:, None].expand(scenes, pieces)
    flat = Surfaces(*(getattr(surfaces, name).flatten(0, 1) for name in vars(surfaces)))
    return parts.map(lambda values: values.flatten(0, 1)), flat, numbers.flatten()


def _clutter(
    draws: Draws, view: View, depth: Tensor, present: Tensor, most: int
) -> tuple[Tensor, ...]:
    """Return chains of two limbs each, as far as the people or farther: [B, 2 * most, ...]."""
    farthest = depth.masked_fill(~present, 0).amax(1)[:, None, None]
    away = farthest * draws.uniform(most, 1, low=0.9, high=1.5)
    pixels = draws.uniform(most, 2, low=-0.05, high=1.05) * view.size - view.centre
    place = torch.cat([pixels * away / view.focal[:, None, None], away], -1)
    lengths = draws.uniform(most, 2, 1, low=0.15, high=0.55)
    ways = unit(draws.uniform(most, 2, 3, low=-1, high=1) * _FLAT_WAYS.to(place.device))
    knot = place + ways[:, :, 0] * lengths[:, :, 0]
    tip = knot + ways[:, :, 1] * lengths[:, :, 1]
    radius = draws.uniform(most, low=0.03, high=0.1)
    shown = torch.arange(most, device=place.device) < draws.choice(most + 1)[:, None]
    return (
        torch.cat([place, knot], 1),
        torch.cat([knot, tip], 1),
        torch.cat([radius, radius * 0.75], 1),
        torch.cat([radius * 0.75, radius * 0.55], 1),
        torch.ones_like(radius).repeat(1, 2),
        shown.repeat(1, 2),
        torch.full_like(radius, 0.4).repeat(1, 2),
    )


#: Clutter lies mostly across the view: a limb that points at the camera is only a dot.
_FLAT_WAYS: Final = torch.tensor([1.0, 1.0, 0.4])


def _occluders(
    draws: Draws, view: View, depth: Tensor, across: Tensor, present: Tensor, most: int
) -> tuple[Tensor, ...]:
    """Return poles, rails, bushes and boards before some person each: [B, 3 * most, ...]."""
    count = present.sum(1)
    chosen = (draws.uniform(most) * count[:, None]).long()
    away = depth.gather(1, chosen) * draws.uniform(most, low=0.6, high=0.88)
    aside = across.gather(1, chosen) - view.centre
    aside = aside + draws.bell(most) * 0.12 * view.size
    height = draws.uniform(most, low=-0.45, high=0.5) * view.size
    place = torch.stack([aside, height], -1) * (away / view.focal[:, None])[..., None]
    place = torch.cat([place, away[..., None]], -1)[:, :, None]
    kind = draws.choice(4, most)[..., None]
    piece = torch.arange(_PIECES, device=place.device) - 1.0

    # Three leaves of a bush, three rails of a fence, one pole or board.
    scatter = draws.uniform(most, _PIECES, 3, low=-0.28, high=0.28)
    stacked = torch.zeros_like(scatter)
    stacked[..., 1] = piece * 0.22
    spot = place + torch.where((kind == _BUSH)[..., None], scatter, 0.0)
    spot = spot + torch.where((kind == _RAIL)[..., None], stacked, 0.0)
    reach = torch.zeros_like(scatter)
    upright, level = kind == _POLE, (kind == _RAIL) | (kind == _BOARD)
    long = draws.uniform(most, 1, low=0.35, high=1.6)
    reach[..., 0] = torch.where(level, torch.where(kind == _BOARD, long * 0.3, long), 0.03)
    reach[..., 1] = torch.where(upright, long * 1.5, 0.0)
    thick = draws.uniform(most, _PIECES, low=0.03, high=0.07)
    thick = torch.where(kind == _BUSH, thick * 3, torch.where(kind == _BOARD, thick * 4, thick))
    single = (kind == _BUSH) | (kind == _RAIL) | (piece == 0)
    shown = torch.arange(most, device=place.device) < draws.choice(most + 1)[:, None]
    ends = (spot - reach, spot + reach, thick, thick)
    flatness = torch.where(kind == _BOARD, 0.1, 1.0).expand_as(thick)
    return (
        *(values.flatten(1, 2) for values in (*ends, flatness, shown[..., None] & single)),
        torch.where(kind == _BUSH, -1.0, 0.0).expand_as(thick).flatten(1, 2),
    )
