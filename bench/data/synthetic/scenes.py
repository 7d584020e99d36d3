"""Scenes: who stands where before which camera, and what else is about."""

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from bench.data.synthetic.appearance import sample_wardrobe
from bench.data.synthetic.body import REFERENCE_HEIGHT, Parts, assemble
from bench.data.synthetic.exact import (
    Draws,
    compose,
    exponential,
    rotate,
    rotation,
    sine_cosine,
    unit,
)  # fmt: skip
from bench.data.synthetic.factors import SceneFactors
from bench.data.synthetic.framing import (
    sample_cuts,
    sample_framing,
    shift_into_view,
    shift_over_edge,
)
from bench.data.synthetic.kinematics import pose_bodies, sample_build
from bench.data.synthetic.poses import sample_poses
from bench.data.synthetic.render import View
from bench.data.synthetic.shade import Light, Surfaces, dress
from bench.data.synthetic.supports import seats, shadows
from bench.data.synthetic.things import sample_things

_SHOULDER_BREADTH: Final = 0.45  # metres


@dataclass(frozen=True)
class Scenes:
    """B scenes in camera coordinates, with N people and P parts in all.

    Attributes:
        joints: [N, 21, 3] metres, every joint of ``CANONICAL``.
        scenes: [N] the people's scenes, in order.
        parts: [P] flat; part_scenes: [P]; part_people: [P] row of the person, -1 for things.
        surfaces: [P].
        scale: [N] body height over that of the reference body.
    """

    view: View
    light: Light
    joints: Tensor
    scenes: Tensor
    scale: Tensor
    parts: Parts
    part_scenes: Tensor
    part_people: Tensor
    surfaces: Surfaces


def sample_scenes(draws: Draws, size: int, oversample: int, factors: SceneFactors) -> Scenes:
    """Return the scenes of B streams."""
    most = factors.people[1]
    device = draws.keys.device
    # Squared, few people are more common than many, as in photographs.
    rank = draws.uniform() ** 2 * (most - factors.people[0] + 1)
    count = rank.long().clamp_max(most - factors.people[0]) + factors.people[0]
    present = torch.arange(most, device=device) < count[:, None]
    build, wardrobe = sample_build(draws, most), sample_wardrobe(draws, most)
    poses = sample_poses(draws, most)
    facing = _facing(draws, most)
    focal = size * draws.uniform(low=0.95, high=1.9)
    view = View(focal, size, oversample)
    depth, across = _layout(draws, count, focal, size, factors)
    camera, pitch = _camera(draws, factors)
    light = _light(draws, camera)
    margin, push = sample_framing(draws, most)
    cut = sample_cuts(draws, most, factors)

    # From here on people are flat, [N]: absent ones cost nothing.
    scenes = torch.nonzero(present)[:, 0]
    build, wardrobe = build[present], wardrobe[present]
    bodies = pose_bodies(build, poses.angles[present], facing[present])
    body_parts = assemble(build, bodies, wardrobe)
    lowest = _lowest(body_parts)
    ground = lowest - poses.lift[present] * build.height
    seated = poses.seated[present]
    stools = seats(bodies, build, ground, seated, wardrobe.seat)

    place = _placed(depth[present], across[present], -ground, view, scenes, camera, pitch)
    turn = camera[scenes]
    joints = rotate(turn[:, None], bodies.table()) + place[:, None]
    shift = shift_into_view(joints, view, scenes, margin[present] * size, push[present] * size)
    joints, place = joints + shift[:, None], place + shift
    shift = shift_over_edge(joints, view, scenes, cut[present])
    joints, place = joints + shift[:, None], place + shift

    people = torch.arange(len(scenes), device=device)
    groups = []
    nobody = torch.full_like(people, -1)
    spots = shadows(bodies, ground, build.height / REFERENCE_HEIGHT)
    for parts, owner in ((body_parts, people), (stools, nobody), (spots, nobody)):
        groups.append((
            _in_camera(parts, turn, place),
            dress(parts, wardrobe),
            scenes[:, None].expand(parts.cut.shape).flatten(),
            owner[:, None].expand(parts.cut.shape).flatten(),
        ))  # fmt: skip
    things, looks, thing_scenes = sample_things(draws, view, depth, across, present, factors)
    groups.append((things, looks, thing_scenes, torch.full_like(thing_scenes, -1)))
    return _gathered(groups, view, light, joints, scenes, build.height / REFERENCE_HEIGHT)


def _gathered(
    groups: list[tuple[Parts, Surfaces, Tensor, Tensor]], view: View, light: Light,
    joints: Tensor, scenes: Tensor, scale: Tensor,
) -> Scenes:  # fmt: skip
    parts, surfaces, part_scenes, part_people = groups[0]
    for more_parts, more_surfaces, more_scenes, more_people in groups[1:]:
        parts = parts.joined(more_parts)
        surfaces = surfaces.joined(more_surfaces)
        part_scenes = torch.cat([part_scenes, more_scenes])
        part_people = torch.cat([part_people, more_people])
    # Only parts that exist, scene by scene: ties between parts then never depend on the batch.
    kept = torch.nonzero(parts.present)[:, 0]
    order = kept[torch.argsort(part_scenes[kept], stable=True)]
    return Scenes(
        view, light, joints, scenes, scale, parts.map(lambda values: values[order]),
        part_scenes[order], part_people[order], surfaces[order],
    )  # fmt: skip


