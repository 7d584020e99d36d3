"""Detector and single-person network: crops there and back, both halves, and what they learn by."""

import copy

import pytest
import torch
from boxed_people import SIZE, TINY, parameters, target
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from bench.data.crops import cut_crops
from models import RegistryError, create_pipeline
from models.crops import PADDING, crop_detections, cut_people, jitter_boxes
from models.geometry import square_crop
from models.skeleton import COCO17, LSP14, MPII16
from models.torchvision_ops import load_torchvision

CROP = 32
PERSON = {"name": "hourglass", "stacks": 1, "crop_size": CROP, "width": 8, "depth": 2}
# All proposals are kept and all are used, so that the detector's losses draw no lots.
NO_LOTS = {
    "rpn_nms_thresh": 1.0, "rpn_batch_size_per_image": 10_000, "box_batch_size_per_image": 10_000,
}  # fmt: skip
KINDS = ("truth", "detected", "proposals")


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


def together(*people):
    return {name: torch.cat([one[name] for one in people]) for name in people[0]}


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


# What is built


def test_the_default_is_the_papers_two_networks():
    with torch.device("meta"):  # takes neither memory nor time
        model = create_pipeline("detector_hourglass", MPII16)
    load_torchvision()
    from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights

    # The released detector tells 91 classes apart, at 1024 features a score and four offsets each.
    released = FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta["num_params"]
    assert parameters(model.detector) == released - (91 - 2) * 5 * (1024 + 1)
    assert parameters(model.person) == 25_434_112  # PAPER.md: 8 stacks, 16 outputs
    assert parameters(model) == parameters(model.detector) + parameters(model.person)


def test_the_default_detector_is_torchvisions_network():
    load_torchvision()
    from torchvision.models.detection import fasterrcnn_resnet50_fpn

    with torch.device("meta"):
        # Without trained weights torchvision has batch norms that learn.
        ours = create_pipeline(
            "detector_hourglass", COCO17, frozen_norms=False, min_size=800, person=PERSON
        ).detector.network
        theirs = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=2)
    assert str(ours) == str(theirs)
    assert ours.rpn.anchor_generator.sizes == theirs.rpn.anchor_generator.sizes
    assert ours.rpn.anchor_generator.aspect_ratios == theirs.rpn.anchor_generator.aspect_ratios
    assert ours.roi_heads.box_roi_pool.canonical_scale == 224
    shapes = {name: value.shape for name, value in ours.state_dict().items()}
    assert shapes == {name: value.shape for name, value in theirs.state_dict().items()}


@pytest.mark.parametrize(
    "half",
    [
        {"name": "hourglass", "stacks": 2, "crop_size": 32, "width": 8, "depth": 2},
        {"name": "single_person", "block": "ioi", "depth": 1, "width": 8, "stages": 1,
         "crop_size": 48},
        {"name": "mean_pose", "crop_size": 64},
    ],
)  # fmt: skip
def test_any_pipeline_of_crops_can_be_the_single_person_half(half):
    arguments = {name: value for name, value in half.items() if name != "name"}
    alone = create_pipeline(half["name"], LSP14, **arguments)
    model = tiny(LSP14, person=half, learns="person")
    model.person.load_state_dict(alone.state_dict())
    images, people = torch.rand(2, 3, SIZE, SIZE), [target([[8, 8, 40, 60]], joints=14)] * 2
    losses = model(images, people)
    assert losses.keys() == alone(torch.rand(2, 3, *[half["crop_size"]] * 2), people).keys()
    found = model.eval()(images, people)
    assert [one["keypoints"].shape for one in found] == [(1, 14, 3)] * 2


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"boxes": "guessed"}, ValueError, "truth, detected, proposals, not 'guessed'"),
        ({"learns": "nothing"}, ValueError, "both, detector, person, not 'nothing'"),
        ({"person": {"name": "hourglass", "stacks": 1}}, ValueError, "crop_size"),
        ({"person": {"crop_size": 32}}, ValueError, "name"),
        ({"person": {"name": "hourglas", "crop_size": 32}}, RegistryError, "'hourglass'"),
        ({"backbone": "vgg"}, ValueError, "resnet18"),
    ],
)
def test_what_cannot_be_built_is_refused(changed, error, message):
    with pytest.raises(error, match=message):
        tiny(**changed)


