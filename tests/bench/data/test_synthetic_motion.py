"""What a moving or unfocused camera makes of a point of light."""

import math

import pytest
import torch
from torch import Tensor

from bench.data.synthetic.background import develop
from bench.data.synthetic.exact import Draws
from bench.data.synthetic.factors import SceneFactors
from bench.data.synthetic.motion import streaked

SIZE, SCENES = 64, 48


def spread(motion: float, streak: float) -> Tensor:
    """Return [B, 2] variances in pixels along y and x of what a point of light becomes."""
    images = torch.full((SCENES, 3, SIZE, SIZE), 0.3)  # no exposure makes that black
    images[:, :, 30, 30] = 1.5
    draws = Draws.of_scenes(torch.arange(SCENES), "val", seed=0)
    factors = SceneFactors(blur=1.0, motion=motion, streak=streak, noise=0.0)
    light = develop(draws, images, factors).float().sum(1)
    light = light - light[:, :1, :1]
    place = torch.arange(SIZE).float() - 30
    mass = light.sum((1, 2))
    return torch.stack([(light.sum(axis) * place**2).sum(1) / mass for axis in (2, 1)], 1)


def test_motion_is_the_share_of_blurred_scenes_that_move() -> None:
    focus, motion = spread(0.0, 0.0), spread(1.0, 0.0)
    # Out of focus spreads light both ways alike, motion only one way.
    assert (focus > 0).all(1).float().mean() > 0.9
    assert (motion > 0).all(1).float().mean() < 0.05
    half = (spread(0.5, 0.0) > 0).all(1).float().mean()
    assert 0.3 < half < 0.7


def test_a_streak_is_as_long_as_its_factor_allows() -> None:
    length = 0.25 * SIZE
    variance = spread(1.0, 0.25).sum(1)
    # A uniform streak of length L has the variance L^2 / 12. The one-pixel blurs add up to
    # 4 x 0.33, and each of four interpolations along both axes up to 1/4.
    assert 0.8 * length**2 / 12 < variance.max() < length**2 / 12 + 3.4
    assert 0.8 * (length / 3) ** 2 / 12 < variance.min() < 0.5 * length**2 / 12


@pytest.mark.parametrize("angle", [0.0, 0.6, math.pi / 2, 2.5])
def test_a_streaked_point_is_a_line_about_where_it_was(angle: float) -> None:
    way = torch.tensor([math.cos(angle), math.sin(angle)])
    image = torch.zeros(1, 1, 41, 41)
    image[..., 20, 20] = 1.0
    light = streaked(image, 12 * way[None])[0, 0]
    assert light.sum().item() == pytest.approx(1, abs=1e-5)
    y, x = torch.meshgrid(torch.arange(41.0) - 20, torch.arange(41.0) - 20, indexing="ij")
    along, across = x * way[0] + y * way[1], y * way[0] - x * way[1]
    assert (light * along).sum().abs() < 1e-4 and (light * across).sum().abs() < 1e-4
    assert (light * along**2).sum().item() == pytest.approx(12**2 / 12, rel=0.1)
    assert (light * across**2).sum() < 1.0


def test_a_flat_image_has_nothing_to_streak() -> None:
    flat = torch.full((2, 3, 9, 9), 0.25)
    torch.testing.assert_close(streaked(flat, torch.tensor([[30.0, 4.0], [0.0, 0.0]])), flat)
