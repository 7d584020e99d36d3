"""Places: walls and grounds with texture, posters and furniture, and the camera's own defects."""

import math
from typing import Final

import torch
from torch import Tensor

from bench.data.synthetic.appearance import cloth_colours
from bench.data.synthetic.exact import Draws, mix, sine_cosine
from bench.data.synthetic.factors import SceneFactors
from bench.data.synthetic.motion import streaked

_OCTAVES: Final = (3, 6, 12, 24, 48)
_RECTANGLES: Final = 5
_STREAK_STREAM: Final = 2  # streaks came later, and may move no other draw


def sample_background(draws: Draws, size: int) -> Tensor:
    """Return backgrounds [B, 3, size, size], RGB in 0..1 and not yet lit by any lamp."""
    device = draws.keys.device
    across = torch.arange(size, device=device, dtype=torch.float32) / size
    x, y = across[None, None, :], across[None, :, None]
    horizon = draws.uniform(1, 1, low=0.25, high=0.75)
    ground = y > horizon
    colours = [cloth_colours(draws, 2) for _ in range(2)]  # [B, 2, 3] each: wall and ground
    noise = [_noise(draws, size) for _ in range(2)]
    noise[1] = noise[1] * 0.7 + 0.3 * noise[0]
    kind = draws.choice(5, 1, 1)
    angle = draws.uniform(1, 1, low=-0.4, high=0.4)
    sine, cosine = sine_cosine(angle)
    count = draws.uniform(1, 1, low=3.0, high=22.0)
    u, v = (x * cosine + y * sine) * count, (y * cosine - x * sine) * count * 1.6
    brick = u + (v.floor() - 2 * (v / 2).floor()) * 0.5
    joint = ((v - v.floor()) < 0.12) | ((brick - brick.floor()) < 0.08)
    lines = ((u - u.floor()) < 0.3) & (kind == 1)
    tiles = (u.floor() + v.floor()) - 2 * ((u.floor() + v.floor()) / 2).floor() > 0.5
    relief = lines | (joint & (kind == 2)) | (tiles & (kind == 3))
    wall_mix = (noise[0] + relief * draws.uniform(1, 1, low=-0.6, high=0.6)).clamp(0, 1)
    wall = _blend(colours[0], wall_mix)
    # Floor boards or tiles run towards the horizon.
    ahead = 1 / (y - horizon + 0.06).clamp_min(0.03)
    board = (x - 0.5) * ahead * draws.uniform(1, 1, low=0.4, high=2.5)
    grid = ((board - board.floor()) < 0.1) & draws.chance(0.4, 1, 1)
    floor = _blend(colours[1], (noise[1] + 0.35 * grid).clamp(0, 1))
    image = torch.where(ground[:, None], floor, wall)
    return _rectangles(draws, image, x, y)


def _blend(colours: Tensor, share: Tensor) -> Tensor:
    """Return [B, 3, S, S]: from the first colour where share [B, S, S] is 0 to the second at 1."""
    first, second = colours[:, 0, :, None, None], colours[:, 1, :, None, None]
    return first + (second - first) * share[:, None]


def _noise(draws: Draws, size: int) -> Tensor:
    """Return value noise [B, size, size] in 0..1: lattices of random numbers, interpolated."""
    total = torch.zeros(len(draws.keys), size, size, device=draws.keys.device)
    weights = draws.uniform(len(_OCTAVES), low=0.05)
    whole = weights[:, 0]
    for octave in range(1, len(_OCTAVES)):
        whole = whole + weights[:, octave]
    for octave, cells in enumerate(_OCTAVES):
        lattice = draws.uniform(cells + 1, cells + 1)
        place = torch.arange(size, device=lattice.device, dtype=torch.float32) * cells / size
        low = place.long()
        share = place - low
        share = share * share * (3 - 2 * share)
        rows = lattice[:, low]
        rows = rows + (lattice[:, low + 1] - rows) * share[:, None]
        left = rows[:, :, low]
        smooth = left + (rows[:, :, low + 1] - left) * share
        total = total + smooth * (weights[:, octave] / whole)[:, None, None]
    return ((total - 0.5) * 1.8 + 0.5).clamp(0, 1)


