"""Rays against round cones: which part each pixel shows, and where the ray meets it.

A part is brought into a frame of its own in which it is round: there the ray's entry is the
smaller root of a quadratic. A linear map keeps the ray's parameter, which is the depth in camera
coordinates, so parts are compared by it. Only pixels inside a part's projected box are tried;
each try is a fragment, and the nearest fragment of a pixel wins, the first part where they tie.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from bench.data.synthetic.body import Parts
from bench.data.synthetic.exact import cross, dot, rotate, unit

NEAR: Final = 0.15  # metres; parts that come nearer to the camera's plane are not drawn
FAR: Final = 60.0  # metres
_DEPTH_STEPS: Final = 2.0**18  # a metre; 60 m take 24 bits
_PART_BITS: Final = 20
_CHUNK: Final = 1 << 17  # fragments at once: intermediate results stay in the processor's cache
#: Shadows lie this many metres behind where they are, so that they hide nothing.
RECEDE: Final = 30.0
_NOTHING: Final = 1 << 62
_MISS: Final = 1e9  # added to a depth that does not count; a masked choice is ten times slower


@dataclass(frozen=True)
class View:
    """Pinhole cameras of B scenes that look along z, with x to the right and y down.

    Attributes:
        focal: [B] pixels.
        size: side of the image in pixels.
        oversample: samples a pixel along each axis.
    """

    focal: Tensor
    size: int
    oversample: int

    @property
    def centre(self) -> float:
        """The principal point: pixel centres are whole numbers, so the middle is (size - 1)/2."""
        return (self.size - 1) / 2

    @property
    def samples(self) -> int:
        """Samples along a side of the image."""
        return self.size * self.oversample

    def project(self, points: Tensor, scenes: Tensor) -> Tensor:
        """Return pixels [..., 2] of camera points [N, ..., 3] of ``scenes`` [N]."""
        focal = self.focal[scenes].reshape(-1, *[1] * (points.dim() - 2), 1)
        return points[..., :2] / points[..., 2:3].clamp_min(NEAR) * focal + self.centre

    def to_samples(self, pixels: Tensor) -> Tensor:
        """Return coordinates in the grid of samples, in which sample centres are whole."""
        return (pixels + 0.5) * self.oversample - 0.5


@dataclass(frozen=True)
class Hits:
    """What each sample shows.

    Attributes:
        part: [B, S, S] row of the part, -1 where there is none.
        depth: [B, S, S] metres along z; enormous where there is none.
    """

    part: Tensor
    depth: Tensor


@dataclass(frozen=True)
class Solids:
    """P parts, each in its own frame, ready for rays.

    Attributes:
        frame: [P, 3, 3] from camera directions to the part's frame: left, along, front.
        origin: [P, 3] the camera's place in that frame.
        radius: [P] metres at the start; slope: [P] metres of radius a metre of length.
        length: [P] metres.
    """

    frame: Tensor
    origin: Tensor
    radius: Tensor
    slope: Tensor
    length: Tensor


def make_solids(parts: Parts) -> Solids:
    """Return the frames of flat parts [P] in camera coordinates."""
    along = parts.end - parts.start
    length = dot(along, along).clamp_min(1e-8).sqrt()
    axis = along / length[:, None]
    # Where a part points along its own front, any perpendicular will do.
    spare = cross(axis, axis[:, [1, 2, 0]])
    sideways = cross(axis, parts.front)
    sideways = unit(torch.where(dot(sideways, sideways)[:, None] < 1e-4, spare, sideways))
    front = cross(sideways, axis)
    frame = torch.stack([sideways, axis, front / parts.depth.clamp_min(0.08)[:, None]], 1)
    # One sphere may not swallow the other, or there is no cone between them.
    slope = ((parts.end_radius - parts.start_radius) / length).clamp(-0.95, 0.95)
    return Solids(frame, rotate(frame, -parts.start), parts.start_radius, slope, length)


def cast(solids: Solids, parts: Parts, scenes: Tensor, view: View) -> Hits:
    """Return what the samples of all scenes show of flat parts [P] of ``scenes`` [P]."""
    part, row, column = _fragments(parts, scenes, view)
    focal = (view.focal[scenes] * view.oversample).index_select(0, part)
    middle = (view.samples - 1) / 2
    rays = ((column - middle) / focal, (row - middle) / focal)
    pieces = zip(*(values.split(_CHUNK) for values in (part, *rays)), strict=True)
    depth = torch.cat([_entry(solids, *piece) for piece in pieces])
    depth = depth + (parts.shadow * RECEDE).index_select(0, part)
    hit = torch.nonzero((depth > NEAR) & (depth < FAR))[:, 0]
    part, depth, row, column = (
        values.index_select(0, hit) for values in (part, depth, row, column)
    )
    cell = (scenes.index_select(0, part) * view.samples + row) * view.samples + column
    key = ((depth * _DEPTH_STEPS).long() << _PART_BITS) | part
    cells = len(view.focal) * view.samples**2
    nearest = torch.full((cells,), _NOTHING, dtype=torch.long, device=key.device)
    nearest = nearest.scatter_reduce(0, cell, key, "amin")
    shape = (len(view.focal), view.samples, view.samples)
    shown = (nearest & ((1 << _PART_BITS) - 1)).masked_fill_(nearest == _NOTHING, -1)
    return Hits(shown.reshape(shape), ((nearest >> _PART_BITS) / _DEPTH_STEPS).reshape(shape))


def _fragments(parts: Parts, scenes: Tensor, view: View) -> tuple[Tensor, Tensor, Tensor]:
    """Return (part, row, column) of the samples in each part's projected box, int32 [F] each."""
    focal = (view.focal[scenes] * view.oversample)[:, None]
    middle = (view.samples - 1) / 2
    stretch = parts.depth.clamp_min(1.0)
    lows, highs = [], []
    for point, radius in ((parts.start, parts.start_radius), (parts.end, parts.end_radius)):
        slant = point[:, :2] / point[:, 2:3].clamp_min(NEAR)
        lengthened = (1 + slant * slant).sqrt()  # a sphere off the axis projects to an ellipse
        # It also lies farther out than the sphere's middle: hence the nearest point's depth.
        nearest = (point[:, 2] - radius * stretch).clamp_min(NEAR)
        reach = lengthened * (radius * stretch / nearest)[:, None]
        lows.append((slant - reach) * focal + middle)
        highs.append((slant + reach) * focal + middle)
    low = torch.minimum(*lows).ceil().clamp(0, view.samples).int()
    high = torch.maximum(*highs).floor().clamp(-1, view.samples - 1).int()
    drawn = (torch.minimum(parts.start[:, 2], parts.end[:, 2]) > NEAR) & parts.present
    spans = (high - low + 1).clamp_min(0) * drawn[:, None]
    count = spans[:, 0] * spans[:, 1]
    part = torch.repeat_interleave(count)
    begin = (count.cumsum(0) - count).int()
    order = torch.arange(len(part), device=part.device, dtype=torch.int32)
    order = order - begin.index_select(0, part)
    wide = spans[:, 0].contiguous().index_select(0, part)
    row = order // wide
    column = order - row * wide + low[:, 0].contiguous().index_select(0, part)
    return part, row + low[:, 1].contiguous().index_select(0, part), column


