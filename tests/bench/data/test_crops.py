"""Crops and training batches over small data sets made here."""

import pytest
import torch

from bench.data.batches import augmented, drawn, training_batches
from bench.data.contract import Target
from bench.data.crops import PADDING, cut_crops
from bench.experiment import TrainSpec
from bench.problem import Problem
from models.geometry import transform_points
from models.skeleton import LSP14

JOINTS = len(LSP14)
SPEC = TrainSpec(
    steps=5,
    batch_size=4,
    learning_rate=1e-3,
    weight_decay=0.0,
    warmup=0.1,
    rotation=40.0,
    scale=1.3,
    shift=0.05,
    flip=True,
    device="cpu",
    precision="fp32",
)


class Coordinates:
    """Images whose red and green are the pixel's own x and y: a crop can be read back."""

    name = "coordinates"
    skeleton = LSP14
    digest = "coordinates"

    def __init__(self, boxes: list[list[float]], side: int = 200, joints: bool = True) -> None:
        self.boxes = [torch.tensor([box]) for box in boxes]
        self.side = side
        self.joints = joints

    def __len__(self) -> int:
        return len(self.boxes)

    def size(self, index: int) -> tuple[int, int]:
        return self.side, self.side

    def image(self, index: int) -> torch.Tensor:
        along = torch.arange(self.side)
        y, x = torch.meshgrid(along, along, indexing="ij")
        return torch.stack([x, y, torch.full_like(x, 255)]).to(torch.uint8)

    def target(self, index: int) -> Target:
        box = self.boxes[index]
        generator = torch.Generator().manual_seed(index)
        place = box[:, None, :2] + torch.rand(1, JOINTS, 2, generator=generator) * (
            box[:, None, 2:] - box[:, None, :2]
        )
        visibility = torch.full((1, JOINTS, 1), 2.0 if self.joints else 0.0)
        visibility[:, 3] = 0
        return {
            "boxes": box,
            "labels": torch.ones(1, dtype=torch.int64),
            "keypoints": torch.cat([place * (visibility > 0), visibility], dim=-1),
            "area": torch.tensor([500.0]),
            "iscrowd": torch.zeros(1, dtype=torch.int64),
            "image_id": 10 + index,
            "annotation_ids": torch.tensor([100 + index]),
        }

    def __getitem__(self, index: int) -> tuple[torch.Tensor, Target]:
        return self.image(index), self.target(index)


BOXES = [[40.0, 50.0, 90.0, 130.0], [60.5, 20.25, 159.0, 80.0], [5.0, 5.0, 30.0, 40.0]]


def test_joints_return_to_the_image_exactly():
    dataset = Coordinates(BOXES)
    crops = cut_crops(dataset, 64)
    back = transform_points(crops.crop_to_image, crops.keypoints[..., :2].double())
    for index in range(len(dataset)):
        truth = dataset.target(index)["keypoints"][0]
        annotated = truth[:, 2] > 0
        torch.testing.assert_close(
            back[index][annotated], truth[annotated, :2].double(), atol=1e-3, rtol=0
        )
        assert (crops.keypoints[index, ~annotated] == 0).all()


@pytest.mark.parametrize("size", [16, 64])  # 16 shrinks twice and more, and averages first
def test_pixels_come_from_where_the_affine_says(size):
    crops = cut_crops(Coordinates(BOXES), size)
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    pixels = torch.stack([x, y], dim=-1).view(1, -1, 2).double()
    source = transform_points(crops.crop_to_image, pixels.expand(3, -1, -1)).view(3, size, size, 2)
    inside = ((source > 3) & (source < 196)).all(dim=-1)
    read = crops.centre(slice(None))[:, :2].permute(0, 2, 3, 1).double()
    error = (read - source).abs().amax(dim=-1)
    assert inside.float().mean() > 0.7
    assert error[inside].max() <= 0.51  # rounding to whole grey values