def _facing(draws: Draws, people: int) -> Tensor:
    """Return radians [B, people]: two people of three look about towards the camera."""
    around = draws.uniform(people, low=-math.pi, high=math.pi)
    return torch.where(draws.chance(0.6, people), around * 0.25, around)


def _layout(
    draws: Draws, count: Tensor, focal: Tensor, size: int, factors: SceneFactors
) -> tuple[Tensor, Tensor]:
    """Return depth [B, M] in metres and place across the image [B, M] in pixels."""
    most = factors.people[1]
    low, high = (math.log(bound) for bound in factors.height)
    crowded = draws.chance(factors.crowded)
    tallest = exponential(draws.uniform(low=low, high=high))
    # People who stand apart need the width: at most 1.2 images of 0.45 heights each.
    apart = torch.minimum(tallest, 2.6 / count)
    tallest = torch.where(crowded, tallest, apart.clamp_min(factors.height[0]))
    spread = math.log(factors.height_spread)
    sizes = tallest[:, None] * exponential(draws.uniform(most, low=-spread, high=spread))
    sizes = sizes.clamp(*factors.height) * size
    depth = focal[:, None] * REFERENCE_HEIGHT / sizes
    rank = torch.argsort(draws.uniform(most), dim=1, stable=True)
    middle = (count - 1)[:, None] / 2
    slots = torch.arange(most, device=count.device) + draws.uniform(most, low=0.2, high=0.8)
    across_apart = slots / count[:, None] * size
    # A group: nearly one depth, but never the same, or bodies would melt into each other.
    near = focal * REFERENCE_HEIGHT / (tallest * size)
    grouped = (
        near[:, None] * (1 + factors.group_depth * rank) * draws.uniform(most, low=0.97, high=1.03)
    )
    breadth = _SHOULDER_BREADTH * focal[:, None] / grouped
    width = factors.group_width * draws.uniform(1, low=0.35, high=1.0)
    beside = (torch.arange(most, device=count.device) - middle) * width
    centre = draws.uniform(1, low=0.3, high=0.7) * size
    across_grouped = centre + breadth * (beside + 0.25 * draws.bell(most))
    chosen = crowded[:, None]
    return torch.where(chosen, grouped, depth), torch.where(chosen, across_grouped, across_apart)


def _camera(draws: Draws, factors: SceneFactors) -> tuple[Tensor, Tensor]:
    """Return rotations [B, 3, 3] from upright bodies to the camera, and its pitch [B]."""
    pitch = draws.uniform(low=-0.12, high=0.42)
    roll = draws.uniform(low=-factors.roll, high=factors.roll)
    sine, cosine = sine_cosine(pitch)
    zero, one = torch.zeros_like(sine), torch.ones_like(sine)
    # Columns: where the body's left, up and forward (towards the camera) appear.
    rows = [
        torch.stack([one, zero, zero], -1),
        torch.stack([zero, -cosine, sine], -1),
        torch.stack([zero, -sine, -cosine], -1),
    ]
    turn = rotation(torch.stack([zero, roll, zero], -1))
    return compose(turn, torch.stack(rows, -2)), pitch


def _light(draws: Draws, camera: Tensor) -> Light:
    place = draws.uniform(3, low=-1.0, high=1.0)
    height = draws.uniform(low=0.25, high=1.2)
    upward = torch.stack([place[:, 0], height, place[:, 1] * 0.6 + 0.35], -1)
    warmth = draws.uniform(1, low=-1.0, high=1.0) * 0.1
    tint = torch.tensor([1.0, 0.0, -1.0], device=place.device) * warmth
    lamp = draws.uniform(1, low=0.15, high=0.85) * (1 + tint)
    sky = draws.uniform(1, low=0.55, high=0.9) * (1 - 0.6 * tint)
    return Light(unit(rotate(camera, upward)), lamp, sky, camera[:, :, 1], sky * 0.75 + lamp * 0.5)


def _lowest(parts: Parts) -> Tensor:
    """Return the lowest y [N] of parts [N, P]."""
    start = parts.start[..., 1] - parts.start_radius
    end = parts.end[..., 1] - parts.end_radius
    low = torch.minimum(start, end).masked_fill(~parts.present, torch.inf)
    return low.amin(1)


def _placed(
    depth: Tensor, across: Tensor, pelvis: Tensor, view: View, scenes: Tensor, camera: Tensor,
    pitch: Tensor,
) -> Tensor:  # fmt: skip
    """Return the pelvis [N, 3] of people who stand on one plane, ``pelvis`` [N] metres above it."""
    sine, cosine = (values[scenes] for values in sine_cosine(pitch))
    # The plane passes below the optical axis at 4 m by nearly a metre, where people's middles are.
    eye = 4.0 * sine + 0.9 * cosine
    below = (eye - depth * sine) / cosine
    aside = (across - view.centre) * depth / view.focal[scenes]
    ground = torch.stack([aside, below, depth], -1)
    return ground + camera[scenes][:, :, 1] * pelvis[:, None]


def _in_camera(parts: Parts, turn: Tensor, place: Tensor) -> Parts:
    """Return parts [N, P] turned and placed, flattened to [N * P]."""
    moved = Parts(
        rotate(turn[:, None], parts.start) + place[:, None],
        rotate(turn[:, None], parts.end) + place[:, None],
        parts.start_radius, parts.end_radius, parts.depth, rotate(turn[:, None], parts.front),
        parts.region, parts.beyond, parts.cut, parts.present, parts.shadow,
    )  # fmt: skip
    return moved.map(lambda values: values.flatten(0, 1))
