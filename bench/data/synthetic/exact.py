"""Random numbers and elementary functions whose bits depend on their inputs alone.

A vectorised ``torch.sin`` and its scalar tail may differ in the last bit, so a value would depend
on its place in a batch. Everything here is made of integer operations and of IEEE additions,
multiplications, divisions and square roots, which are exact wherever they run.
"""

import math
from typing import Self

import torch
from torch import Tensor

_MASK = 0xFFFFFFFF


def mix(values: Tensor) -> Tensor:
    """Scramble 32-bit numbers held in int64, one to one.

    Multipliers lie below 2^31, so that no product leaves int64.
    """
    values = values ^ (values >> 16)
    values = (values * 0x7FEB352D) & _MASK
    values = values ^ (values >> 15)
    values = (values * 0x45D9F3B) & _MASK
    return values ^ (values >> 16)


class Draws:
    """A stream of random numbers for each of B keys; the keys never see each other.

    Args:
        keys: [B] int64, 32 bits each.
    """

    def __init__(self, keys: Tensor) -> None:
        self.keys = keys
        self._used = 0

    @classmethod
    def of_scenes(cls, indices: Tensor, split: str, seed: int) -> Self:
        """Return the streams of scenes ``indices`` [B]; no two scenes of a seed share a key."""
        salt = mix(torch.tensor([seed & _MASK], device=indices.device))
        return cls(mix((indices * 2 + (split == "val")) & _MASK ^ salt))

    def apart(self, number: int) -> Self:
        """Return streams beside these; what is drawn from them moves nothing here."""
        return type(self)(mix(self.keys ^ mix(torch.full_like(self.keys, number))))

    def bits(self, *shape: int) -> Tensor:
        """Return int64 [B, *shape], each uniform on 32 bits."""
        count = math.prod(shape)
        places = torch.arange(self._used, self._used + count, device=self.keys.device)
        self._used += count
        scrambled = mix(self.keys[:, None] ^ mix(places + 0x1234567)[None])
        return mix((scrambled + places) & _MASK).reshape(len(self.keys), *shape)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Return float32 [B, *shape], uniform on [low, high)."""
        unit = (self.bits(*shape) >> 8).float() * 2.0**-24
        return unit * (high - low) + low

    def chance(self, share: float, *shape: int) -> Tensor:
        """Return bool [B, *shape], true with probability ``share``."""
        return self.uniform(*shape) < share

    def choice(self, count: int, *shape: int) -> Tensor:
        """Return int64 [B, *shape], uniform on 0..count-1."""
        return (self.bits(*shape) * count) >> 32

    def bell(self, *shape: int) -> Tensor:
        """Return float32 [B, *shape] of mean 0 and variance 1: a sum of four uniforms."""
        unit = self.uniform(*shape, 4)
        total = unit[..., 0] + unit[..., 1] + unit[..., 2] + unit[..., 3]
        return (total - 2.0) * math.sqrt(3.0)


def sine_cosine(angles: Tensor) -> tuple[Tensor, Tensor]:
    """Return (sin, cos) of radians, within 1e-6, by quadrants and Taylor polynomials."""
    quarter = torch.round(angles * (2.0 / math.pi))
    rest = angles - quarter * (math.pi / 2.0)
    square = rest * rest
    sine = rest * (1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72))))
    cosine = 1 - square / 2 * (1 - square / 12 * (1 - square / 30 * (1 - square / 56)))
    turn = quarter.long() & 3
    odd = (turn & 1).bool()
    sine, cosine = torch.where(odd, cosine, sine), torch.where(odd, sine, cosine)
    return (
        torch.where(turn >= 2, -sine, sine),
        torch.where((turn == 1) | (turn == 2), -cosine, cosine),
    )


def exponential(values: Tensor) -> Tensor:
    """Return e^x within 1e-4 of it for |x| < 4: a Taylor polynomial of x/16, squared 4 times."""
    small = values / 16
    power = 1 + small * (1 + small / 2 * (1 + small / 3 * (1 + small / 4 * (1 + small / 5))))
    for _ in range(4):
        power = power * power
    return power


def dot(first: Tensor, second: Tensor) -> Tensor:
    """Return the scalar product of vectors [..., 3], added in a fixed order."""
    product = first * second
    return product[..., 0] + product[..., 1] + product[..., 2]


def unit(vectors: Tensor) -> Tensor:
    """Return vectors [..., 3] at length 1."""
    return vectors / dot(vectors, vectors).clamp_min(1e-12).sqrt()[..., None]


def cross(first: Tensor, second: Tensor) -> Tensor:
    """Return the vector product of vectors [..., 3]."""
    ax, ay, az = first.unbind(-1)
    bx, by, bz = second.unbind(-1)
    return torch.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], -1)


def rotate(matrices: Tensor, vectors: Tensor) -> Tensor:
    """Return matrices [..., 3, 3] times vectors [..., 3], added in a fixed order."""
    product = matrices * vectors[..., None, :]
    return product[..., 0] + product[..., 1] + product[..., 2]


def compose(first: Tensor, second: Tensor) -> Tensor:
    """Return the matrix product of [..., 3, 3], added in a fixed order."""
    return (
        first[..., :, 0:1] * second[..., 0:1, :]
        + first[..., :, 1:2] * second[..., 1:2, :]
        + first[..., :, 2:3] * second[..., 2:3, :]
    )


def rotation(angles: Tensor) -> Tensor:
    """Return Rx(a) Rz(b) Ry(c) [..., 3, 3] of angles (a, b, c) [..., 3] in radians."""
    sines, cosines = sine_cosine(angles)
    sx, sz, sy = sines.unbind(-1)
    cx, cz, cy = cosines.unbind(-1)
    rows = [
        torch.stack([cz * cy, -sz, cz * sy], -1),
        torch.stack([cx * sz * cy + sx * sy, cx * cz, cx * sz * sy - sx * cy], -1),
        torch.stack([sx * sz * cy - cx * sy, sx * cz, sx * sz * sy + cx * cy], -1),
    ]
    return torch.stack(rows, -2)
