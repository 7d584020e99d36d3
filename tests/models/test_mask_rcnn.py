"""Keypoint R-CNN: torchvision's network, on this project's pixels, for any people."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from boxed_people import SIZE, TINY, parameters, target
from torch import nn

from models import create_pipeline
from models.skeleton import COCO17, LSP14
from models.torchvision_ops import load_torchvision

KEYPOINT_HEAD = {"keypoint_width": 8, "keypoint_depth": 1}


def tiny(skeleton=COCO17, **changed):
    torch.manual_seed(0)
    return create_pipeline("mask_rcnn", skeleton, **(TINY | KEYPOINT_HEAD | changed))


class Echo(nn.Module):
    """Finds in evaluation exactly the people that it was taught last."""

    def forward(self, images, targets=None):
        if targets is not None:
            self.taught = targets
            return {}
        return [self.found(one) for one in self.taught]

    def found(self, one):
        return one | {
            "scores": torch.ones(len(one["boxes"])),
            "keypoints_scores": torch.zeros(one["keypoints"].shape[:2]),
        }


class EchoThroughHeatmaps(Echo):
    """The same, but the joints go into torchvision's heatmaps and out again."""

    def found(self, one):
        from torchvision.models.detection import roi_heads

        side = 56
        cells, valid = roi_heads.keypoints_to_heatmap(one["keypoints"], one["boxes"], side)
        assert valid.all()
        maps = nn.functional.one_hot(cells, side * side).float().unflatten(-1, (side, side))
        keypoints, _ = roi_heads.heatmaps_to_keypoints(maps, one["boxes"])
        return super().found(one | {"keypoints": keypoints})


def echoing(network):
    model = tiny()
    model.network = network
    return model


def test_the_default_has_the_papers_parameters():
    with torch.device("meta"):  # takes neither memory nor time
        model = create_pipeline("mask_rcnn", COCO17)
    load_torchvision()
    from torchvision.models.detection import KeypointRCNN_ResNet50_FPN_Weights

    # PAPER.md, "Networks": 59.14 M.
    assert round(parameters(model) / 1e6, 2) == 59.14
    assert parameters(model) == KeypointRCNN_ResNet50_FPN_Weights.COCO_V1.meta["num_params"]


def test_the_default_is_torchvisions_network():
    load_torchvision()
    from torchvision.models.detection import keypointrcnn_resnet50_fpn

    with torch.device("meta"):
        # Without trained weights torchvision has batch norms that learn.
        ours = create_pipeline("mask_rcnn", COCO17, frozen_norms=False).network
        theirs = keypointrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    assert str(ours) == str(theirs)
    assert ours.rpn.anchor_generator.sizes == theirs.rpn.anchor_generator.sizes
    assert ours.rpn.anchor_generator.aspect_ratios == theirs.rpn.anchor_generator.aspect_ratios
    for pool in ("box_roi_pool", "keypoint_roi_pool"):
        mine, other = getattr(ours.roi_heads, pool), getattr(theirs.roi_heads, pool)
        assert mine.canonical_scale == other.canonical_scale
    shapes = {name: value.shape for name, value in ours.state_dict().items()}
    assert shapes == {name: value.shape for name, value in theirs.state_dict().items()}


def test_resnet101_is_larger_by_the_difference_of_the_backbones():
    load_torchvision()
    from torchvision.models import ResNet50_Weights, ResNet101_Weights

    with torch.device("meta"):
        large, plain = (
            parameters(create_pipeline("mask_rcnn", COCO17, backbone=name, frozen_norms=False))
            for name in ("resnet101", "resnet50")
        )
    published = [
        weights.IMAGENET1K_V1.meta["num_params"]
        for weights in (ResNet101_Weights, ResNet50_Weights)
    ]
    assert large - plain == published[0] - published[1]