# Crops there and back


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


# Detections


@pytest.mark.parametrize(("threshold", "number"), [(2.0, 0), (0.0, 500)])
def test_nobody_and_a_crowd_are_found(threshold, number):
    model = tiny(
        LSP14, box_score_thresh=threshold, box_nms_thresh=1.0, box_detections_per_img=500,
        rpn_nms_thresh=1.0,
    ).eval()  # fmt: skip
    images = [torch.rand(3, SIZE, SIZE), torch.rand(3, 48, SIZE)]
    with torch.no_grad():
        found = model(images)
        boxes = model.detector(images)
        again = model(images, boxes)
    for one, seen, given_boxes in zip(found, boxes, again, strict=True):
        assert one["boxes"].shape == (number, 4)
        assert one["labels"].tolist() == [1] * number
        assert one["keypoints"].shape == (number, 14, 3)
        assert one["keypoints_scores"].shape == (number, 14)
        assert torch.equal(one["boxes"], seen["boxes"])
        torch.testing.assert_close(given_boxes["keypoints"], one["keypoints"], rtol=0, atol=1e-2)
        mean = one["keypoints_scores"].mean(dim=1)
        torch.testing.assert_close(given_boxes["scores"], mean)
        torch.testing.assert_close(one["scores"], seen["scores"] * mean)
        assert one["boxes"].numel() == 0 or one["boxes"].min() >= -0.5


def test_everybody_of_a_crowd_is_found_as_if_alone():
    """More boxes than one forward pass takes."""
    model = tiny().eval()
    images = torch.rand(2, 3, SIZE, SIZE)
    corner = torch.rand(150, 2) * 40
    boxes = torch.cat([corner, corner + 5 + torch.rand(150, 2) * 20], dim=1)
    with torch.no_grad():
        _, found = model(images, [{"boxes": boxes[:30]}, {"boxes": boxes}])
        for index in (0, 33, 34, 64, 149):
            [alone] = model(images[1:], [{"boxes": boxes[index, None]}])
            torch.testing.assert_close(
                alone["keypoints"][0], found["keypoints"][index], rtol=0, atol=1e-2
            )


def test_crowds_are_not_looked_at_in_evaluation():
    people = target(
        [[1, 2, 20, 30], [0, 0, 60, 60], [30, 5, 50, 60]], iscrowd=torch.tensor([0, 1, 0])
    )
    [found] = tiny().eval()(torch.rand(1, 3, SIZE, SIZE), [people])
    assert torch.equal(found["boxes"], people["boxes"][[0, 2]])
    assert len(found["scores"]) == len(found["keypoints"]) == len(found["labels"]) == 2


def test_a_detection_is_in_this_projects_pixels():
    """torchvision's own answer, half a pixel nearer to the corner."""
    model = tiny(box_score_thresh=0.0).eval()
    images = [torch.rand(3, SIZE, 50)]
    with torch.no_grad():
        [found], [theirs] = model(images), model.detector.network(images)
    assert len(theirs["boxes"])
    torch.testing.assert_close(found["boxes"], theirs["boxes"] - 0.5)


def test_proposals_are_torchvisions():
    model = tiny().eval().detector
    # These are resized to 64 x 51 and 51 x 64 pixels.
    images, zooms = [torch.rand(3, 100, 80), torch.rand(3, 40, 50)], [(0.6375, 0.64), (1.28, 1.275)]
    seen = []
    model.network.rpn.register_forward_hook(lambda *call: seen.append(call[-1][0]))
    with torch.no_grad():
        model(images)
        ours = model.proposals(images, 1000)  # torchvision's own number in evaluation
        few = model.proposals(images, 20)
    for mine, theirs, zoom in zip(ours, seen[0], zooms, strict=True):
        assert len(mine) > 100
        torch.testing.assert_close((mine + 0.5) * torch.tensor(zoom * 2), theirs)
    assert all(0 < len(one) <= 20 for one in few)
    assert not model.network.rpn.head.training


