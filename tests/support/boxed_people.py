"""Small region-based networks, and people to put before them."""

import torch

SIZE = 64
#: A detector small enough for many tests.
TINY = {
    "backbone": "resnet18", "frozen_norms": False, "min_size": SIZE, "max_size": SIZE,
    "anchor_sizes": (8, 16, 32, 64, 128), "pyramid_width": 8, "box_width": 16,
}  # fmt: skip


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def target(boxes, joints=17, **more):
    """People whose joints are all at their boxes' middles."""
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    keypoints = torch.cat([middle, torch.full((len(boxes), 1), 2.0)], dim=1)
    return {
        "boxes": boxes,
        "labels": torch.ones(len(boxes), dtype=torch.int64),
        "keypoints": keypoints[:, None].repeat(1, joints, 1),
        "iscrowd": torch.zeros(len(boxes), dtype=torch.int64),
    } | more
