"""Bodies and things as solid parts: tapered round cones, flattened where bodies are flat."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

import torch
from torch import Tensor

from bench.data.synthetic.appearance import (
    BAG,
    FACE_SKIN,
    HAIR,
    HAT,
    SHIRT,
    SHOES,
    SKIN,
    SKIRT,
    SLEEVE,
    TROUSERS,
    Wardrobe,
)  # fmt: skip
from bench.data.synthetic.exact import rotate
from bench.data.synthetic.kinematics import HEAD, Bodies, Build

# Radii in metres of a body of this height.
REFERENCE_HEIGHT: Final = 1.75


@dataclass(frozen=True)
class Parts:
    """Round cones: the hulls of a sphere at ``start`` and one at ``end``. [...] is any shape.

    Attributes:
        start, end: [..., 3] metres.
        start_radius, end_radius: [...] metres, across.
        depth: [...] radius along ``front`` relative to the radius across.
        front: [..., 3] the direction that the part faces; also fixes its texture.
        region, beyond: [...] what covers the part up to ``cut``, and beyond.
        cut: [...] share of the way from start to end where ``region`` ends.
        present: [...] bool.
        shadow: [...] bool: not a solid, but a soft dark spot behind all solids.
    """

    start: Tensor
    end: Tensor
    start_radius: Tensor
    end_radius: Tensor
    depth: Tensor
    front: Tensor
    region: Tensor
    beyond: Tensor
    cut: Tensor
    present: Tensor
    shadow: Tensor

    def map(self, change: Callable[[Tensor], Tensor]) -> "Parts":
        """Return the parts with every field changed alike."""
        return Parts(*(change(getattr(self, field.name)) for field in fields(self)))

    def joined(self, other: "Parts") -> "Parts":
        """Return both, one after the other."""
        return Parts(
            *(torch.cat([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self))
        )


class Assembly:
    """Collects the parts of N bodies, whose reference body is scaled by ``scale`` [N]."""

    def __init__(self, bodies: Bodies, scale: Tensor) -> None:
        self.bodies = bodies
        self.scale = scale
        self.rows: list[tuple[Tensor, ...]] = []

    def at(self, joint: str, frame: str, left: float, up: float, forward: float) -> Tensor:
        """Return a point beside ``joint``, metres of the reference body."""
        offset = torch.tensor([left, up, forward], device=self.scale.device)
        return self.bodies.joints[joint] + rotate(
            self.bodies.frames[frame], offset * self.scale[:, None]
        )

    def add(
        self, start: Tensor, end: Tensor, radii: tuple[float, float], frame: str,
        region: int | Tensor, *, width: Tensor | float = 1.0, depth: float = 1.0,
        cut: Tensor | float = 2.0, beyond: int = SKIN, present: Tensor | None = None,
    ) -> None:  # fmt: skip
        """Add one part to every body; ``radii`` are metres of the reference body."""
        ones = torch.ones_like(self.scale)
        across = self.scale * width
        forward = self.bodies.frames[frame][..., 2]
        self.rows.append((
            start, end, radii[0] * across, radii[1] * across, ones * depth, forward,
            ones * region, ones * beyond, ones * cut,
            ones.bool() if present is None else present, ones < 0,
        ))  # fmt: skip

    def parts(self) -> Parts:
        """Return all parts, [N, P]."""
        return Parts(*(torch.stack(column, 1) for column in zip(*self.rows, strict=True)))


def assemble(build: Build, bodies: Bodies, wardrobe: Wardrobe) -> Parts:
    """Return the parts of N dressed bodies, [N, P]; the same P for everybody."""
    scale = build.height / REFERENCE_HEIGHT
    assembly = Assembly(bodies, scale)
    _head(assembly, build, wardrobe)
    _trunk(assembly, build, wardrobe)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        _arm(assembly, build, wardrobe, side)
        _leg(assembly, build, wardrobe, side, sign)
    return assembly.parts()


def _head(assembly: Assembly, build: Build, wardrobe: Wardrobe) -> None:
    # Radii and offsets below are in head heights.
    size = HEAD * build.height * build.head
    skull = Assembly(assembly.bodies, size)

    def at(left: float, up: float, forward: float) -> Tensor:
        return skull.at("head", "head", left, up, forward)

    skull.add(at(0, -0.25, 0.03), at(0, 0.13, -0.02), (0.22, 0.335), "head", FACE_SKIN, depth=1.2)
    skull.add(at(0, 0.02, 0.31), at(0, -0.09, 0.36), (0.03, 0.06), "head", SKIN)
    for sign in (1, -1):
        skull.add(at(0.325 * sign, 0.03, -0.02), at(0.315 * sign, -0.07, 0), (0.07, 0.045), "head",
                  SKIN)  # fmt: skip
    style = wardrobe.hair_style
    skull.add(at(0, 0.1, -0.1), at(0, 0.165, -0.07), (0.36, 0.36), "head", HAIR,
              depth=1.15, present=style > 0)  # fmt: skip
    skull.add(at(0, 0.05, -0.16), at(0, -0.22, -0.17), (0.33, 0.27), "head", HAIR,
              depth=0.9, present=style >= 2)  # fmt: skip
    for sign in (1, -1):
        skull.add(at(0.25 * sign, 0.1, -0.08), at(0.25 * sign, -0.55, -0.14), (0.13, 0.12), "head",
                  HAIR, present=style == 3)  # fmt: skip
    skull.add(at(0, -0.1, -0.25), at(0, -0.62, -0.25), (0.22, 0.17), "head", HAIR, depth=0.7,
              present=style == 3)  # fmt: skip
    skull.add(at(0, 0.1, -0.45), at(0, -0.45, -0.52), (0.13, 0.06), "head", HAIR,
              present=style == 4)  # fmt: skip
    skull.add(at(0, 0.36, -0.34), at(0, 0.38, -0.36), (0.16, 0.16), "head", HAIR,
              present=style == 5)  # fmt: skip
    hat = wardrobe.hat
    skull.add(at(0, 0.17, -0.04), at(0, 0.22, -0.04), (0.37, 0.35), "head", HAT, depth=1.17,
              present=hat > 0)  # fmt: skip
    skull.add(at(0, 0.17, 0.3), at(0, 0.15, 0.48), (0.26, 0.22), "head", HAT, depth=0.0,
              present=hat == 1)  # fmt: skip
    assembly.rows += skull.rows
    assembly.add(assembly.at("thorax", "neck", 0, -0.01, -0.01),
                 assembly.at("neck", "neck", 0, 0.03, -0.005), (0.062, 0.054), "neck", SKIN,
                 width=build.girth)  # fmt: skip


def _trunk(assembly: Assembly, build: Build, wardrobe: Wardrobe) -> None:
    girth, ease = build.girth, wardrobe.ease
    at = assembly.at
    wide = girth * ease
    assembly.add(
        at("waist", "waist", 0, 0.02, 0),
        at("thorax", "chest", 0, -0.12, 0.0),
        (0.126, 0.153),
        "chest",
        SHIRT,
        width=wide * build.shoulders,
        depth=0.66,
    )
    assembly.add(
        at("pelvis", "pelvis", 0, 0.06, 0.0),
        at("waist", "waist", 0, 0.03, 0.005),
        (0.137, 0.125),
        "waist",
        SHIRT,
        width=wide,
        depth=0.72,
    )
    for sign in (1, -1):
        side = "left" if sign > 0 else "right"
        assembly.add(
            at("thorax", "chest", 0.035 * sign, 0.0, -0.01),
            assembly.bodies.joints[f"{side}_shoulder"],
            (0.058, 0.058),
            "chest",
            SHIRT,
            width=wide,
        )
        assembly.add(
            at("thorax", "chest", 0.1 * sign, -0.1, 0.022),
            at("thorax", "chest", 0.075 * sign, -0.16, 0.028),
            (0.07, 0.06),
            "chest",
            SHIRT,
            width=wide,
        )
    bottom = torch.where(wardrobe.skirt, SKIRT, TROUSERS)
    left, right = (assembly.bodies.joints[f"{side}_hip"] for side in ("left", "right"))
    assembly.add(left, right, (0.102, 0.102), "pelvis", bottom, width=wide, depth=1.05)
    assembly.add(
        at("pelvis", "pelvis", 0, 0.03, -0.01),
        at("pelvis", "pelvis", 0, 0.05, -0.01),
        (0.14, 0.14),
        "pelvis",
        bottom,
        width=wide,
        depth=0.78,
    )
    hips, knees = (
        0.5 * (assembly.bodies.joints[f"left_{name}"] + assembly.bodies.joints[f"right_{name}"])
        for name in ("hip", "knee")
    )
    hem = hips + (knees - hips) * wardrobe.hem[:, None]
    assembly.add(
        at("pelvis", "pelvis", 0, 0.03, 0),
        hem,
        (0.12, 0.125),
        "pelvis",
        SKIRT,
        width=girth,
        present=wardrobe.skirt,
    )
    assembly.add(at("thorax", "chest", 0, -0.08, -0.17), at("waist", "chest", 0, 0.06, -0.17),
                 (0.11, 0.13), "chest", BAG, depth=0.7, present=wardrobe.bag)  # fmt: skip


def _arm(assembly: Assembly, build: Build, wardrobe: Wardrobe, side: str) -> None:
    girth = build.girth
    joints = assembly.bodies.joints
    shoulder, elbow, wrist = (joints[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist"))
    sleeve = wardrobe.sleeve
    loose = torch.where(sleeve > 1, wardrobe.ease, torch.ones_like(girth))
    assembly.add(
        shoulder,
        elbow,
        (0.058, 0.042),
        f"{side}_upper_arm",
        SLEEVE,
        width=girth * wardrobe.ease,
        cut=sleeve,
    )
    assembly.add(
        elbow, wrist, (0.042, 0.029), f"{side}_forearm", SLEEVE, width=girth * loose, cut=sleeve - 1
    )
    hand = joints[f"{side}_hand"]
    assembly.add(wrist, hand, (0.032, 0.03), f"{side}_hand", SKIN, depth=0.6)
    thumb = assembly.at(f"{side}_wrist", f"{side}_hand", 0, -0.075, 0.045)
    assembly.add(wrist, thumb, (0.02, 0.013), f"{side}_hand", SKIN)


def _leg(assembly: Assembly, build: Build, wardrobe: Wardrobe, side: str, sign: float) -> None:
    joints = assembly.bodies.joints
    hip, knee, ankle = (joints[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))
    width, leg = build.girth, wardrobe.trouser
    loose = torch.where(leg > 1, wardrobe.ease, torch.ones_like(width))
    hem = hip + (knee - hip) * wardrobe.hem[:, None]
    inner = assembly.at(f"{side}_hip", "pelvis", -0.02 * sign, 0.02, 0)
    assembly.add(
        inner, hem, (0.115, 0.125), f"{side}_thigh", SKIRT, width=width, present=wardrobe.skirt
    )
    assembly.add(
        hip, knee, (0.092, 0.06), f"{side}_thigh", TROUSERS, width=width * wardrobe.ease, cut=leg
    )
    assembly.add(
        knee, ankle, (0.057, 0.038), f"{side}_shank", TROUSERS, width=width * loose, cut=leg - 1
    )
    calf = assembly.at(f"{side}_knee", f"{side}_shank", 0, -0.09, -0.018)
    below = assembly.at(f"{side}_knee", f"{side}_shank", 0, -0.22, -0.012)
    assembly.add(
        calf,
        below,
        (0.05, 0.041),
        f"{side}_shank",
        TROUSERS,
        width=width * loose,
        cut=(leg - 1) * 3 - 0.6,
    )
    heel, toe = joints[f"{side}_heel"], joints[f"{side}_toe"]
    assembly.add(heel, toe, (0.042, 0.036), f"{side}_foot", SHOES)
    assembly.add(ankle, heel, (0.042, 0.04), f"{side}_foot", SHOES)
