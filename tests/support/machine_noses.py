"""A data set of MPII's joints, one that marks noses too, and a model that finds them."""

import torch
from torch import Tensor

from bench.data.contract import Target
from models.skeleton import CANONICAL, MPII16, Skeleton

SIDE = 100
NOSE = CANONICAL.joints.index("nose")


def places(people: int, image: int) -> Tensor:
    """Return every joint of everybody, ``[people, 21, 2]``; people stand apart."""
    draws = torch.Generator().manual_seed(image)
    spots = torch.rand(people, len(CANONICAL), 2, generator=draws) * 16
    return spots + torch.tensor([[10.0 + 40 * person, 10.0] for person in range(people)])[:, None]


class People:
    """Images of two people each; the first one's left knee is not marked.

    Args:
        images: how many.
        skeleton: of the joints that are marked.
    """

    name, digest = "people", "people"

    def __init__(self, images: int, skeleton: Skeleton = MPII16) -> None:
        self.images, self.skeleton = images, skeleton

    def __len__(self) -> int:
        return self.images

    def image(self, index: int) -> Tensor:
        return torch.zeros(3, SIDE, SIDE, dtype=torch.uint8)

    def size(self, index: int) -> tuple[int, int]:
        return SIDE, SIDE

    def target(self, index: int) -> Target:
        own = [CANONICAL.joints.index(name) for name in self.skeleton.joints]
        points = places(2, index)[:, own]
        keypoints = torch.cat([points, torch.full((2, len(own), 1), 2.0)], dim=-1)
        keypoints[0, self.skeleton.joints.index("left_knee")] = 0
        boxes = torch.cat([points.amin(1), points.amax(1)], dim=1)
        return {
            "boxes": boxes,
            "labels": torch.ones(2, dtype=torch.int64),
            "keypoints": keypoints,
            "area": torch.full((2,), 256.0),
            "iscrowd": torch.zeros(2, dtype=torch.int64),
            "image_id": index + 1,
            "annotation_ids": torch.tensor([2 * index + 1, 2 * index + 2]),
            # 0.6 x the diagonal of 6 x 8: heads of 6 pixels.
            "head_boxes": torch.tensor([[0.0, 0.0, 6.0, 8.0]]).repeat(2, 1),
        }

    def __getitem__(self, index: int) -> tuple[Tensor, Target]:
        return self.image(index), self.target(index)


def poses(
    image: int, off: float = 0.0, score: float = 1.0, order: tuple[int, ...] = (0, 1)
) -> list[dict[str, object]]:
    """Return COCO results: everybody's every joint, but for noses exactly where they are.

    Args:
        image: position in the data set.
        off: pixels by which noses are too far to the right.
        score: of every joint.
        order: of the people.
    """
    found = []
    for person in order:
        joints = torch.cat([places(2, image)[person], torch.full((21, 1), score)], dim=-1)
        joints[NOSE, 0] += off
        found.append(
            {
                "image_id": image + 1,
                "category_id": 1,
                "score": score,
                "keypoints": joints.flatten().tolist(),
            }
        )
    return found
