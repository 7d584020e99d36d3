"""The crops of detector_hourglass: people cut out of images, and their joints put back."""

import pytest
import torch
from boxed_people import target
from hypothesis import given, settings
from hypothesis import strategies as st
from top_down_fakes import CROP, everywhere, with_fakes

from bench.data.crops import cut_crops
from models.crops import PADDING, cut_people
from models.geometry import square_crop
from models.skeleton import COCO17


def test_joints_come_back_to_where_they_were_taught():
    model = with_fakes()
    images = [torch.rand(3, 64, 64), torch.rand(3, 200, 90), torch.rand(3, 31, 47)]
    boxes = [[5, 6, 30, 50], [0, 0, 80, 190], [3.3, 4.4, 12.5, 9.9]]
    people = [target([box]) for box in boxes]
    for one, box in zip(people, boxes, strict=True):
        one["keypoints"][..., :2] = torch.rand(1, 17, 2) * (torch.tensor(box[2:]) + 5)
    model(images, people)
    [taught] = model.person.taught
    model.person.find = lambda crops: taught[..., :2]
    for one, truth in zip(model.eval()(images, people), people, strict=True):
        torch.testing.assert_close(one["keypoints"][..., :2], truth["keypoints"][..., :2])


@pytest.fixture(scope="module")
def in_the_corner():
    """Finds all joints at the outer corner of the crop's first pixel."""
    return with_fakes(everywhere(-0.5, -0.5)).eval()


coordinate = st.floats(-1e4, 1e4, width=32)


@settings(max_examples=50, deadline=None)
@given(boxes=st.lists(st.tuples(*[coordinate] * 4), max_size=4))
def test_the_crops_corner_is_the_padded_boxs_corner(in_the_corner, boxes):
    """For any box: of no area, outside of the image, or with its sides in the wrong order."""
    people = target(boxes)
    in_the_corner.person.crops.clear()
    [found] = in_the_corner([torch.rand(3, 40, 50)], [people])
    box = people["boxes"].double()
    side = (box[:, 2:] - box[:, :2]).amax(dim=1, keepdim=True).clamp(min=1)
    corner = (box[:, :2] + box[:, 2:]) / 2 - side * PADDING / 2
    expected = corner.float()[:, None].expand(-1, 17, -1)
    torch.testing.assert_close(found["keypoints"][..., :2], expected, rtol=1e-6, atol=1e-4)
    assert torch.equal(found["boxes"], people["boxes"])
    assert all(torch.isfinite(crops).all() for crops in in_the_corner.person.crops)


def brightness_centre(crops):
    """The centre of all light in each crop."""
    light = crops.sum(dim=1).double()
    along = torch.arange(CROP, dtype=torch.float64)
    total = light.sum(dim=(1, 2))
    x, y = (light.sum(dim=1) * along).sum(dim=1), (light.sum(dim=2) * along).sum(dim=1)
    return (torch.stack([x, y], dim=-1) / total[:, None]).float()[:, None].repeat(1, 17, 1)


# Crops that magnify, that keep the size, and that shrink by factors of 2, 3 and 7.
@pytest.mark.parametrize("side", [10, 28, 60, 90, 200])
def test_pixels_land_where_the_joints_say(side):
    rows, columns = torch.meshgrid(torch.arange(260.0), torch.arange(240.0), indexing="ij")
    spots = torch.tensor([[100.3, 110.6], [120.0, 90.0]])
    sigma = side / 10
    images = torch.stack(
        [torch.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2)) for x, y in spots]
    )
    offset = torch.tensor([0.1, -0.07]) * side
    boxes = torch.cat([spots + offset - side / 2, spots + offset + side / 2], dim=1)
    model = with_fakes(brightness_centre).eval()
    found = model(images[:, None].repeat(1, 3, 1, 1), [{"boxes": box[None]} for box in boxes])
    for one, spot in zip(found, spots, strict=True):
        error = (one["keypoints"][0, 0, :2] - spot).abs().max()
        assert error < 0.02 * side / CROP  # a fiftieth of the crop's pixel


class OneImage:
    """A data set of one image."""

    name, skeleton = "one", COCO17

    def __init__(self, image, people):
        self._image = image
        self._target = people | {
            "image_id": 1,
            "area": torch.ones(len(people["boxes"])),
            "annotation_ids": torch.arange(len(people["boxes"])),
        }

    def __len__(self):
        return 1

    def image(self, index):
        return self._image

    def target(self, index):
        return self._target


def test_crops_are_those_that_single_person_pipelines_are_trained_on():
    image = torch.randint(0, 256, (3, 150, 130), dtype=torch.uint8)
    people = target([[10, 10, 30, 50], [-9, 20, 100, 149], [0, 0, 129, 149], [120, 100, 129, 149]])
    crops = cut_crops(OneImage(image, people), CROP)
    model = with_fakes(everywhere(0.0, 0.0)).eval()
    model([image.float() / 255], [people])
    [ours] = model.person.crops
    theirs = crops.centre(slice(None)).float() / 255
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0.51 / 255)  # theirs are rounded


def test_an_image_gives_the_same_crops_in_any_company():
    torch.manual_seed(0)
    images = [torch.rand(3, 120, 70), torch.rand(3, 33, 201), torch.rand(3, 64, 64)]
    boxes = [[[5, 5, 60, 119], [50, 90, 69, 119]], [[10, 0, 124, 32], [0, 0, 20, 29]], []]
    model = with_fakes(everywhere(0.0, 0.0)).eval()
    model(images, [target(one) for one in boxes])
    [crops] = model.person.crops
    model.person.crops.clear()
    for image, one in zip(images[:2], boxes, strict=False):
        model(image[None], [target(one)])
    # The warp rounds places in the batch that an image is in.
    torch.testing.assert_close(crops, torch.cat(model.person.crops), rtol=0, atol=1e-4)


def test_under_autocast_crops_and_places_keep_their_precision():
    image = torch.rand(1, 3, 700, 900)
    people = [target([[600.3, 400.7, 871.1, 650.9], [601, 401, 630, 444]])]
    model = with_fakes(everywhere(10.3, 20.7)).eval()
    [plain] = model(image, people)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        [half] = model(image, people)
    first, second = model.person.crops
    assert torch.equal(first, second)
    assert torch.equal(plain["keypoints"], half["keypoints"])


def test_an_enormous_box_costs_no_memory():
    crops = cut_people(
        torch.ones(1, 3, 20, 30), torch.zeros(1, dtype=torch.int64),
        square_crop(torch.tensor([[-1e7, -1e7, 1e7, 1e7]]).double(), CROP, PADDING), CROP,
    )  # fmt: skip
    assert crops.isfinite().all()
