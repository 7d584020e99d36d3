"""From joint angles to joints: proportions of a body, and forward kinematics.

Bodies stand in a frame of their own, in metres: x to the person's left, y up, z forward.
"""

import math
from dataclasses import dataclass, fields
from typing import Final

import torch
from torch import Tensor

from bench.data.synthetic.exact import Draws, compose, exponential, rotate, rotation
from bench.data.synthetic.poses import JOINTS
from models.skeleton import CANONICAL

CHILD_SHARE: Final = 0.12

# Lengths as shares of the standing height: Winter, Biomechanics and Motor Control of Human
# Movement (2009), figure 4.1, after Drillis and Contini (1966); the split of the trunk is ours.
HIP_HEIGHT: Final = 0.530
THIGH: Final = 0.245
SHANK: Final = 0.246
UPPER_ARM: Final = 0.180
FOREARM: Final = 0.146
HAND: Final = 0.070  # wrist to knuckles' end; the fingers' tips are the part's round end
LOWER_TRUNK: Final = 0.115
UPPER_TRUNK: Final = 0.165
NECK: Final = 0.062
SHOULDER: Final = 0.106  # half the distance of the joints' centres
HIP: Final = 0.050
HEAD: Final = 0.130  # chin to crown
TOE: Final = 0.098  # ankle to the ball of the toes
SOLE: Final = 0.030  # ankle to sole, less the foot's radius

# Places on the head, in head heights from its middle: left, up, forward.
FACE: Final = {
    "nose": (0.0, -0.09, 0.42),
    "left_eye": (0.15, 0.03, 0.32),
    "left_ear": (0.335, -0.02, 0.0),
    "head_top": (0.0, 0.5, 0.0),
}


@dataclass(frozen=True)
class Build:
    """The proportions of N bodies; lengths in metres, the others factors around 1."""

    height: Tensor
    girth: Tensor
    shoulders: Tensor
    hips: Tensor
    head: Tensor
    legs: Tensor

    def __getitem__(self, chosen: Tensor) -> "Build":
        return Build(*(getattr(self, field.name)[chosen] for field in fields(self)))


def sample_build(draws: Draws, people: int) -> Build:
    """Return bodies [B, people] of children and adults, slight and stout."""
    child = draws.chance(CHILD_SHARE, people)
    age = draws.uniform(people)  # of a child: small to nearly grown
    height = torch.where(child, 1.05 + 0.45 * age, 1.71 + 0.09 * draws.bell(people))
    # A child of 1.05 m has a head about 1.3 times as large, relative to the height, as an adult.
    head = torch.where(child, 1.32 - 0.25 * age, 1.0 + 0.03 * draws.bell(people))
    girth = exponential(0.13 * draws.bell(people)).clamp(0.8, 1.35)
    shoulders = 1.0 + 0.06 * draws.bell(people)
    hips = 1.0 + 0.08 * draws.bell(people)
    legs = 1.0 + 0.025 * draws.bell(people)
    return Build(height.clamp(1.0, 2.05), girth, shoulders, hips, head, legs)


@dataclass(frozen=True)
class Bodies:
    """N posed bodies.

    Attributes:
        joints: named points [N, 3]; every joint of ``CANONICAL`` and those that shapes need.
        frames: named orientations [N, 3, 3], columns left, up (along the limb, towards the
            body's middle) and forward.
    """

    joints: dict[str, Tensor]
    frames: dict[str, Tensor]

    def table(self) -> Tensor:
        """Return the joints of ``CANONICAL``, [N, 21, 3]."""
        return torch.stack([self.joints[name] for name in CANONICAL.joints], 1)


# Signs that turn anatomical angles into rotations about x (left), z (forward) and y (up).
_UPWARD: Final = (1.0, 1.0, 1.0)
_LEFT_FORWARD: Final = (-1.0, 1.0, 1.0)
_RIGHT_FORWARD: Final = (-1.0, -1.0, -1.0)
_LEFT_BACKWARD: Final = (1.0, 1.0, 1.0)
_RIGHT_BACKWARD: Final = (1.0, -1.0, -1.0)
_SIGNS: Final = torch.tensor(
    [
        _UPWARD if joint in ("root", "spine", "neck")
        else (_LEFT_BACKWARD if joint.startswith("left") else _RIGHT_BACKWARD)
        if joint.endswith("knee")
        else (_LEFT_FORWARD if joint.startswith("left") else _RIGHT_FORWARD)
        for joint in JOINTS
    ]
)  # fmt: skip