def _entry(solids: Solids, part: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return the depth [F] at which rays (x, y, 1) enter their parts, beyond FAR for a miss."""

    def of(values: Tensor) -> Tensor:
        return values.contiguous().index_select(0, part)

    left, along, front = (
        of(solids.frame[:, axis, 0]) * x + of(solids.frame[:, axis, 1]) * y
        + of(solids.frame[:, axis, 2])
        for axis in range(3)
    )  # fmt: skip
    o_left, o_along, o_front = (of(solids.origin[:, axis]) for axis in range(3))
    radius, slope, length = of(solids.radius), of(solids.slope), of(solids.length)
    steep = 1 - slope * slope
    # The cone: left^2 + front^2 = (radius + slope * along)^2 / steep.
    across = left * left + front * front
    mixed = left * o_left + front * o_front
    away = o_left * o_left + o_front * o_front
    reach = radius + slope * o_along
    tilt = slope / steep
    a = (across - slope * along * along * tilt).clamp_min(1e-6)
    b = mixed - reach * along * tilt
    root = b * b - a * (away - reach * reach / steep)
    depth = (-b - root.clamp_min(0).sqrt()) / a
    # Which sphere of the sweep is touched there: one between the ends, or else only an end's.
    place = (o_along + depth * along + slope * radius) / steep
    missed = (root < 0) | (place < 0) | (place > length)
    depth = depth + missed * _MISS
    square = across + along * along
    for centre, size in ((o_along, radius), (o_along - length, radius + slope * length)):
        b = mixed + along * centre
        root = b * b - square * (away + centre * centre - size * size)
        sphere = (-b - root.clamp_min(0).sqrt()) / square
        depth = torch.minimum(depth, sphere + (root < 0) * _MISS)
    return depth
