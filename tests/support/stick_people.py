"""Stick people, drawn as heatmaps and part affinity fields."""

import numpy as np
import torch

from models.grouping import GroupingOptions, People

HEIGHT, WIDTH = 46, 82
SIGMA, HALF_WIDTH = 7 / 8, 1.0  # of the paper's 7 and 8 pixels at stride 8
# The 18 joints of the paper's network: nose, neck, right arm, left arm, right leg, left leg, right
# and left eye, right and left ear. Upright, height 1, neck at (0, 0).
BODY = np.fromstring(
    "0 -.13  0 0  -.11 .01  -.14 .19  -.15 .35  .11 .01  .14 .19  .15 .35  -.07 .31  -.08 .53  "
    "-.08 .75  .07 .31  .08 .53  .08 .75  -.025 -.16  .025 -.16  -.055 -.14  .055 -.14",
    sep=" ",
).reshape(-1, 2)
ENDS = "1-2 1-5 2-3 3-4 5-6 6-7 1-8 8-9 9-10 1-11 11-12 12-13 1-0 0-14 14-16 0-15 15-17 2-16 5-17"
LIMBS = [
    (int(source), int(target)) for source, target in (ends.split("-") for ends in ENDS.split())
]
JOINTS = len(BODY)
PAIR = GroupingOptions(min_parts=2)


def stick_people(count: int, seed: int = 0) -> np.ndarray:
    """People in cells of a jittered grid, each as large as its cell allows: ``[count, 18, 2]``."""
    draws = np.random.default_rng(seed)
    columns = int(np.ceil(np.sqrt(count * WIDTH / HEIGHT * 1.9)))
    rows = int(np.ceil(count / max(1, columns)))
    wide, high = (WIDTH - 3) / max(1, columns), (HEIGHT - 3) / max(1, rows)
    people = []
    for place in draws.permutation(columns * rows)[:count]:
        row, column = divmod(int(place), columns)
        body = BODY + draws.normal(0, 0.012, BODY.shape) - (0, 0.295)
        body *= min(0.9 * high, wide / 0.42) * draws.uniform(0.85, 1)
        centre = ((column + 0.5) * wide + 1, (row + 0.5) * high + 1)
        people.append(body + centre + draws.uniform(-0.2, 0.2, 2))
    return np.array(people).reshape(-1, JOINTS, 2)


def draw(people: np.ndarray, limbs=LIMBS) -> tuple[torch.Tensor, torch.Tensor]:
    """Heatmaps and fields of one image; joints that are not a number are absent."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float64)
    heatmaps = np.zeros((people.shape[1], HEIGHT, WIDTH))
    fields = np.zeros((len(limbs), 2, HEIGHT, WIDTH))
    covered = np.zeros((len(limbs), HEIGHT, WIDTH))
    for person in people:
        for joint, (x, y) in enumerate(person):
            distance = (columns - x) ** 2 + (rows - y) ** 2
            heatmaps[joint] = np.fmax(heatmaps[joint], np.exp(-distance / (2 * SIGMA**2)))
        for limb, (source, target) in enumerate(limbs):
            way = person[target] - person[source]
            length = np.hypot(*way)
            if not length > 0:
                continue
            unit = way / length
            x, y = columns - person[source, 0], rows - person[source, 1]
            along = np.clip(x * unit[0] + y * unit[1], 0, length)
            near = np.hypot(x - along * unit[0], y - along * unit[1]) <= HALF_WIDTH
            fields[limb] += unit[:, None, None] * near
            covered[limb] += near
    fields /= np.maximum(covered, 1)[:, None]
    flat = fields.reshape(2 * len(limbs), HEIGHT, WIDTH)
    return torch.from_numpy(heatmaps).float()[None], torch.from_numpy(flat).float()[None]


def as_set(people: People) -> np.ndarray:
    """The people, sorted by their joints, so that their order does not count."""
    flat = people.keypoints.flatten(1).numpy()
    return flat[np.lexsort(flat.round(3).T)]


def assert_same(found: People, expected: People) -> None:
    assert len(found.scores) == len(expected.scores)
    np.testing.assert_allclose(as_set(found), as_set(expected), atol=1e-4)
    np.testing.assert_allclose(found.scores.sort().values, expected.scores.sort().values, atol=1e-4)
