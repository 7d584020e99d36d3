"""A small detector_hourglass, and stand-ins for its halves that say what they are shown."""

import torch
from boxed_people import TINY, target
from torch import nn

from models import create_pipeline
from models.crops import PADDING, crop_detections
from models.skeleton import COCO17

CROP = 32
PERSON = {"name": "hourglass", "stacks": 1, "crop_size": CROP, "width": 8, "depth": 2}
#: By which boxes the single-person half may learn.
KINDS = ("truth", "detected", "proposals")
#: Somebody's.
BOX = [10, 10, 30, 50]


def tiny(skeleton=COCO17, **changed):
    torch.manual_seed(0)
    return create_pipeline("detector_hourglass", skeleton, **(TINY | {"person": PERSON} | changed))


class Fake(nn.Module):
    """A single-person half that remembers what it is taught and finds joints as it is told."""

    def __init__(self, find=None):
        super().__init__()
        self.find = find
        self.crops, self.taught = [], []

    def forward(self, crops, targets=None):
        self.crops.append(crops)
        if targets is not None:
            self.taught.append(torch.cat([one["keypoints"] for one in targets]))
            return {"fake": crops.sum() * 0}
        points = self.find(crops)
        return crop_detections(points, torch.full(points.shape[:2], 0.5), CROP)


def everywhere(*point):
    """A finder that puts all joints at one place of the crop."""
    return lambda crops: torch.tensor([[point]]).repeat(len(crops), 17, 1)


class FakeDetector(nn.Module):
    """Finds, and proposes, the same boxes in every image."""

    def __init__(self, boxes):
        super().__init__()
        self.boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)

    def forward(self, images, people=None):
        assert not self.training
        label, score = torch.ones(len(self.boxes)), torch.full((len(self.boxes),), 0.5)
        return [{"boxes": self.boxes, "labels": label, "scores": score} for _ in images]

    def proposals(self, images, number):
        assert not self.training
        return [self.boxes[:number] for _ in images]


def with_fakes(find=None, detector=None, **changed):
    model = tiny(**({"learns": "person"} | changed))
    model.person = Fake(find)
    if detector is not None:
        model.detector = FakeDetector(detector)
    return model.train()


def person(box, tag=0):
    """Somebody with a joint on each of two corners of a box; ``tag`` tells people apart."""
    one = target([box])
    one["keypoints"][0, 0, :2] = one["boxes"][0, :2]
    one["keypoints"][0, 1, :2] = one["boxes"][0, 2:]
    one["keypoints"][0, 2, 2] = tag
    return one


def exactly(*boxes):
    return torch.tensor(boxes, dtype=torch.float64)


def learnt_boxes(taught, box):
    """Return centre x, centre y and longer side of the box by which people were cut out.

    ``taught`` holds the corners of ``box`` in pixels of the crop; no other box is needed.
    """
    corners = taught[:, :2, :2].double()
    truth = torch.tensor(box, dtype=torch.float64).view(2, 2)
    scale = (corners[:, 1] - corners[:, 0]).mean(dim=1) / (truth[1] - truth[0]).mean()
    centre = truth[0] - (corners[:, 0] - (CROP - 1) / 2) / scale[:, None]
    return torch.cat([centre, (CROP / PADDING / scale)[:, None]], dim=1)
