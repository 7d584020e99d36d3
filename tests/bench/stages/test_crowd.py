"""So many people in an image, each in a place of its own."""

import pytest
import torch

from bench.stages.crowd import crowd
from models.skeleton import COCO17


@pytest.mark.parametrize("people", [1, 2, 7, 50])
def test_people_fill_the_image_and_stay_in_it(people: int) -> None:
    target = crowd(people, COCO17, 300, 400)
    assert target["keypoints"].shape == (people, 17, 3)
    assert (target["keypoints"][..., 2] == 2).all()
    points = target["keypoints"][..., :2]
    assert (points >= 0).all()
    assert (points <= torch.tensor([400, 300])).all()
    # Nobody stands in front of another: no joint comes near another's of the same name.
    apart = torch.cdist(points.transpose(0, 1), points.transpose(0, 1))
    height = target["boxes"][:, 3] - target["boxes"][:, 1]
    assert (apart + torch.eye(people) * 1e6).amin() > 0.25 * height.amin()
    # They are about thrice as high as broad: one alone, as high as the image, takes a fourth of it.
    share = (height**2 / 3).sum() / (300 * 400)
    assert 0.1 < share < 1


def test_the_unit_of_length_is_free() -> None:
    one, other = crowd(5, COCO17, 1.0, 2.0), crowd(5, COCO17, 100.0, 200.0)
    torch.testing.assert_close(100 * one["boxes"], other["boxes"])


def test_nobody_is_a_crowd_too() -> None:
    target = crowd(0, COCO17, 30, 40)
    assert target["boxes"].shape == (0, 4)
    assert target["keypoints"].shape == (0, 17, 3)
