"""The field pipelines: from people to maps and back, and what must not teach."""

import pytest
import torch

from models import create_pipeline
from models.networks.staged_fields import FieldMaps
from models.pipelines.paf import masked_squares
from models.skeleton import COCO17, OPENPOSE18, POSETRACK15

SMALL = {
    "paf6": {"width": 1 / 16, "stages": 2, "trunk_depth": 13},
    "mspaf3": {"block": "residual", "depth": 1, "trunk_depth": 1, "width": 1 / 16, "stages": 2},
}

# A person in a box of 1 x 1, for every name that a joint has in the skeletons tested.
PLACES = {
    "head_top": (0.5, 0.0), "nose": (0.52, 0.1), "neck": (0.5, 0.22),
    "left_eye": (0.58, 0.06), "right_eye": (0.44, 0.06),
    "left_ear": (0.66, 0.09), "right_ear": (0.36, 0.09),
    "left_shoulder": (0.75, 0.22), "right_shoulder": (0.25, 0.22),
    "left_elbow": (0.9, 0.36), "right_elbow": (0.1, 0.36),
    "left_wrist": (1.0, 0.5), "right_wrist": (0.0, 0.5),
    "left_hip": (0.66, 0.55), "right_hip": (0.34, 0.55),
    "left_knee": (0.7, 0.78), "right_knee": (0.3, 0.78),
    "left_ankle": (0.72, 1.0), "right_ankle": (0.28, 1.0),
}  # fmt: skip


def small(name, skeleton=COCO17, **changed):
    torch.manual_seed(0)
    return create_pipeline(name, skeleton, **SMALL[name] | changed)


def crowd_of(corners, side, skeleton):
    """People of one size as torchvision's target; ``corners`` are their boxes' upper left."""
    body = torch.tensor([PLACES[joint] for joint in skeleton.joints])
    corners = torch.as_tensor(corners, dtype=torch.float32).reshape(-1, 1, 2)
    places = corners + side * body
    seen = torch.full((*places.shape[:2], 1), 2.0)
    return {
        "boxes": torch.cat([corners, corners + side], dim=2).squeeze(1),
        "keypoints": torch.cat([places, seen], dim=2),
        "iscrowd": torch.zeros(len(corners), dtype=torch.int64),
    }


def assert_found(detection, target, tolerance):
    """Everybody is found once, no joint is further off than ``tolerance`` pixels, nobody else."""
    found, truth = detection["keypoints"][..., :2], target["keypoints"][..., :2]
    assert len(found) == len(truth)
    distance = (found[:, None] - truth[None]).norm(dim=-1).amax(dim=-1)
    if len(truth):
        assert distance.amin(dim=0).max() < tolerance