def test_extent_and_identity_are_the_boxes_own():
    crops = cut_crops(Coordinates(BOXES), 64)
    torch.testing.assert_close(crops.extent, torch.tensor([80.0, 98.5, 35.0]))
    assert crops.image_id.tolist() == [10, 11, 12]
    assert crops.annotation_id.tolist() == [100, 101, 102]
    zoom = crops.crop_to_image[:, 0, 0]
    torch.testing.assert_close(zoom, crops.extent.double() * PADDING / 64)


def test_an_item_follows_the_contract():
    image, target = cut_crops(Coordinates(BOXES), 32)[1]
    assert image.shape == (3, 32, 32)
    assert image.dtype == torch.uint8
    assert target["keypoints"].shape == (1, JOINTS, 3)
    assert target["image_id"] == 11
    assert target["crop_to_image"].shape == (2, 3)


def test_nobody_annotated_is_a_problem():
    with pytest.raises(Problem, match="no person of 'coordinates' is annotated"):
        cut_crops(Coordinates(BOXES, joints=False), 32)


def test_augmented_joints_lie_on_the_same_pixels():
    crops = cut_crops(Coordinates([[60.0, 60.0, 140.0, 140.0]] * 16), 64)
    persons = torch.arange(16)
    images, targets = augmented(crops, persons, SPEC, torch.Generator().manual_seed(3))
    permutation = list(LSP14.flip_permutation)
    zoom = crops.crop_to_image[0]
    mirrored = 0
    for person, (image, target) in enumerate(zip(images, targets, strict=True)):
        # Which pixel of the image each joint lies on, read from the colours under it.
        joints = target["keypoints"][0]
        place = joints[:, :2].round().long().clamp(0, 63)
        read = image[:2, place[:, 1], place[:, 0]].T * 255
        truth = transform_points(zoom, crops.keypoints[person, :, :2].double()).float()
        swapped = truth[permutation]
        inside = (joints[:, :2] > 1).all(dim=1) & (joints[:, :2] < 62).all(dim=1)
        plain_ok = (read - truth)[inside & (crops.keypoints[person, :, 2] > 0)].abs() < 2.6
        swapped_ok = (read - swapped)[inside & (joints[:, 2] > 0)].abs() < 2.6
        assert plain_ok.all() or swapped_ok.all()  # within a rounded pixel, 1.6 image pixels
        mirrored += int(not plain_ok.all())
    assert 2 <= mirrored <= 14


def test_a_step_depends_on_seed_and_step_alone():
    crops = cut_crops(Coordinates(BOXES), 32)
    whole = list(training_batches(crops, SPEC, seed=7))
    resumed = list(training_batches(crops, SPEC, seed=7, start=3))
    assert len(whole) == 5
    for (images, targets), (again, targets_again) in zip(whole[3:], resumed, strict=True):
        assert torch.equal(images, again)
        assert torch.equal(targets[0]["keypoints"], targets_again[0]["keypoints"])
    other = next(training_batches(crops, SPEC, seed=8))
    assert not torch.equal(whole[0][0], other[0])


def test_shares_make_up_the_batch_that_one_process_has():
    crops = cut_crops(Coordinates(BOXES), 32)
    (images, targets), *_ = training_batches(crops, SPEC, seed=7)
    shares = [next(training_batches(crops, SPEC, 7, share=slice(at, at + 2))) for at in (0, 2)]
    assert torch.equal(torch.cat([share for share, _ in shares]), images)
    people = [target["keypoints"] for _, share in shares for target in share]
    expected = [target["keypoints"] for target in targets]
    assert torch.equal(torch.stack(people), torch.stack(expected))


@pytest.mark.parametrize(("count", "batch_size"), [(3, 4), (10, 4), (7, 7), (2, 9)])
def test_every_pass_sees_each_person_once(count, batch_size):
    steps = 3 * count
    order = torch.cat([drawn(count, batch_size, 5, step) for step in range(steps)])
    for start in range(0, len(order) - count + 1, count):
        assert sorted(order[start : start + count].tolist()) == list(range(count))
