"""The halves of detector_hourglass: each learns alone, together, or not at all."""

import copy

import pytest
import torch
from boxed_people import SIZE, target
from top_down_fakes import BOX, CROP, KINDS, PERSON, tiny
from torch import nn

from models.crops import PADDING

# All proposals are kept and all are used, so that the detector's losses draw no lots.
NO_LOTS = {
    "rpn_nms_thresh": 1.0, "rpn_batch_size_per_image": 10_000, "box_batch_size_per_image": 10_000,
}  # fmt: skip
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