def pose_bodies(build: Build, angles: Tensor, facing: Tensor) -> Bodies:
    """Return the bodies whose pelvis is at the origin.

    Args:
        build: N bodies.
        angles: [N, 15, 3] degrees, see ``poses``.
        facing: [N] radians by which the whole body is turned to its left.
    """
    radians = angles * (_SIGNS.to(angles.device) * (math.pi / 180))
    half = torch.tensor([0.5 if j in ("spine", "neck") else 1.0 for j in JOINTS])
    turns = rotation(radians * half.to(angles.device)[:, None])
    turn = dict(zip(JOINTS, turns.unbind(1), strict=True))
    yaw = torch.stack([facing * 0, facing * 0, facing], -1)

    frames: dict[str, Tensor] = {}
    frames["pelvis"] = compose(rotation(yaw), turn["root"])
    frames["waist"] = compose(frames["pelvis"], turn["spine"])
    frames["chest"] = compose(frames["waist"], turn["spine"])
    frames["neck"] = compose(frames["chest"], turn["neck"])
    frames["head"] = compose(frames["neck"], turn["neck"])
    for side in ("left", "right"):
        for parent, joint, child in (
            ("chest", "shoulder", "upper_arm"), (f"{side}_upper_arm", "elbow", "forearm"),
            (f"{side}_forearm", "wrist", "hand"), ("pelvis", "hip", "thigh"),
            (f"{side}_thigh", "knee", "shank"), (f"{side}_shank", "ankle", "foot"),
        ):  # fmt: skip
            frames[f"{side}_{child}"] = compose(frames[parent], turn[f"{side}_{joint}"])
    return Bodies(_joints(build, frames), frames)


def _joints(build: Build, frames: dict[str, Tensor]) -> dict[str, Tensor]:
    height = build.height

    def step(frame: str, left: Tensor, up: Tensor, forward: Tensor) -> Tensor:
        return rotate(frames[frame], torch.stack([left, up, forward], -1))

    zero = torch.zeros_like(height)
    joints = {"pelvis": torch.zeros_like(frames["pelvis"][..., 0])}
    joints["waist"] = step("pelvis", zero, LOWER_TRUNK * height, zero)
    joints["thorax"] = joints["waist"] + step("chest", zero, UPPER_TRUNK * height, zero)
    joints["neck"] = joints["thorax"] + step("neck", zero, NECK * height, 0.008 * height)
    size = HEAD * height * build.head
    joints["head"] = joints["neck"] + step("head", zero, 0.42 * size, 0.1 * size)
    for name, (left, up, forward) in FACE.items():
        for side, sign in (("left", 1), ("right", -1)):
            place = step("head", sign * left * size, up * size, forward * size)
            joints[name.replace("left", side)] = joints["head"] + place
    for side, sign in (("left", 1), ("right", -1)):
        shoulder = joints["thorax"] + step(
            "chest", sign * SHOULDER * height * build.shoulders, zero, zero
        )
        # A raised arm lifts its shoulder: the collar bone turns with it, by about 4 cm.
        raised = 1 - frames[f"{side}_upper_arm"][..., 1, 1]
        shoulder = shoulder + step("chest", zero, 0.011 * height * raised, zero)
        elbow = shoulder + step(f"{side}_upper_arm", zero, -UPPER_ARM * height, zero)
        wrist = elbow + step(f"{side}_forearm", zero, -FOREARM * height, zero)
        hand = wrist + step(f"{side}_hand", zero, -HAND * height, zero)
        hip = step("pelvis", sign * HIP * height * build.hips, zero, zero)
        knee = hip + step(f"{side}_thigh", zero, -THIGH * height * build.legs, zero)
        ankle = knee + step(f"{side}_shank", zero, -SHANK * height * build.legs, zero)
        toe = ankle + step(f"{side}_foot", zero, -SOLE * height, TOE * height)
        heel = ankle + step(f"{side}_foot", zero, -SOLE * height, -0.022 * height)
        named = {
            "shoulder": shoulder, "elbow": elbow, "wrist": wrist, "hand": hand,
            "hip": hip, "knee": knee, "ankle": ankle, "toe": toe, "heel": heel,
        }  # fmt: skip
        joints |= {f"{side}_{name}": point for name, point in named.items()}
    return joints
