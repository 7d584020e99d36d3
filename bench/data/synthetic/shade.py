"""The colour of every sample: cloth, skin and faces under a lamp and the sky."""

from dataclasses import dataclass, fields
from typing import Final

import torch
from torch import Tensor

from bench.data.synthetic.appearance import (
    CHECKS,
    DOTS,
    FACE_SKIN,
    HAIR,
    HOOPS,
    LOGO,
    OPEN_JACKET,
    PLACKET,
    STRIPES,
    Wardrobe,
)  # fmt: skip
from bench.data.synthetic.body import Parts
from bench.data.synthetic.exact import dot, unit
from bench.data.synthetic.render import RECEDE, Hits, Solids, View

_SHADE: Final = 0.6  # of the ground's light is lost in the middle of a shadow
# Places on the face in head heights, as in ``kinematics.FACE``.
_EYE_ASIDE: Final = 0.15
_EYE_UP: Final = 0.03
_FACE_START: Final = (-0.25, 0.22)  # height of the face part's start, and its radius


@dataclass(frozen=True)
class Surfaces:
    """What covers P parts.

    Attributes:
        first, second: [P, 3] colours that the pattern mixes; beyond: [P, 3] colour past the cut.
        pattern: [P]; period: [P] metres; cut: [P] share of the way.
        face: [P] bool: eyes, brows and mouth are drawn; second is the lips' colour.
        shadow: [P] bool: black, and the thinner the nearer to its rim.
        hair: [P, 3] colour of brows and beard; beard, glasses: [P] bool.
    """

    first: Tensor
    second: Tensor
    beyond: Tensor
    pattern: Tensor
    period: Tensor
    cut: Tensor
    face: Tensor
    shadow: Tensor
    hair: Tensor
    beard: Tensor
    glasses: Tensor

    def __getitem__(self, chosen: Tensor) -> "Surfaces":
        return Surfaces(
            *(getattr(self, field.name).index_select(0, chosen) for field in fields(self))
        )

    def joined(self, other: "Surfaces") -> "Surfaces":
        """Return both, one after the other."""
        return Surfaces(
            *(torch.cat([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self))
        )


def dress(parts: Parts, wardrobe: Wardrobe) -> Surfaces:
    """Return what covers the parts [N, P] of N people, flattened to [N * P]."""
    region, beyond = parts.region.long(), parts.beyond.long()
    people = torch.arange(len(region), device=region.device)[:, None]
    colours = wardrobe.colours[people, region]

    def each(values: Tensor) -> Tensor:
        return values[:, None].expand(region.shape[0], region.shape[1], *values.shape[1:])

    surfaces = Surfaces(
        first=colours[:, :, 0],
        second=colours[:, :, 1],
        beyond=wardrobe.colours[people, beyond][:, :, 0],
        pattern=wardrobe.pattern[people, region],
        period=wardrobe.period[people, region],
        cut=parts.cut,
        face=region == FACE_SKIN,
        shadow=parts.shadow,
        hair=each(wardrobe.colours[:, HAIR, 0]),
        beard=each(wardrobe.beard),
        glasses=each(wardrobe.glasses),
    )
    return Surfaces(*(getattr(surfaces, field.name).flatten(0, 1) for field in fields(surfaces)))


@dataclass(frozen=True)
class Light:
    """The light of B scenes.

    Attributes:
        direction: [B, 3] towards the lamp; up: [B, 3] towards the sky; both of length 1.
        lamp, sky: [B, 3] RGB strengths; ambience: [B, 3] what falls on the background.
    """

    direction: Tensor
    lamp: Tensor
    sky: Tensor
    up: Tensor
    ambience: Tensor


def shade(
    hits: Hits, solids: Solids, surfaces: Surfaces, light: Light, view: View
) -> tuple[Tensor, Tensor]:
    """Return colours [G, 3] and opacities [G] of the G samples that show a part, in order."""
    shown = torch.nonzero(hits.part.flatten() >= 0)[:, 0]
    part, depth = (v.flatten().index_select(0, shown) for v in (hits.part, hits.depth))
    column = shown % view.samples
    row = shown // view.samples
    scene = row // view.samples
    row = row - scene * view.samples

    def of(values: Tensor) -> Tensor:
        return values.contiguous().index_select(0, part)

    looks = surfaces[part]
    depth = depth - looks.shadow * RECEDE
    focal = (view.focal * view.oversample).index_select(0, scene)
    middle = (view.samples - 1) / 2
    x, y = (column - middle) / focal * depth, (row - middle) / focal * depth
    frame = [[of(solids.frame[:, i, j]) for j in range(3)] for i in range(3)]
    place = [
        of(solids.origin[:, i]) + (frame[i][0] * x + frame[i][1] * y + frame[i][2] * depth)
        for i in range(3)
    ]
    radius, slope, length = of(solids.radius), of(solids.slope), of(solids.length)
    on_axis = (place[1] + slope * radius) / (1 - slope * slope)
    on_axis = torch.minimum(on_axis.clamp_min(0), length)
    outward = [place[0], place[1] - on_axis, place[2]]
    normal = unit(torch.stack([
        frame[0][j] * outward[0] + frame[1][j] * outward[1] + frame[2][j] * outward[2]
        for j in range(3)
    ], -1))  # fmt: skip
    albedo = _albedo(looks, place, on_axis / length, radius)
    lit = dot(normal, light.direction.index_select(0, scene)).clamp_min(0)[:, None]
    facing_sky = (0.5 + 0.5 * dot(normal, light.up.index_select(0, scene)))[:, None]
    # Grazing surfaces receive less of the sky: a cheap stand-in for occlusion by the body itself.
    towards = (0.55 + 0.45 * normal[:, 2].neg().clamp_min(0))[:, None]
    sky = light.sky.index_select(0, scene) * (0.45 + 0.55 * facing_sky) * towards
    # On a flattened ball, 1 - (distance from the middle)^2 is the square of this height.
    rise = place[2] / radius
    opacity = torch.where(looks.shadow, _SHADE * rise * rise, 1.0).clamp(0, 1)
    solid = (~looks.shadow)[:, None]
    return albedo * (sky + light.lamp.index_select(0, scene) * lit) * solid, opacity


def _albedo(looks: Surfaces, place: list[Tensor], share: Tensor, radius: Tensor) -> Tensor:
    left, along, front = place
    colour = torch.where(_pattern(looks, left, along, front)[:, None], looks.second, looks.first)
    colour = torch.where((share <= looks.cut)[:, None], colour, looks.beyond)
    # Faces last, and only where there are any.
    (where,) = torch.nonzero(looks.face & (front > 0), as_tuple=True)
    size = radius[where] / _FACE_START[1]
    up = along[where] / size + _FACE_START[0]
    colour[where] = _face(looks[where], colour[where], (left[where] / size).abs(), up)
    return colour


def _pattern(looks: Surfaces, left: Tensor, along: Tensor, front: Tensor) -> Tensor:
    """Return bool [G]: whether a sample shows the second colour."""
    kind, period = looks.pattern, looks.period
    bands = (along / period) - (along / period).floor() < 0.45
    lines = (left / period) - (left / period).floor() < 0.4
    aside, level = (left / period * 1.5), (along / period * 1.5)
    aside, level = aside - aside.round(), level - level.round()
    centre = (left.abs() < 0.018) & (front > 0)
    chest = (left.abs() < 0.055) & (front > 0)
    mark = (left.abs() < 0.085) & (along > 0.0) & (along < 0.12) & (front > 0)
    return (
        ((kind == HOOPS) & bands)
        | ((kind == STRIPES) & lines)
        | ((kind == CHECKS) & (bands ^ lines))
        | ((kind == DOTS) & (aside * aside + level * level < 0.08))
        | ((kind == PLACKET) & centre)
        | ((kind == OPEN_JACKET) & chest)
        | ((kind == LOGO) & mark)
    )


def _face(looks: Surfaces, skin: Tensor, aside: Tensor, up: Tensor) -> Tensor:
    from_eye = aside - _EYE_ASIDE
    height = up - _EYE_UP
    beard = looks.beard & (up < -0.2)
    lips = (aside < 0.11) & ((up + 0.275).abs() < 0.03)
    brow = (from_eye.abs() < 0.1) & ((height - 0.1).abs() < 0.025)
    white = (from_eye.abs() < 0.085) & (height.abs() < 0.045)
    iris = from_eye * from_eye + height * height < 0.045**2
    ring = from_eye * from_eye + height * height
    rim = looks.glasses & (ring > 0.1**2) & (ring < 0.14**2)
    face = torch.where(beard[:, None], looks.hair, skin)
    face = torch.where(lips[:, None], looks.second, face)
    face = torch.where(brow[:, None], looks.hair * 0.8, face)
    face = torch.where(white[:, None], torch.full_like(face, 0.9), face)
    face = torch.where(iris[:, None], torch.full_like(face, 0.06), face)
    return torch.where(rim[:, None], torch.full_like(face, 0.08), face)
