"""Detector and single-person network: what is built, and what they find."""

import pytest
import torch
from boxed_people import SIZE, parameters, target
from top_down_fakes import PERSON, tiny

from models import RegistryError, create_pipeline
from models.skeleton import COCO17, LSP14, MPII16
from models.torchvision_ops import load_torchvision


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
