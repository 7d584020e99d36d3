"""How people hold themselves: joint angles of an activity each, within the limits of human joints.

``bench.data.synthetic.activities`` says which angles a joint has.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from bench.data.synthetic.activities import ACTIVITIES
from bench.data.synthetic.exact import Draws, sine_cosine

JOINTS: Final = (
    *("root", "spine", "neck", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow"),
    *("left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee"),
    *("left_ankle", "right_ankle"),
)
_AXES: Final = ("flex", "bend", "twist")

# Ranges of motion (lowest, highest) for flexion, bend and twist: the normal ranges of the American
# Academy of Orthopaedic Surgeons, rounded; spine and neck are whole-column values.
_LIMITS: Final = {
    "spine": ((-25, 80), (-35, 35), (-40, 40)),
    "neck": ((-45, 45), (-40, 40), (-75, 75)),
    "shoulder": ((-55, 180), (-25, 180), (-70, 90)),
    "elbow": ((0, 150), (0, 0), (-80, 80)),
    "wrist": ((-60, 70), (-25, 20), (0, 0)),
    "hip": ((-30, 125), (-25, 50), (-40, 50)),
    "knee": ((0, 140), (0, 0), (0, 0)),
    "ankle": ((-50, 25), (-15, 15), (0, 0)),
}

# The relaxed stance that an activity departs from: uniform ranges of the three angles.
_STANCE: Final = {
    "root": ((-4, 4), (-3, 3), (0, 0)),
    "spine": ((-5, 10), (-7, 7), (-10, 10)),
    "neck": ((-12, 18), (-8, 8), (-40, 40)),
    "shoulder": ((-15, 20), (3, 20), (-20, 20)),
    "elbow": ((4, 40), (0, 0), (-20, 20)),
    "wrist": ((-10, 20), (-8, 8), (0, 0)),
    "hip": ((-5, 10), (0, 9), (0, 18)),
    "knee": ((0, 10), (0, 0), (0, 0)),
    "ankle": ((-4, 4), (0, 0), (0, 0)),
}


def _sides(joint: str) -> tuple[str, ...]:
    return (joint,) if joint in JOINTS else (f"left_{joint}", f"right_{joint}")


def _place(angle: str) -> list[tuple[int, int]]:
    joint, axis = angle.split(".")
    return [(JOINTS.index(side), _AXES.index(axis)) for side in _sides(joint)]


def _table(rows: Mapping[str, tuple[tuple[float, float], ...]], default: float) -> Tensor:
    table = torch.empty(len(JOINTS), 3, 2)
    table[..., 0], table[..., 1] = -default, default
    for joint, ranges in rows.items():
        for side in _sides(joint):
            table[JOINTS.index(side)] = torch.tensor(ranges, dtype=torch.float32)
    return table


#: [15, 3, 2] lowest and highest degrees of each angle; the root is free.
LIMITS: Final = _table(_LIMITS, 360.0)
MIRROR: Final = [
    JOINTS.index(name.replace("left", "RIGHT").replace("right", "left").replace("RIGHT", "right"))
    for name in JOINTS
]


def _activity_tables() -> tuple[Tensor, Tensor, Tensor]:
    """Return ranges [A, 15, 3, 2], swings [A, 15, 3, 2] and flags [A, 3] of all activities."""
    stance = _table(_STANCE, 0.0)
    ranges = stance.expand(len(ACTIVITIES), *stance.shape).clone()
    swings = torch.zeros_like(ranges)
    flags = torch.zeros(len(ACTIVITIES), 3)
    for row, activity in enumerate(ACTIVITIES.values()):
        for angle, limits in activity.ranges.items():
            for joint, axis in _place(angle):
                ranges[row, joint, axis] = torch.tensor(limits)
        for angle, (amplitude, phase) in activity.swings.items():
            for (joint, axis), delay in zip(_place(angle), (0.0, math.pi), strict=True):
                swings[row, joint, axis] = torch.tensor([amplitude, phase + delay])
        flags[row] = torch.tensor([activity.planted, activity.lift, activity.seat])
    return ranges, swings, flags


_RANGES, _SWINGS, _FLAGS = _activity_tables()
_SHARES = torch.tensor([activity.share for activity in ACTIVITIES.values()], dtype=torch.float64)
_CUMULATIVE = (_SHARES.cumsum(0) / _SHARES.sum()).float()


@dataclass(frozen=True)
class Poses:
    """Poses of B x N people.

    Attributes:
        angles: [B, N, 15, 3] degrees, inside ``LIMITS``.
        activity: [B, N] rows of ``ACTIVITIES``.
        lift: [B, N] share of the body height between the lowest point and the ground.
        seated: [B, N] bool.
    """

    angles: Tensor
    activity: Tensor
    lift: Tensor
    seated: Tensor


def sample_poses(draws: Draws, people: int) -> Poses:
    """Return the poses of ``people`` persons a scene."""
    device = draws.keys.device
    activity = torch.bucketize(draws.uniform(people), _CUMULATIVE.to(device), right=True)
    ranges, swings = _RANGES.to(device)[activity], _SWINGS.to(device)[activity]
    flags = _FLAGS.to(device)[activity]
    low, high = ranges.unbind(-1)
    angles = low + (high - low) * draws.uniform(people, len(JOINTS), 3)
    stride = draws.uniform(people, low=-math.pi, high=math.pi)[..., None, None]
    vigour = draws.uniform(people, low=0.5, high=1.15)[..., None, None]
    angles = angles + swings[..., 0] * vigour * sine_cosine(stride + swings[..., 1])[0]
    angles = torch.where(draws.chance(0.5, people)[..., None, None], angles[..., MIRROR, :], angles)
    angles = _clamped(_planted(_clamped(angles), flags[..., 0] > 0))
    lift = flags[..., 1] * draws.uniform(people)
    return Poses(angles, activity, lift, flags[..., 2] > 0)


def _clamped(angles: Tensor) -> Tensor:
    limits = LIMITS.to(angles.device)
    return torch.minimum(torch.maximum(angles, limits[..., 0]), limits[..., 1])


def _planted(angles: Tensor, planted: Tensor) -> Tensor:
    """Turn the ankles so that the soles are level: the rotations down the leg add up to zero."""
    hip, knee, ankle = (JOINTS.index(f"left_{name}") for name in ("hip", "knee", "ankle"))
    legs, knees, feet = slice(hip, hip + 2), slice(knee, knee + 2), slice(ankle, ankle + 2)
    pitch = angles[..., 0:1, 0] + angles[..., knees, 0] - angles[..., legs, 0]
    angles = angles.clone()
    levelled = angles[..., feet, 0] + pitch
    angles[..., feet, 0] = torch.where(planted[..., None], levelled, angles[..., feet, 0])
    return angles