# What is learnt by

BOX = [10, 10, 30, 50]


def test_truth_teaches_by_the_persons_own_box():
    model = with_fakes()
    other = [0, 5, 50, 20]
    model(torch.rand(2, 3, SIZE, SIZE), [person(BOX), person(other)])
    [taught] = model.person.taught
    for one, box, expected in (
        (taught[:1], BOX, exactly([20, 30, 40])),
        (taught[1:], other, exactly([25, 12.5, 50])),
    ):
        torch.testing.assert_close(learnt_boxes(one, box), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["detected", "proposals"])
def test_found_boxes_teach_whom_they_overlap_most(kind):
    found = [
        [10, 10, 30, 50],  # somebody's own
        [12, 10, 32, 54],  # overlaps by 720 / (800 + 880 - 720) = .75
        [10, 10, 20, 50],  # by exactly a half: not more
        [20, 10, 40, 50],  # by a third
        [36, 10, 52, 50],  # a neighbour's by .8, who has no joints; the third's by .68 only
        [34, 12, 50, 52],  # the third's by .80, the neighbour's by .59
    ]
    neighbour = person([36, 10, 56, 50])
    neighbour["keypoints"][..., 2] = 0
    crowd = person([0, 0, 63, 63])
    crowd["iscrowd"][:] = 1
    third = person([33, 10, 49, 50], tag=1)
    people = together(person(BOX), neighbour, crowd, third)
    model = with_fakes(detector=found, boxes=kind)
    model([torch.rand(3, SIZE, SIZE)], [people])
    [taught] = model.person.taught
    first = learnt_boxes(taught[taught[:, 2, 2] == 0], BOX)
    torch.testing.assert_close(
        first[first[:, 2].argsort()], exactly([20, 30, 40], [22, 32, 44]), rtol=1e-4, atol=1e-4
    )
    other = learnt_boxes(taught[taught[:, 2, 2] == 1], [33, 10, 49, 50])
    torch.testing.assert_close(other, exactly([42, 32, 40]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("asked", "number"), [({}, 2000), ({"proposals": 3}, 3)])
def test_so_many_proposals_teach(asked, number):
    boxes = torch.tensor(BOX) + torch.rand(2100, 4)
    model = with_fakes(detector=boxes.tolist(), boxes="proposals", crops_per_image=3000, **asked)
    model([torch.zeros(3, SIZE, SIZE)], [target([BOX])])
    assert len(model.person.taught[0]) == number  # 2,000: PAPER.md, claim 5


def test_boxes_are_cut_off_at_the_image():
    model = with_fakes()
    model(torch.rand(1, 3, SIZE, SIZE), [person([40, 10, 99, 50])])
    [taught] = model.person.taught
    # Up to the right side of the last pixel, 63.5.
    expected = exactly([(40 + 63.5) / 2, 30, 40])
    torch.testing.assert_close(
        learnt_boxes(taught[:1], [40, 10, 99, 50]), expected, rtol=1e-4, atol=1e-4
    )


def test_no_more_crops_than_asked_for_but_all_of_them_sometimes():
    places = torch.tensor([[x, y] for x in (0, 20, 40) for y in (0, 30)])
    people = target(torch.cat([places, places + 19], dim=1).tolist())
    people["keypoints"][:, 0, 2] = torch.arange(1.0, 7.0)
    model = with_fakes(crops_per_image=2)
    torch.manual_seed(0)
    for _ in range(30):
        model(torch.rand(2, 3, SIZE, SIZE), [people, person(BOX, tag=9)])
    drawn = [taught[:, 0, 2].tolist() for taught in model.person.taught]
    assert all(len(one) == 3 and len(set(one[:2])) == 2 for one in drawn)
    assert {tag for one in drawn for tag in one[:2]} == {1, 2, 3, 4, 5, 6}
    torch.manual_seed(0)
    model(torch.rand(2, 3, SIZE, SIZE), [people, person(BOX)])
    assert model.person.taught[-1][:, 0, 2].tolist()[:2] == drawn[0][:2]


def test_jitter_moves_each_side_by_a_share_of_the_boxs_size():
    torch.manual_seed(0)
    boxes = torch.tensor([[100.0, 200.0, 110.0, 240.0]]).repeat(20_000, 1)
    moved = jitter_boxes(boxes, 0.1) - boxes
    # Four standard errors of a mean, and of a standard deviation.
    deviation = torch.tensor([1.0, 4.0, 1.0, 4.0])
    assert (moved.mean(dim=0).abs() < 4 * deviation / 20_000**0.5).all()
    assert ((moved.std(dim=0) / deviation - 1).abs() < 4 / (2 * 20_000) ** 0.5).all()
    assert (moved.T.corrcoef() - torch.eye(4)).abs().max() < 4 / 20_000**0.5
    assert torch.equal(jitter_boxes(boxes, 0.0), boxes)
    wild = jitter_boxes(boxes, 3.0)
    assert (wild[:, :2] <= wild[:, 2:]).all()


def test_jitter_moves_what_is_taught_and_nothing_in_evaluation():
    sides = []
    for deviation in (0.0, 0.2):
        model = with_fakes(everywhere(0.0, 0.0), jitter=deviation, crops_per_image=400)
        people = target([BOX] * 400)
        people["keypoints"][:, :2] = person(BOX)["keypoints"][:, :2]
        torch.manual_seed(0)
        model(torch.rand(1, 3, SIZE, SIZE), [people])
        sides.append(learnt_boxes(model.person.taught[0], BOX)[:, 1:])
        [found] = model.eval()(torch.rand(1, 3, SIZE, SIZE), [person(BOX)])
        assert found["boxes"].tolist() == [BOX]
    assert sides[0].std(dim=0).max() < 1e-4
    # The middle of two sides that each have a deviation of a fifth of 40 pixels.
    assert abs(sides[1][:, 0].std() / (0.2 * 40 / 2**0.5) - 1) < 4 / (2 * 400) ** 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", ["nobody", "a crowd", "without joints", "outside", "missed"])
def test_where_nobody_teaches_the_losses_are_zero_and_differentiable(kind, who):
    people = target([] if who == "nobody" else [BOX])
    people["iscrowd"] += who == "a crowd"
    if who == "without joints":
        people["keypoints"][..., 2] = 0
    if who == "outside":
        people["boxes"] += 100
    if who == "missed" and kind == "truth":
        pytest.skip("a person's own box is never missed")
    model = tiny(boxes=kind, learns="person").train()
    model.detector = FakeDetector([[40, 40, 60, 60]] if who == "missed" else [BOX])
    before = copy.deepcopy(model.state_dict())
    losses = model(torch.rand(2, 3, SIZE, SIZE), [people, target([])])
    with_people = tiny(learns="person")(torch.rand(1, 3, SIZE, SIZE), [target([BOX])])
    assert losses.keys() == with_people.keys()
    sum(losses.values()).backward()
    assert all(loss == 0 for loss in losses.values())
    assert all((one.grad == 0).all() for one in model.person.parameters())
    assert model.person.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_one_small_crop_can_teach_a_deep_hourglass():
    """Whose batch norms see a single cell of it."""
    model = tiny(learns="person", person=PERSON | {"crop_size": 16})
    losses = model(torch.rand(1, 3, SIZE, SIZE), [target([BOX])])
    assert all(loss.isfinite() and loss > 0 for loss in losses.values())


@pytest.mark.parametrize("kind", KINDS)
def test_images_without_people_teach_as_well(kind):
    model = tiny(LSP14, boxes=kind)
    images = [torch.rand(3, SIZE, SIZE), torch.rand(3, 48, SIZE)]
    empty = target([], joints=14)
    for people in ([empty, empty], [empty, target([[5, 5, 40, 45]], joints=14)]):
        losses = model(images, people)
        assert all(torch.isfinite(loss) for loss in losses.values())
        sum(losses.values()).backward()
    assert all(torch.isfinite(one.grad).all() for one in model.parameters())


# Two halves

IMAGES = torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
PEOPLE = [target([BOX, [30, 5, 60, 60]]), target([[3, 4, 50, 61]])]
DETECTOR_LOSSES = {"loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg"}
PERSON_LOSSES = {"heatmaps_1"}


def step(model):
    losses = model(IMAGES, PEOPLE)
    learning = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.SGD(learning, lr=0.01)
    sum(losses.values()).backward()
    optimizer.step()
    return losses


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("learns", "rests"), [("detector", "person"), ("person", "detector")])
def test_a_half_that_does_not_learn_stays_as_it_is(learns, rests, kind):
    model = tiny(learns=learns, boxes=kind, jitter=0.05).train()
    resting, learning = model.get_submodule(rests), model.get_submodule(learns)
    before = copy.deepcopy(resting.state_dict()), copy.deepcopy(learning.state_dict())
    losses = step(model)
    assert losses.keys() == (DETECTOR_LOSSES if learns == "detector" else PERSON_LOSSES)
    for name, value in resting.state_dict().items():
        assert torch.equal(value, before[0][name]), name
    assert all(one.grad is None for one in resting.parameters())
    assert not any(module.training for module in resting.modules())
    if (
        kind == "truth" or learns == "detector"
    ):  # untrained, a detector may find nobody to learn from
        changed = [
            not torch.equal(value, before[1][name])
            for name, value in learning.state_dict().items()
            if name.endswith("running_mean")
        ]
        assert changed
        assert all(changed)


