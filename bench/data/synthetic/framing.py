"""Who is within the image, and whom its edges cut."""

from typing import Final

import torch
from torch import Tensor

from bench.data.synthetic.exact import Draws
from bench.data.synthetic.factors import SceneFactors
from bench.data.synthetic.render import View
from models.skeleton import CANONICAL

_PELVIS: Final = CANONICAL.joints.index("pelvis")
_CUT_STREAM: Final = 1  # cutting came later, and may move no other draw


def sample_framing(draws: Draws, people: int) -> tuple[Tensor, Tensor]:
    """Return margins [B, people] and shifts [B, people, 2], in sides of the image.

    Most people keep their margin to the image's edge; one in ten is pushed across it, sideways
    or, as in portraits, downwards.
    """
    leaving = draws.chance(0.1, people)
    inside = draws.uniform(people, low=0.0, high=0.04)
    sideways = draws.bell(people) * 0.25
    down = draws.uniform(people, low=-0.1, high=0.4)
    shift = torch.stack([sideways, down], -1) * leaving[..., None]
    return torch.where(leaving, -0.45, inside), shift


def sample_cuts(draws: Draws, people: int, factors: SceneFactors) -> Tensor:
    """Return the share [B, people] of each person that an edge cuts off, 0 for most."""
    apart = draws.apart(_CUT_STREAM)
    cut = apart.chance(factors.cut, people)
    low, high = factors.cut_share
    return apart.uniform(people, low=low, high=high) * cut


def shift_into_view(
    joints: Tensor, view: View, scenes: Tensor, margin: Tensor, push: Tensor
) -> Tensor:
    """Return the shift [N, 3], parallel to the image, that keeps people ``margin`` [N] px inside.

    It is the one nearest to ``push`` [N, 2] px that does so.
    People stand on steps, slopes and platforms then, which a plane does not give.
    """
    low, high = _extent(joints, view, scenes)
    least = margin[:, None] - low
    most = view.size - 1 - margin[:, None] - high
    shift = torch.minimum(torch.maximum(push, least), most)
    shift = torch.where(least > most, 0.5 * (least + most), shift)
    return _metres(shift, joints, view, scenes)


def shift_over_edge(joints: Tensor, view: View, scenes: Tensor, cut: Tensor) -> Tensor:
    """Return the shift [N, 3], parallel to the image, that puts ``cut`` [N] of people beyond it.

    Of their extent, that is, and beyond the edge that is nearest by then: left, right or bottom.
    Who is cut by 0 stays.
    """
    low, high = _extent(joints, view, scenes)
    beyond = (high - low) * cut[:, None]
    to_low, to_high = -beyond - low - 0.5, view.size - 0.5 + beyond - high
    ways = torch.stack([to_low[:, 0], to_high[:, 0], to_high[:, 1]], 1)
    nearest = ways.abs().argmin(1)
    way = ways.gather(1, nearest[:, None])[:, 0] * (cut > 0)
    downwards = nearest == 2
    shift = torch.stack([way * ~downwards, way * downwards], 1)
    return _metres(shift, joints, view, scenes)


def _extent(joints: Tensor, view: View, scenes: Tensor) -> tuple[Tensor, Tensor]:
    """Return the least and the greatest pixel [N, 2] of the joints [N, K, 3]."""
    pixels = view.project(joints, scenes)
    return pixels.amin(1), pixels.amax(1)


def _metres(shift: Tensor, joints: Tensor, view: View, scenes: Tensor) -> Tensor:
    metres = shift * (joints[:, _PELVIS, 2] / view.focal[scenes])[:, None]
    return torch.cat([metres, torch.zeros_like(metres[:, :1])], 1)
