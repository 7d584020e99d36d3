"""A small data set whose pixels tell where they are."""

import torch

from bench.data.contract import Target
from models.skeleton import COCO17

JOINTS = len(COCO17)


class Coordinates:
    """Images whose red and green are the pixel's own x and y; two people in each but the last."""

    name = "coordinates"
    skeleton = COCO17
    digest = "coordinates"

    def __init__(self, sizes: list[tuple[int, int]]) -> None:
        self.sizes = sizes

    def __len__(self) -> int:
        return len(self.sizes)

    def size(self, index: int) -> tuple[int, int]:
        return self.sizes[index]

    def image(self, index: int) -> torch.Tensor:
        height, width = self.sizes[index]
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        return torch.stack([x, y, torch.full_like(x, 255)]).to(torch.uint8)

    def target(self, index: int) -> Target:
        height, width = self.sizes[index]
        people = 0 if index == len(self) - 1 else 2
        generator = torch.Generator().manual_seed(index)
        span = torch.tensor([width - 1, height - 1])
        place = torch.rand(people, JOINTS, 2, generator=generator) * span
        visibility = torch.full((people, JOINTS, 1), 2.0)
        visibility[:, 3] = 0
        return {
            "boxes": torch.cat([place.amin(dim=1), place.amax(dim=1)], dim=1),
            "labels": torch.ones(people, dtype=torch.int64),
            "keypoints": torch.cat([place * (visibility > 0), visibility], dim=-1),
            "area": torch.full((people,), 400.0),
            "iscrowd": torch.zeros(people, dtype=torch.int64),
            "image_id": 10 + index,
            "annotation_ids": torch.arange(people) + 10 * index + 1,
            "ignore": torch.tensor([[1.0, 2.0, 5.0, 6.0]]),
        }

    def __getitem__(self, index: int) -> tuple[torch.Tensor, Target]:
        return self.image(index), self.target(index)
