"""The boxes by which the single-person half of detector_hourglass learns."""

import copy

import pytest
import torch
from boxed_people import SIZE, target
from top_down_fakes import (
    BOX,
    KINDS,
    PERSON,
    FakeDetector,
    everywhere,
    exactly,
    learnt_boxes,
    person,
    tiny,
    with_fakes,
)

from models.crops import jitter_boxes
from models.skeleton import LSP14


def together(*people):
    return {name: torch.cat([one[name] for one in people]) for name in people[0]}


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


@pytest.mark.parametrize("kind", ["detected", "proposals"])
def test_looking_for_boxes_leaves_the_detector_as_it_is(kind):
    model = tiny(boxes=kind).train()
    before = copy.deepcopy(model.detector.state_dict())
    model.training_boxes.choose(model.detector, torch.rand(2, 3, SIZE, SIZE), [target([BOX])] * 2)
    for name, value in model.detector.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(module.training for module in model.detector.modules())


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