@pytest.mark.parametrize("skeleton", [COCO17, POSETRACK15], ids=lambda one: one.name)
@pytest.mark.parametrize("stride", [4, 8])
def test_people_come_back_from_their_own_maps(skeleton, stride):
    model = small("mspaf3", skeleton, stride=stride)
    # Two people, nobody, one person, in images of different sizes.
    targets = [
        crowd_of([[10.3, 20.1], [150.0, 40.7]], 120.0, skeleton),
        crowd_of([], 1.0, skeleton),
        crowd_of([[30.0, 25.5]], 90.0, skeleton),
    ]
    sizes = [(200, 296), (130, 90), (137, 180)]
    grid = torch.zeros(3, 1, 200 // stride, 296 // stride)
    truth = model.targets(targets, sizes, grid)
    detections = model.detections(FieldMaps(truth.heatmaps, truth.fields), sizes)
    for detection, target in zip(detections, targets, strict=True):
        assert_found(detection, target, tolerance=1.5)
        assert (detection["keypoints"][..., 2] == 1).all()
        assert torch.isfinite(detection["boxes"]).all()
    order = detections[0]["boxes"][:, 0].argsort()
    torch.testing.assert_close(
        detections[0]["boxes"][order], targets[0]["boxes"], atol=14.0, rtol=0
    )


def test_a_joint_that_is_not_found_is_at_the_origin():
    model = small("mspaf3")
    target = crowd_of([[10.0, 10.0]], 120.0, COCO17)
    ankle = COCO17.joints.index("left_ankle")
    target["keypoints"][0, ankle, 2] = 0
    truth = model.targets([target], [(160, 160)], torch.zeros(1, 1, 40, 40))
    [detection] = model.detections(FieldMaps(truth.heatmaps, truth.fields), [(160, 160)])
    assert detection["keypoints"][0, ankle].tolist() == [0, 0, 0]
    assert detection["keypoints_scores"][0, ankle] == 0
    assert detection["keypoints"][0, :, 2].sum() == 16
    assert detection["boxes"][0, 0] > 5  # the origin is not part of the person's extent


def test_what_lies_on_the_padding_is_nobody():
    model = small("mspaf3")
    target = crowd_of([[100.0, 10.0]], 80.0, COCO17)
    truth = model.targets([target], [(100, 200)], torch.zeros(1, 1, 25, 50))
    maps = FieldMaps(truth.heatmaps, truth.fields)
    assert len(model.detections(maps, [(100, 200)])[0]["scores"]) == 1
    assert len(model.detections(maps, [(100, 90)])[0]["scores"]) == 0


def test_unknown_cells_have_exactly_no_gradient():
    model = small("mspaf3")
    target = crowd_of([[10.0, 10.0], [60.0, 10.0]], 40.0, COCO17)
    target["iscrowd"][1] = 1
    target["keypoints"][0, 5, 2] = 0
    target["ignore"] = torch.tensor([[70.0, 70.0, 90.0, 90.0]])
    truth = model.targets([target], [(100, 104)], torch.zeros(1, 1, 26, 28))
    for maps, known in ((truth.heatmaps, truth.heatmap_mask), (truth.fields, truth.field_mask)):
        predicted = torch.randn_like(maps).requires_grad_()
        masked_squares(predicted, maps, known).backward()
        assert not known.all()
        assert (predicted.grad[~known] == 0).all()
        assert (predicted.grad[known] != 0).all()


@pytest.mark.parametrize("name", SMALL)
def test_an_image_full_of_crowd_teaches_nothing(name):
    model = small(name)
    target = crowd_of([[0.0, 0.0]], 63.0, COCO17) | {"iscrowd": torch.ones(1)}
    losses = model(torch.rand(1, 3, 64, 64), [target])
    sum(losses.values()).backward()
    assert all(loss == 0 for loss in losses.values())
    assert not any(parameter.grad.any() for parameter in model.parameters())


def test_the_loss_of_every_stage_and_branch_has_its_name():
    model = small("paf6", stages=3)
    losses = model([torch.rand(3, 40, 33), torch.rand(3, 64, 20)], [crowd_of([], 1, COCO17)] * 2)
    assert list(losses) == [
        f"{kind}_{stage}" for stage in (1, 2, 3) for kind in ("heatmaps", "fields")
    ]


def test_a_foreground_weighs_the_error_at_joints_and_leaves_the_fields_alone():
    target = crowd_of([[10.0, 10.0]], 40.0, COCO17)
    target["keypoints"][0, 5, 2] = 0  # unknown inside the box, whatever the weight
    image = torch.rand(1, 3, 64, 64)
    plain, weighed = (small("mspaf3", foreground=weight).train() for weight in (0.0, 3.0))
    weighed.load_state_dict(plain.state_dict())
    before, after = plain(image, [target]), weighed(image, [target])
    maps = weighed.network(image - 0.5)
    truth = weighed.targets([target], [(64, 64)], maps[0].heatmaps)
    for stage, one in enumerate(maps, start=1):
        expected = 0.0
        for channel in range(truth.heatmaps.shape[1]):
            joint = truth.heatmaps[0, channel]
            # The background is 1 where nobody's joint is.
            near = joint if channel < len(OPENPOSE18) else 1 - joint
            error = (one.heatmaps[0, channel] - joint) ** 2 * (1 + 3 * near)
            expected += error[truth.heatmap_mask[0, channel]].sum() / joint.numel()
        torch.testing.assert_close(after[f"heatmaps_{stage}"], expected)
        assert after[f"heatmaps_{stage}"] > before[f"heatmaps_{stage}"]
        torch.testing.assert_close(after[f"fields_{stage}"], before[f"fields_{stage}"])


def test_the_error_is_summed_over_channels_and_averaged_over_cells():
    predicted, truth = torch.full((2, 3, 4, 5), 2.0), torch.zeros(2, 3, 4, 5)
    assert masked_squares(predicted, truth, torch.ones(2, 3, 4, 5, dtype=torch.bool)) == 3 * 2.0**2


# Without batch norm a step must be smaller.
@pytest.mark.parametrize(("name", "rate"), [("paf6", 1e-3), ("mspaf3", 3e-3)])
def test_people_are_learnt_by_heart(name, rate):
    # Blobs and limbs as small beside these people as the defaults are beside those of photographs.
    model = small(name, width=1 / 8, stride=4, sigma=5.0, half_width=6.0)
    images = torch.rand(1, 3, 64, 96)
    target = crowd_of([[5.0, 6.0], [46.0, 10.0]], 44.0, COCO17)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for _ in range(200):
        loss = torch.stack(list(model(images, [target]).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # In training mode the batch norms use this very batch, as they did while learning.
    model.eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.train()
    [detection] = model(images)
    assert_found(detection, target, tolerance=4.0)  # one cell


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("inference", [{"flip": True}, {"scales": (0.5, 1.0, 1.5, 2.0)}])
def test_more_views_change_the_maps_but_not_the_weights(name, inference):
    model, more = small(name).eval(), small(name, **inference).eval()
    more.load_state_dict(model.state_dict())
    images = torch.rand(2, 3, 48, 64)
    alone, averaged = model.predict(images), more.predict(images)
    for one, other in zip(alone, averaged, strict=True):
        assert one.shape == other.shape
        assert not torch.allclose(one, other)
    assert len(more(images)) == 2
