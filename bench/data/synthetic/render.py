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
_DEPTH_STEPS: Final = 2.0**18  # a metre; with 64 m of depth, 24 bits
_PART_BITS: Final = 20
_FARTHEST: Final = (1 << 62)


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
        depth: [B, S, S] metres along z; infinite where there is none.
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
    focal = view.focal[scenes][part] * view.oversample
    middle = (view.samples - 1) / 2
    depth = _entry(solids, part, (column - middle) / focal, (row - middle) / focal)
    hit = (depth > NEAR) & (depth < 60.0)
    part, depth = part[hit], depth[hit]
    cell = (scenes[part] * view.samples + row[hit]) * view.samples + column[hit]
    key = ((depth * _DEPTH_STEPS).long() << _PART_BITS) | part
    cells = len(view.focal) * view.samples**2
    nearest = torch.full((cells,), _FARTHEST, dtype=torch.long, device=key.device)
    nearest = nearest.scatter_reduce(0, cell, key, "amin")
    shape = (len(view.focal), view.samples, view.samples)
    empty = nearest == _FARTHEST
    shown = (nearest & ((1 << _PART_BITS) - 1)).masked_fill(empty, -1)
    far = ((nearest >> _PART_BITS).float() / _DEPTH_STEPS).masked_fill(empty, torch.inf)
    return Hits(shown.reshape(shape), far.reshape(shape))


def _fragments(parts: Parts, scenes: Tensor, view: View) -> tuple[Tensor, Tensor, Tensor]:
    """Return (part, row, column) of every sample inside a part's projected box, [F] each."""
    focal = view.focal[scenes] * view.oversample
    lows, highs = [], []
    stretch = parts.depth.clamp_min(1.0)
    for point, radius in ((parts.start, parts.start_radius), (parts.end, parts.end_radius)):
        depth = (point[:, 2] - radius * stretch).clamp_min(NEAR)
        slant = point[:, :2] / point[:, 2:3].clamp_min(NEAR)
        lengthened = (1 + slant * slant).sqrt()  # a sphere off the axis projects to an ellipse
        reach = lengthened * (radius * stretch / depth)[:, None]
        lows.append(slant - reach)
        highs.append(slant + reach)
    middle = (view.samples - 1) / 2
    low = torch.minimum(*lows) * focal[:, None] + middle
    high = torch.maximum(*highs) * focal[:, None] + middle
    first = low.ceil().clamp(0, view.samples).int()
    last = high.floor().clamp(-1, view.samples - 1).int()
    spans = (last - first + 1).clamp_min(0)
    visible = (torch.minimum(parts.start[:, 2], parts.end[:, 2]) > NEAR) & parts.present
    spans = spans * visible[:, None]
    count = spans[:, 0] * spans[:, 1]
    part = torch.repeat_interleave(count)
    ends = count.cumsum(0)
    order = torch.arange(len(part), device=part.device) - (ends - count)[part]
    wide = spans[:, 0].long()[part]
    row = order // wide
    column = order - row * wide
    return part, row + first[:, 1][part], column + first[:, 0][part]


def _entry(solids: Solids, part: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return the depth [F] at which rays (x, y, 1) enter their parts; infinite where they miss."""
    left, along, front = (
        solids.frame[:, axis, 0][part] * x
        + solids.frame[:, axis, 1][part] * y
        + solids.frame[:, axis, 2][part]
        for axis in range(3)
    )
    origin = solids.origin[part]
    radius, slope, length = solids.radius[part], solids.slope[part], solids.length[part]
    o_left, o_along, o_front = origin.unbind(-1)
    steep = 1 - slope * slope
    # The cone: left^2 + front^2 = (radius + slope * along)^2 / steep.
    across = left * left + front * front
    mixed = left * o_left + front * o_front
    away = o_left * o_left + o_front * o_front
    reach = radius + slope * o_along
    a = across - slope * slope * along * along / steep
    b = mixed - slope * along * reach / steep
    c = away - reach * reach / steep
    root = b * b - a * c
    depth = (-b - root.clamp_min(0).sqrt()) / torch.where(a > 1e-9, a, 1e-9)
    # Which sphere of the sweep is touched there.
    place = (o_along + depth * along + slope * radius) / steep
    cone = (root > 0) & (a > 1e-9) & (place >= 0) & (place <= length)
    depth = torch.where(cone, depth, torch.inf)
    square = across + along * along
    for offset, size in ((0.0, radius), (length, radius + slope * length)):
        shifted = o_along - offset
        b = mixed + along * shifted
        root = b * b - square * (away + shifted * shifted - size * size)
        sphere = (-b - root.clamp_min(0).sqrt()) / square
        depth = torch.minimum(depth, torch.where(root > 0, sphere, torch.inf))
    return depth
