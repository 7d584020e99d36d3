"""Truth from what was rendered: boxes, visibilities, areas, occlusion and crowding."""

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from bench.data.synthetic.kinematics import HEAD
from bench.data.synthetic.render import NEAR, Hits
from bench.data.synthetic.scenes import Scenes
from models.skeleton import CANONICAL, COCO17

#: A person whose mask has fewer pixels, or with fewer COCO joints in the image, has no labels.
LEAST_AREA: Final = 24.0
LEAST_JOINTS: Final = 3

# Metres of the reference body between a joint's centre and the farthest skin or cloth over it:
# whatever is nearer to the camera than that is another part of the body.
_FLESH: Final = {
    "nose": 0.06, "eye": 0.07, "ear": 0.08, "shoulder": 0.13, "elbow": 0.09, "wrist": 0.075,
    "hip": 0.20, "knee": 0.12, "ankle": 0.10, "neck": 0.13, "head_top": 0.11, "pelvis": 0.24,
    "thorax": 0.20,
}  # fmt: skip
# Metres: the radius of the disc around a joint whose hidden share is its occlusion.
_DISC: Final = 0.06
_RINGS: Final = ((0.0, 1), (0.5, 6), (1.0, 12))


@dataclass(frozen=True)
class Annotations:
    """The people of B scenes, N in all, in the order of ``Scenes``.

    Attributes:
        boxes: [N, 4] pixels, the outline of the person's mask; NaN-free, zero where nothing shows.
        joints: [N, 21, 3] x, y and visibility of every joint of ``CANONICAL``.
        area: [N] square pixels of the mask.
        head_boxes: [N, 4] the whole head, hidden or not.
        occlusion: [N, 21] share of a disc about the joint that is hidden or out of the image.
        crowding: [N] share of the person's box that others' boxes cover.
    """

    boxes: Tensor
    joints: Tensor
    area: Tensor
    head_boxes: Tensor
    occlusion: Tensor
    crowding: Tensor


def person_map(scenes: Scenes, hits: Hits) -> Tensor:
    """Return [B, S, S] the row of the person whom each sample shows, -1 for anything else."""
    people = torch.cat([scenes.part_people, scenes.part_people.new_full((1,), -1)])
    return people[hits.part]  # part -1 reads the last


def annotate(scenes: Scenes, hits: Hits) -> Annotations:
    """Return the truth about everybody in the scenes."""
    people = person_map(scenes, hits)
    boxes, area = _outlines(people, scenes)
    pixels = scenes.view.project(scenes.joints, scenes.scenes)
    hidden = _hidden(scenes, hits, people, pixels[:, :, None])[..., 0]
    inside = ((pixels >= -0.5) & (pixels < scenes.view.size - 0.5)).all(-1)
    inside &= scenes.joints[..., 2] > NEAR
    visibility = torch.where(inside, torch.where(hidden, 1.0, 2.0), 0.0)
    coco = [CANONICAL.joints.index(name) for name in COCO17.joints]
    labelled = (inside[:, coco].sum(1) >= LEAST_JOINTS) & (area >= LEAST_AREA)
    visibility = visibility * labelled[:, None]
    joints = torch.cat([pixels, visibility[..., None]], -1)
    joints = torch.where(visibility[..., None] > 0, joints, 0.0)
    return Annotations(
        boxes, joints, area, _head_boxes(scenes), _occlusion(scenes, hits, people, pixels),
        crowding(boxes, scenes.scenes),
    )  # fmt: skip


def _outlines(people: Tensor, scenes: Scenes) -> tuple[Tensor, Tensor]:
    """Return boxes [N, 4] and areas [N] of the masks in ``people`` [B, S, S]."""
    view = scenes.view
    number = len(scenes.scenes)
    _, row, column = torch.nonzero(people >= 0, as_tuple=True)
    owner = people[people >= 0]
    count = torch.zeros(number, dtype=torch.long, device=owner.device)
    count = count.scatter_add(0, owner, torch.ones_like(owner))
    edges = []
    for place in (column, row):
        least = torch.full((number,), view.samples, dtype=torch.long, device=owner.device)
        most = torch.full((number,), -1, dtype=torch.long, device=owner.device)
        edges.append(
            (
                least.scatter_reduce(0, owner, place, "amin"),
                most.scatter_reduce(0, owner, place, "amax") + 1,
            )
        )
    (left, right), (top, bottom) = edges
    # A sample covers a square: the first begins half a pixel before the first pixel's centre.
    boxes = torch.stack([left, top, right, bottom], 1).float() / view.oversample - 0.5
    boxes = torch.where((count > 0)[:, None], boxes, 0.0)
    return boxes, count.float() / view.oversample**2