def test_together_the_halves_learn_as_they_do_apart():
    whole, *halves = (tiny(learns=name, **NO_LOTS) for name in ("both", "detector", "person"))
    losses = step(whole)
    assert losses.keys() == DETECTOR_LOSSES | PERSON_LOSSES
    apart = step(halves[0]) | step(halves[1])
    for name, loss in losses.items():
        torch.testing.assert_close(loss, apart[name])
    for name, half in zip(("detector", "person"), halves, strict=True):
        after = half.get_submodule(name).state_dict()
        for key, value in whole.get_submodule(name).state_dict().items():
            torch.testing.assert_close(value, after[key], rtol=1e-4, atol=1e-5)


def test_a_trained_detector_is_taken_over_by_the_training_of_the_person_half():
    first = tiny(learns="detector")
    step(first)
    second = tiny(learns="person", boxes="proposals")
    second.load_state_dict(first.state_dict())
    step(second)
    for name, value in first.detector.state_dict().items():
        assert torch.equal(second.detector.state_dict()[name], value), name


@pytest.mark.parametrize("kind", ["detected", "proposals"])
def test_looking_for_boxes_leaves_the_detector_as_it_is(kind):
    model = tiny(boxes=kind).train()
    before = copy.deepcopy(model.detector.state_dict())
    model._candidates(IMAGES, PEOPLE)
    for name, value in model.detector.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(module.training for module in model.detector.modules())


def test_people_of_two_images_are_learnt_by_heart():
    torch.manual_seed(0)
    boxes, images = [[8, 10, 40, 58], [20, 4, 60, 44]], torch.rand(2, 3, SIZE, SIZE)
    people = [target([box]) for box in boxes]
    for one, (x1, y1, x2, y2) in zip(people, boxes, strict=True):
        one["keypoints"][0, :, 0] = torch.linspace(x1, x2, 17)
        one["keypoints"][0, :, 1] = torch.linspace(y1, y2, 17)[torch.randperm(17)]
    model = tiny(learns="person", person=PERSON | {"depth": 1, "width": 32})
    optimizer = torch.optim.Adam(model.person.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        sum(model(images, people).values()).backward()
        optimizer.step()
    model.eval()
    for module in model.person.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train()  # to use this very batch, as they did while learning
    for found, truth in zip(model(images, people), people, strict=True):
        error = (found["keypoints"] - truth["keypoints"])[..., :2].norm(dim=-1)
        assert error.max() < 2 * 48 * PADDING / CROP  # half a cell of stride 4
