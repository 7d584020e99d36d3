"""Cutting people's crops out of images, and sampling augmented training batches from them."""

from typing import Any

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from bench.data.batches import augmented
from bench.data.crops import cut_crops
from bench.experiment import TrainSpec
from models.skeleton import COCO17

torch.set_num_threads(1)
IMAGES, SIZE, CROP, BATCH = 16, 128, 64, 32
TRAIN = TrainSpec(1, BATCH, 1e-3, 0.0, 0.0, 30.0, 1.25, 0.1, True, "cpu", "fp32")


class NoisePeople:
    """Images of noise with two people each, in memory."""

    name, skeleton, digest = "noise", COCO17, ""

    def __init__(self) -> None:
        draws = torch.Generator().manual_seed(0)
        shape = (IMAGES, 3, SIZE, SIZE)
        self.images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=draws)
        corners = torch.rand(IMAGES, 2, 2, generator=draws) * SIZE / 4
        sides = (0.2 + 0.5 * torch.rand(IMAGES, 2, 2, generator=draws)) * SIZE
        self.boxes = torch.cat([corners, corners + sides], dim=-1)
        inside = torch.rand(IMAGES, 2, len(COCO17), 2, generator=draws)
        points = corners.unsqueeze(2) + inside * sides.unsqueeze(2)
        self.keypoints = torch.cat([points, torch.full_like(points[..., :1], 2.0)], dim=-1)

    def __len__(self) -> int:
        return IMAGES

    def image(self, index: int) -> torch.Tensor:
        return self.images[index]

    def size(self, index: int) -> tuple[int, int]:
        return SIZE, SIZE

    def target(self, index: int) -> dict[str, Any]:
        return {
            "boxes": self.boxes[index],
            "labels": torch.ones(2, dtype=torch.int64),
            "keypoints": self.keypoints[index],
            "area": torch.full((2,), 1000.0),
            "iscrowd": torch.zeros(2, dtype=torch.int64),
            "image_id": index + 1,
            "annotation_ids": torch.tensor([2 * index + 1, 2 * index + 2]),
        }

    def __getitem__(self, index: int) -> tuple[torch.Tensor, dict[str, Any]]:
        return self.image(index), self.target(index)


@pytest.fixture(scope="module")
def people() -> NoisePeople:
    return NoisePeople()


def test_cut_crops(benchmark: BenchmarkFixture, people: NoisePeople) -> None:
    assert len(benchmark(cut_crops, people, CROP)) == 2 * IMAGES


def test_sample_crops(benchmark: BenchmarkFixture, people: NoisePeople) -> None:
    crops = cut_crops(people, CROP)
    persons = torch.arange(BATCH)
    generator = torch.Generator().manual_seed(0)
    images, targets = benchmark(augmented, crops, persons, TRAIN, generator)
    assert images.shape == (BATCH, 3, CROP, CROP)
    assert len(targets) == BATCH