def test_what_is_taught_and_found_is_in_this_projects_pixels():
    model = echoing(Echo())
    taught = [target([[1, 2, 21, 32], [5, 5, 50, 60]]), target([[0, 0, 63, 63]])]
    model(torch.rand(2, 3, SIZE, SIZE), taught)
    for one, truth in zip(model.eval()(torch.rand(2, 3, SIZE, SIZE)), taught, strict=True):
        torch.testing.assert_close(one["boxes"], truth["boxes"])
        torch.testing.assert_close(one["keypoints"], truth["keypoints"])


def test_the_centre_of_a_pixel_has_whole_coordinates():
    """A box around 56 x 56 pixels has one heatmap cell a pixel: nothing is rounded."""
    model = echoing(EchoThroughHeatmaps())
    joints = torch.stack([torch.arange(17.0) * 3, 55 - torch.arange(17.0), torch.ones(17)], dim=1)
    person = target([[-0.5, -0.5, 55.5, 55.5]], keypoints=joints[None])
    model(torch.rand(1, 3, 56, 56), [person])
    [found] = model.eval()(torch.rand(1, 3, 56, 56))
    torch.testing.assert_close(found["keypoints"][0], joints)


def test_who_cannot_be_learnt_from_is_left_out():
    model = echoing(Echo())
    people = target(
        [
            [10, 10, 30, 30],
            [20, 20, 20, 40],  # of no width
            [70, 10, 90, 30],  # outside the image
            [0, 0, 60, 60],  # a crowd
            [40, 40, 99, 99],  # partly outside
        ],
        iscrowd=torch.tensor([0, 0, 0, 1, 0]),
    )
    model([torch.rand(3, SIZE, SIZE)], [people])
    [found] = model.eval()([torch.rand(3, SIZE, SIZE)])
    assert found["boxes"].tolist() == [[10, 10, 30, 30], [40, 40, 63.5, 63.5]]
    assert torch.equal(found["keypoints"], people["keypoints"][[0, 4]])


def test_images_without_people_teach_as_well():
    model = tiny(LSP14)
    images = [torch.rand(3, SIZE, SIZE), torch.rand(3, 48, SIZE)]
    empty = target([], joints=14)
    for people in ([empty, empty], [empty, target([[5, 5, 40, 45]], joints=14)]):
        losses = model(images, people)
        assert all(torch.isfinite(loss) for loss in losses.values())
        sum(losses.values()).backward()
    assert all(torch.isfinite(one.grad).all() for one in model.parameters())


@pytest.mark.parametrize(("threshold", "number"), [(2.0, 0), (0.0, 500)])
def test_nobody_and_a_crowd_are_found(threshold, number):
    model = tiny(
        LSP14, box_score_thresh=threshold, box_nms_thresh=1.0, box_detections_per_img=500,
        rpn_nms_thresh=1.0,
    ).eval()  # fmt: skip
    with torch.no_grad():
        [found] = model([torch.rand(3, SIZE, SIZE)])
    assert found["boxes"].shape == (number, 4)
    assert found["scores"].shape == (number,)
    assert found["keypoints"].shape == (number, 14, 3)
    assert found["keypoints_scores"].shape == (number, 14)
    if number:
        assert found["boxes"].min() >= -0.5
        assert found["boxes"].max() <= SIZE - 0.5
        assert (found["keypoints_scores"] > 0).all()
        assert (found["keypoints_scores"] < 1).all()


def test_under_autocast_places_keep_their_precision():
    model = tiny(LSP14, box_score_thresh=0.0).eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        [found] = model([torch.rand(3, SIZE, SIZE)])
    assert len(found["scores"])
    for name in ("boxes", "scores", "keypoints", "keypoints_scores"):
        assert found[name].dtype == torch.float32
        # Rounded to bfloat16 nothing would change.
        assert not torch.equal(found[name].bfloat16().float(), found[name]), name
    assert model.network.rpn.anchor_generator.cell_anchors[0].dtype == torch.float32


def test_an_unknown_backbone_is_refused():
    with pytest.raises(ValueError, match="resnet18, resnet34, resnet50, resnet101, not 'vgg'"):
        create_pipeline("mask_rcnn", COCO17, backbone="vgg")


def test_torchvision_is_not_imported_before_it_is_needed():
    code = "import sys, models; assert 'torchvision' not in sys.modules"
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