def _hidden(scenes: Scenes, hits: Hits, people: Tensor, pixels: Tensor) -> Tensor:
    """Return bool [N, K, D]: whether something stands before joints K at ``pixels`` [N, K, D, 2].

    Another thing or person hides a joint where it is nearer than the joint; the person's own body
    does so where it is nearer than the joint's own flesh reaches. Outside the image is hidden.
    """
    view = scenes.view
    place = view.to_samples(pixels).round()
    inside = ((place >= 0) & (place < view.samples)).all(-1)
    place = place.clamp(0, view.samples - 1).long()
    scene = scenes.scenes[:, None, None].expand(inside.shape)
    depth = hits.depth[scene, place[..., 1], place[..., 0]]
    shown = people[scene, place[..., 1], place[..., 0]]
    own = shown == torch.arange(len(scenes.scenes), device=shown.device)[:, None, None]
    flesh = [_FLESH[name.removeprefix("left_").removeprefix("right_")] for name in CANONICAL.joints]
    reach = torch.tensor(flesh, device=depth.device) * scenes.scale[:, None]
    joint = scenes.joints[..., 2]
    before = torch.where(own, depth < (joint - reach)[..., None], depth < joint[..., None])
    return before | ~inside


def _occlusion(scenes: Scenes, hits: Hits, people: Tensor, pixels: Tensor) -> Tensor:
    offsets = [
        (ring * math.cos(2 * math.pi * step / steps), ring * math.sin(2 * math.pi * step / steps))
        for ring, steps in _RINGS
        for step in range(steps)
    ]
    disc = torch.tensor(offsets, device=pixels.device)
    radius = _DISC * scenes.scale * scenes.view.focal[scenes.scenes]
    radius = radius[:, None] / scenes.joints[..., 2].clamp_min(NEAR)
    points = pixels[:, :, None] + radius[..., None, None] * disc
    hidden = _hidden(scenes, hits, people, points)
    return hidden.sum(-1).float() / len(offsets)


def _head_boxes(scenes: Scenes) -> Tensor:
    """Return [N, 4] pixels around the skull: a ball of one head height about the head's middle."""
    joints, view = scenes.joints, scenes.view
    crown = joints[:, CANONICAL.joints.index("head_top")]
    ears = [CANONICAL.joints.index(f"{side}_ear") for side in ("left", "right")]
    middle = 0.5 * (joints[:, ears[0]] + joints[:, ears[1]])
    points = torch.stack([crown, 2 * middle - crown, *(joints[:, ear] for ear in ears)], 1)
    pixels = view.project(points, scenes.scenes)
    width = 0.35 * HEAD * 1.75 * scenes.scale * view.focal[scenes.scenes]
    width = width / middle[:, 2].clamp_min(NEAR)
    centre = 0.5 * (pixels.amin(1) + pixels.amax(1))
    half = torch.maximum(0.5 * (pixels.amax(1) - pixels.amin(1)), width[:, None])
    return torch.cat([centre - half, centre + half], 1)


def crowding(boxes: Tensor, scenes: Tensor) -> Tensor:
    """Return [N] the share of each box [N, 4] that the other boxes of its scene cover.

    All edges cut the box into cells, each covered wholly or not at all. Edges are multiples of
    half a pixel, so the sums are exact in any order. ``scenes`` [N] is in order.
    """
    most = int(torch.bincount(scenes).max()) if len(scenes) else 1
    shifts = [shift for shift in range(1 - most, most) if shift]
    empty = boxes[:, [0, 1, 0, 1]]
    others = torch.stack([
        torch.where((scenes == scenes.roll(shift))[:, None], boxes.roll(shift, 0), empty)
        for shift in shifts
    ] or [empty], 1)  # fmt: skip
    others = torch.minimum(torch.maximum(others, empty[:, None]), boxes[:, None, [2, 3, 2, 3]])
    widths, covers = [], []
    for low, high in ((0, 2), (1, 3)):
        ends = torch.cat([boxes[:, [low, high]], others[:, :, low], others[:, :, high]], 1)
        ends = ends.sort(1).values
        middle = ((ends[:, 1:] + ends[:, :-1]) / 2)[:, None]
        widths.append(ends.diff(dim=1))
        covers.append((middle > others[:, :, low, None]) & (middle < others[:, :, high, None]))
    covered = (covers[0][:, :, :, None] & covers[1][:, :, None, :]).any(1)
    cells = widths[0][:, :, None] * widths[1][:, None, :]
    return (cells * covered).flatten(1).sum(1) / cells.flatten(1).sum(1).clamp_min(0.25)
