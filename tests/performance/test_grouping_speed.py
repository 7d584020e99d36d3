"""Grouping, from fields to people, by the number of people.

To beat, in ms an image of 46 x 82 cells with 1, 5, 20 and 50 people, single-threaded on a shared
processor: trt_pose (C++) 0.28, 0.25, 0.49 and 2.74 (it finds 48 of the 50); lightweight-openpose
(Python) 34, 36, 54 and 105.
"""

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from models.grouping import group_people

torch.set_num_threads(1)
HEIGHT, WIDTH = 46, 82
SIGMA, HALF_WIDTH = 7 / 8, 1.0  # of the paper's 7 and 8 pixels at stride 8
# The 18 joints of the paper's network, upright, height 1, neck at (0, 0): the middle, and one side
# of which the other is the mirror image.
MIDDLE = [(0.0, -0.13), (0.0, 0.0)]
SIDE = [(0.11, 0.01), (0.14, 0.19), (0.15, 0.35), (0.07, 0.31), (0.08, 0.53), (0.08, 0.75)]
FACE = [(0.025, -0.16), (0.055, -0.14)]


def _body() -> tuple[torch.Tensor, list[tuple[int, int]]]:
    """Nose and neck, then right and left: shoulder, elbow, wrist, hip, knee, ankle, eye, ear."""
    half = torch.tensor(SIDE + FACE)
    body = torch.cat([torch.tensor(MIDDLE), half * torch.tensor([-1, 1]), half])
    limbs = [(1, 0)]
    for first in (2, 2 + len(half)):
        limbs += [(1, first), (1, first + 3), (0, first + 6)]
        limbs += [
            (first + a, first + b) for a, b in [(0, 1), (1, 2), (3, 4), (4, 5), (6, 7), (0, 7)]
        ]
    return body, limbs


def _draw(count: int) -> tuple[torch.Tensor, torch.Tensor, list[tuple[int, int]]]:
    """Return clean fields of people on a jittered grid, as large as they fit."""
    body, limbs = _body()
    draws = torch.Generator().manual_seed(count)
    columns = int((count * WIDTH / HEIGHT * 1.9) ** 0.5) + 1
    lines = -(-count // columns)
    wide, high = (WIDTH - 3) / columns, (HEIGHT - 3) / lines
    places = torch.randperm(columns * lines, generator=draws)[:count]
    centres = torch.stack(
        [(places % columns + 0.5) * wide, (places // columns + 0.5) * high], dim=1
    )
    size = min(0.9 * high, wide / 0.42) * (1 - 0.15 * torch.rand(count, 1, 1, generator=draws))
    pose = body + 0.012 * torch.randn(count, *body.shape, generator=draws)
    people = (pose - torch.tensor([0, 0.295])) * size + centres.unsqueeze(1) + 1

    rows, across = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    cells = torch.stack([across, rows]).float()
    distance = (cells - people[..., None, None]).norm(dim=2)
    heatmaps = torch.exp(-(distance**2) / (2 * SIGMA**2)).amax(dim=0)
    fields = torch.zeros(len(limbs), 2, HEIGHT, WIDTH)
    for limb, (source, target) in enumerate(limbs):
        way = people[:, target] - people[:, source]
        length = way.norm(dim=1).view(-1, 1, 1, 1)
        unit = way.view(-1, 2, 1, 1) / length
        offset = cells - people[:, source, :, None, None]
        along = (offset * unit).sum(dim=1, keepdim=True).clamp_min(0).minimum(length)
        near = (offset - along * unit).norm(dim=1, keepdim=True) <= HALF_WIDTH
        fields[limb] = (near * unit).sum(dim=0) / near.sum(dim=0).clamp_min(1)
    return heatmaps.unsqueeze(0), fields.flatten(0, 1).unsqueeze(0), limbs


@pytest.mark.parametrize("count", [1, 5, 20, 50, 200])
def test_group_people(benchmark: BenchmarkFixture, count: int) -> None:
    (people,) = benchmark(group_people, *_draw(count))
    assert len(people.scores) == count
    assert (people.keypoints[..., 2] > 0).all()


def test_group_a_batch(benchmark: BenchmarkFixture) -> None:
    heatmaps, fields, limbs = _draw(5)
    many = benchmark(group_people, heatmaps.repeat(16, 1, 1, 1), fields.repeat(16, 1, 1, 1), limbs)
    assert [len(people.scores) for people in many] == [5] * 16
