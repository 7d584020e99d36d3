"""What people touch: the seats under them and the shadows at their feet."""

import torch
from torch import Tensor

from bench.data.synthetic.appearance import SEAT, SHADOW
from bench.data.synthetic.body import REFERENCE_HEIGHT, Assembly, Parts
from bench.data.synthetic.kinematics import Bodies, Build


def seats(bodies: Bodies, build: Build, ground: Tensor, seated: Tensor, kind: Tensor) -> Parts:
    """Return what the seated of N people sit on, [N, P]: stools, chairs with a back, blocks.

    Args:
        bodies, build: the people.
        ground: [N] metres, y of the ground in the body's frame.
        seated: [N] bool.
        kind: [N] 0 stool, 1 chair, 2 block.
    """
    scale = build.height / REFERENCE_HEIGHT
    assembly = Assembly(bodies, scale)
    # The seat is level: it turns with the body about the vertical alone.
    forward = bodies.frames["pelvis"][..., 2] * torch.tensor([1.0, 0, 1.0], device=scale.device)
    length = (forward[:, 0] * forward[:, 0] + forward[:, 2] * forward[:, 2]).sqrt().clamp_min(1e-3)
    forward = forward / length[:, None]
    left = torch.stack([forward[:, 2], forward[:, 1] * 0, -forward[:, 0]], -1)
    up = torch.tensor([0.0, 1.0, 0.0], device=scale.device)

    def at(sideways: float, height: Tensor | float, ahead: float) -> Tensor:
        rise = height[:, None] if isinstance(height, Tensor) else height * scale[:, None]
        offset = left * sideways * scale[:, None] + forward * ahead * scale[:, None]
        return offset + up * rise

    level = assembly.add
    level(
        at(-0.12, -0.15, 0.1),
        at(0.12, -0.15, 0.1),
        (0.16, 0.16),
        "pelvis",
        SEAT,
        depth=1.0,
        present=seated & (kind == 2),
    )
    for ahead in (-0.08, 0.05, 0.2):
        level(
            at(-0.19, -0.13, ahead),
            at(0.19, -0.13, ahead),
            (0.035, 0.035),
            "pelvis",
            SEAT,
            present=seated,
        )
    for sideways in (-0.19, 0.19):
        for ahead in (-0.1, 0.22):
            level(
                at(sideways, -0.13, ahead),
                at(sideways, ground, ahead),
                (0.025, 0.02),
                "pelvis",
                SEAT,
                present=seated & (kind < 2),
            )
        level(
            at(sideways, -0.13, -0.17),
            at(sideways, 0.4, -0.24),
            (0.025, 0.025),
            "pelvis",
            SEAT,
            present=seated & (kind == 1),
        )
    for height in (0.12, 0.36):
        level(
            at(-0.19, height, -0.22),
            at(0.19, height, -0.22),
            (0.035, 0.035),
            "pelvis",
            SEAT,
            present=seated & (kind == 1),
        )
    return assembly.parts()


def shadows(bodies: Bodies, ground: Tensor, scale: Tensor) -> Parts:
    """Return the dark spots [N, 3] on the ground under the feet and the pelvis of N people.

    Args:
        bodies: the people.
        ground: [N] metres, y of the ground in the body's frame.
        scale: [N] body height over that of the reference body.
    """
    up = torch.tensor([0.0, 1.0, 0.0], device=scale.device)
    level = 1 - up
    floor = up * ground[:, None]
    # Level even where one end stands above the other: the spot's axis must have a direction.
    aside = torch.tensor([0.02, 0.0, 0.0], device=scale.device)
    ones = torch.ones_like(scale)
    rows = []
    for start, end, radius in (
        ("left_heel", "left_toe", 0.13),
        ("right_heel", "right_toe", 0.13),
        ("pelvis", "thorax", 0.3),
    ):
        height = (bodies.joints[start][:, 1] - ground).clamp_min(0)
        rows.append((
            bodies.joints[start] * level + floor, bodies.joints[end] * level + floor + aside,
            radius * scale, radius * scale, ones * 0.08, up.expand(len(scale), 3),
            ones * SHADOW, ones * SHADOW, ones + 1, height < 1.2 * scale, ones.bool(),
        ))  # fmt: skip
    return Parts(*(torch.stack(column, 1) for column in zip(*rows, strict=True)))
