"""Every registered pipeline, by being registered."""

import pytest
import torch
from safetensors.torch import load, save
from small_pipelines import ARGUMENTS, CROPS, SIZE, build

from models import create_pipeline, list_blocks, list_pipelines
from models.skeleton import COCO17, LSP14


def people(batch: int, joints: int) -> list[dict[str, torch.Tensor]]:
    """One person an image, as torchvision's targets."""
    generator = torch.Generator().manual_seed(1)
    # Clear of the border by more than the decoder's window (2 cells of 4 pixels), as the padding
    # of real crops has it.
    place = 8 + torch.rand(batch, 1, joints, 2, generator=generator) * (SIZE - 17)
    seen = torch.full((batch, 1, joints, 1), 2.0)
    return [
        {
            "boxes": torch.cat([person[..., :2].amin(dim=1), person[..., :2].amax(dim=1)], dim=1),
            "labels": torch.ones(1, dtype=torch.int64),
            "keypoints": person,
            "iscrowd": torch.zeros(1, dtype=torch.int64),
        }
        for person in torch.cat([place, seen], dim=-1)
    ]


@pytest.fixture(params=list_pipelines())
def name(request):
    return request.param


@pytest.fixture
def pipeline(name):
    return build(name)


def test_losses_are_finite_scalars(pipeline):
    losses = pipeline(torch.rand(4, 3, SIZE, SIZE), people(4, 17))
    assert losses
    for name, loss in losses.items():
        assert loss.shape == (), name
        assert torch.isfinite(loss), name


def test_the_memory_format_changes_no_loss(pipeline):
    images, targets = torch.rand(4, 3, SIZE, SIZE), people(4, 17)
    plain = pipeline(images, targets)
    pipeline.to(memory_format=torch.channels_last)
    last = pipeline(images.contiguous(memory_format=torch.channels_last), targets)
    assert last.keys() == plain.keys()
    for name, loss in last.items():
        torch.testing.assert_close(loss, plain[name], rtol=1e-3, atol=1e-4)


def test_it_learns_in_half_precision(pipeline):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = pipeline(torch.rand(4, 3, SIZE, SIZE), people(4, 17))
    total = sum(losses.values())
    assert torch.isfinite(total)
    if total.requires_grad:
        total.backward()
        assert all(torch.isfinite(one.grad).all() for one in pipeline.parameters())


def test_a_step_against_the_gradient_lowers_the_loss(pipeline):
    images, targets = torch.rand(4, 3, SIZE, SIZE), people(4, 17)
    parameters = list(pipeline.parameters())
    if not parameters:
        pytest.skip("learns by counting, has no gradient")

    def loss():
        return torch.stack(list(pipeline(images, targets).values())).sum()

    before = loss()
    before.backward()
    for one in parameters:
        assert one.grad is not None
        assert torch.isfinite(one.grad).all()
    length = torch.stack([one.grad.norm() for one in parameters]).norm()
    assert length > 0
    with torch.no_grad():
        for one in parameters:
            one.sub_(1e-3 * one.grad / length)
    assert loss() < before


def test_detections_follow_the_contract(name, pipeline):
    pipeline(torch.rand(4, 3, SIZE, SIZE), people(4, 17))
    detections = pipeline.eval()(list(torch.rand(3, 3, SIZE, SIZE)))
    assert len(detections) == 3
    for one in detections:
        number = 1 if name in CROPS else len(one["scores"])
        assert one["boxes"].shape == (number, 4)
        assert one["labels"].tolist() == [1] * number
        assert one["scores"].shape == (number,)
        assert one["keypoints"].shape == (number, 17, 3)
        assert one["keypoints_scores"].shape == (number, 17)
        assert all(torch.isfinite(value).all() for value in one.values())


def test_training_without_targets_is_refused(pipeline):
    with pytest.raises(ValueError, match="targets"):
        pipeline(torch.rand(2, 3, SIZE, SIZE))


@pytest.mark.parametrize("name", CROPS)
def test_a_crop_of_another_size_is_refused(name):
    with pytest.raises(ValueError, match="32 px"):
        build(name).eval()(torch.rand(2, 3, SIZE, SIZE * 2))


def test_saved_weights_give_the_same_detections(name, pipeline):
    images = torch.rand(2, 3, SIZE, SIZE)
    pipeline(images, people(2, 17))
    torch.manual_seed(1)
    other = create_pipeline(name, COCO17, **ARGUMENTS.get(name, {}))
    other.load_state_dict(load(save(dict(pipeline.state_dict()))))
    ours, theirs = pipeline.eval()(images), other.eval()(images)
    for a, b in zip(ours, theirs, strict=True):
        assert torch.equal(a["keypoints"], b["keypoints"])
        assert torch.equal(a["scores"], b["scores"])


@pytest.mark.parametrize("block", list_blocks())
def test_one_person_can_be_learnt_by_heart(block):
    torch.manual_seed(0)
    model = create_pipeline(
        "single_person", LSP14, block=block, depth=1, width=16, stages=1, crop_size=SIZE
    )
    images, targets = torch.rand(2, 3, SIZE, SIZE), people(2, 14)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(120):
        loss = torch.stack(list(model(images, targets).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # In training mode the batch norms use this very batch, as they did while learning.
    model.eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.train()
    for detection, target in zip(model(images), targets, strict=True):
        error = (detection["keypoints"][..., :2] - target["keypoints"][..., :2]).norm(dim=-1)
        assert error.max() < 2.0  # half a cell of stride 4


@pytest.mark.parametrize("visibility", [0.0, 2.0])
def test_only_annotated_joints_inside_the_crop_teach(visibility):
    torch.manual_seed(0)
    model = create_pipeline("single_person", COCO17, **ARGUMENTS["single_person"])
    targets = people(2, 17)
    for target in targets:
        target["keypoints"][0, 3, 2] = 0  # not annotated
        target["keypoints"][0, 4, 0] = -20  # outside the crop
        target["keypoints"][0, 5, 2] = visibility
    sum(model(torch.rand(2, 3, SIZE, SIZE), targets).values()).backward()
    gradient = model.network.heads[-1].weight.grad.flatten(1).abs().sum(dim=1)
    assert gradient[3] == 0
    assert gradient[4] == 0
    assert (gradient[5] > 0) == (visibility > 0)
    assert gradient[6] > 0


def test_mean_pose_is_the_mean_of_annotated_joints():
    model = create_pipeline("mean_pose", COCO17, crop_size=SIZE)
    targets = people(3, 17)
    targets[0]["keypoints"][0, 2, 2] = 0
    model(torch.rand(3, 3, SIZE, SIZE), targets)
    [detection] = model.eval()(torch.rand(1, 3, SIZE, SIZE))
    stacked = torch.cat([target["keypoints"] for target in targets])
    torch.testing.assert_close(detection["keypoints"][0, 0, :2], stacked[:, 0, :2].mean(dim=0))
    torch.testing.assert_close(detection["keypoints"][0, 2, :2], stacked[1:, 2, :2].mean(dim=0))