def _rectangles(draws: Draws, image: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Hang up to five upright rectangles: windows, doors, boards."""
    count = draws.choice(_RECTANGLES + 1)
    colours = cloth_colours(draws, _RECTANGLES)
    middles = draws.uniform(_RECTANGLES, 2)
    halves = draws.uniform(_RECTANGLES, 2, low=0.02, high=0.2)
    for index in range(_RECTANGLES):
        inside = (
            ((x - middles[:, index, 0, None, None]).abs() < halves[:, index, 0, None, None])
            & ((y - middles[:, index, 1, None, None]).abs() < halves[:, index, 1, None, None])
            & (index < count)[:, None, None]
        )
        tinted = image * 0.15 + colours[:, index, :, None, None] * 0.85
        image = torch.where(inside[:, None], tinted, image)
    return image


def develop(draws: Draws, images: Tensor, factors: SceneFactors) -> Tensor:
    """Return uint8 [B, 3, S, S]: focus, motion, exposure, colour cast and pixel noise.

    Args:
        draws: one stream a scene.
        images: [B, 3, S, S] light, 0 to about 1.5.
        factors: how many are blurred, and how, and how noisy they are.
    """
    blurred = draws.chance(factors.blur, 1, 1, 1)
    strength = draws.uniform(1, 1, 1, high=0.33) * blurred
    moved = draws.uniform(1, 1, 1)  # out of focus, or in motion along x, or along y
    along_x, along_y = 1 - factors.motion, 1 - factors.motion / 2
    if factors.streak:
        images = _moving(draws, images, factors.streak, (blurred & (moved >= along_x)).flatten())
    for repeat in range(2):
        first = strength if repeat == 0 else strength * draws.chance(0.5, 1, 1, 1)
        images = _smoothed(images, first * (moved < along_y), 3)
        images = _smoothed(images, first * ((moved < along_x) | (moved > along_y)), 2)
    gain = draws.uniform(1, 1, 1, low=0.75, high=1.2)
    cast = draws.uniform(3, 1, 1, low=0.93, high=1.07)
    images = (images * gain * cast).clamp(0, 1.6)
    images = images / (1 + 0.12 * images * images)  # highlights roll off as in a film
    offset = draws.uniform(1, 1, 1, low=-0.04, high=0.05)
    level = draws.uniform(1, 1, 1)
    level = level * level * factors.noise
    grain = _grain(draws, images.shape[-1])
    return ((images + offset + level * grain).clamp(0, 1) * 255 + 0.5).to(torch.uint8)


def _moving(draws: Draws, images: Tensor, longest: float, chosen: Tensor) -> Tensor:
    """Move the images ``chosen`` [B] while they are exposed, by at most ``longest`` sides."""
    apart = draws.apart(_STREAK_STREAM)
    # A streak of less than a third of the longest can hardly be told from a still.
    length = apart.uniform(low=longest / 3, high=longest) * images.shape[-1]
    sine, cosine = sine_cosine(apart.uniform(high=math.pi))
    way = torch.stack([cosine, sine], 1) * length[:, None]
    rows = torch.nonzero(chosen)[:, 0]
    return images.index_copy(0, rows, streaked(images[rows], way[rows]))


def _smoothed(images: Tensor, side: Tensor, axis: int) -> Tensor:
    """Return images whose pixels take the share ``side`` [B, 1, 1, 1] from either neighbour."""
    size = images.shape[axis]
    first, last = images.narrow(axis, 0, 1), images.narrow(axis, size - 1, 1)
    before = torch.cat([first, images.narrow(axis, 0, size - 1)], axis)
    after = torch.cat([images.narrow(axis, 1, size - 1), last], axis)
    return images * (1 - 2 * side) + (before + after) * side


def _grain(draws: Draws, size: int) -> Tensor:
    """Return noise [B, 3, size, size] of variance 1: sums of two bytes, a triangle."""
    key = draws.bits(1)
    place = torch.arange(size * size, device=key.device)
    first = mix(mix(key + place & 0xFFFFFFFF))
    second = mix(first + 1)
    pairs = [(first, 0, 8), (first, 16, 24), (second, 0, 8)]
    channels = [((h >> a) & 255) + ((h >> b) & 255) for h, a, b in pairs]
    # A byte has a variance of (256^2 - 1)/12; two of them 104.5^2.
    noise = (torch.stack(channels, 1).float() - 255.0) / 104.5
    return noise.reshape(-1, 3, size, size)
