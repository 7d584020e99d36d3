"""Every registered pipeline, by being registered."""

import pytest
import torch
from safetensors.torch import load, save

from models import create_pipeline, list_blocks, list_pipelines
from models.skeleton import COCO17, LSP14

SIZE = 32
ARGUMENTS = {
    "single_person": {"block": "residual", "depth": 1, "width": 8, "stages": 2, "crop_size": SIZE},
    "mean_pose": {"crop_size": SIZE},
}


def people(batch: int, joints: int) -> list[dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    # Clear of the border by more than the decoder's window (2 cells of 4 pixels), as the padding
    # of real crops has it.
    place = 8 + torch.rand(batch, 1, joints, 2, generator=generator) * (SIZE - 17)
    seen = torch.full((batch, 1, joints, 1), 2.0)
    return [{"keypoints": person} for person in torch.cat([place, seen], dim=-1)]


@pytest.fixture(params=list_pipelines())
def pipeline(request):
    torch.manual_seed(0)
    return create_pipeline(request.param, COCO17, **ARGUMENTS[request.param])


def test_losses_are_finite_scalars(pipeline):
    losses = pipeline(torch.rand(4, 3, SIZE, SIZE), people(4, 17))
    assert losses
    for name, loss in losses.items():
        assert loss.shape == (), name
        assert torch.isfinite(loss), name


def test_detections_follow_the_contract(pipeline):
    pipeline(torch.rand(4, 3, SIZE, SIZE), people(4, 17))
    detections = pipeline.eval()(list(torch.rand(3, 3, SIZE, SIZE)))
    assert len(detections) == 3
    for one in detections:
        assert one["boxes"].shape == (1, 4)
        assert one["scores"].shape == (1,)
        assert one["keypoints"].shape == (1, 17, 3)
        assert one["keypoints_scores"].shape == (1, 17)
        assert all(torch.isfinite(value).all() for value in one.values())


def test_training_without_targets_is_refused(pipeline):
    with pytest.raises(ValueError, match="targets"):
        pipeline(torch.rand(2, 3, SIZE, SIZE))


def test_a_crop_of_another_size_is_refused(pipeline):
    with pytest.raises(ValueError, match="32 px"):
        pipeline.eval()(torch.rand(2, 3, SIZE, SIZE * 2))


def test_saved_weights_give_the_same_detections(pipeline):
    images = torch.rand(2, 3, SIZE, SIZE)
    pipeline(images, people(2, 17))
    name = "mean_pose" if "total" in dict(pipeline.named_buffers()) else "single_person"
    other = create_pipeline(name, COCO17, **ARGUMENTS[name])
    other.load_state_dict(load(save(dict(pipeline.state_dict()))))
    ours, theirs = pipeline.eval()(images), other.eval()(images)
    assert all(
        torch.equal(a["keypoints"], b["keypoints"]) for a, b in zip(ours, theirs, strict=True)
    )


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
