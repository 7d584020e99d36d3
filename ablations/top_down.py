"""The top-down pipelines at a preset's size."""

from typing import Any

from ablations.pipeline_presets import PipelineSize
from bench.experiment import ModelSpec

# Shares of the input's side: people of rendered scenes are 0.15 to 0.75 of it tall.
_ANCHORS = (1 / 8, 1 / 4, 1 / 2, 3 / 4, 1)
_DETECTIONS = 20  # an image: three times as many as there are people in a crowded one
_JUDGED_BOXES = 64  # an image, in training
_CROPS = 4  # people an image, in training


def mask_rcnn(size: PipelineSize, backbone: str = "") -> ModelSpec:
    """Return Mask R-CNN with a head for keypoints at the preset's size.

    Args:
        size: the preset's.
        backbone: in place of the preset's.
    """
    head = {"keypoint_width": size.keypoint_width, "keypoint_depth": size.keypoint_depth}
    return ModelSpec("mask_rcnn", _detector(size, backbone or size.backbone) | head)


def detector_hourglass(size: PipelineSize, **arguments: Any) -> ModelSpec:
    """Return a detector and a single-person hourglass at the preset's size.

    Args:
        size: the preset's.
        arguments: of the pipeline, that say how its halves are trained.
    """
    person = {
        "name": "hourglass",
        "stacks": size.hourglass_stacks,
        "width": size.hourglass_width,
        "depth": size.hourglass_depth,
        "crop_size": size.person_size,
    }
    half = {"person": person, "crops_per_image": _CROPS}
    return ModelSpec("detector_hourglass", _detector(size, size.backbone) | half | arguments)


def _detector(size: PipelineSize, backbone: str) -> dict[str, Any]:
    return {
        "backbone": backbone,
        # Trained from scratch, and norms that learn nothing suit trained weights alone.
        "frozen_norms": False,
        "min_size": size.input_size,
        "max_size": size.input_size,
        "anchor_sizes": [round(share * size.input_size) for share in _ANCHORS],
        "pyramid_width": size.pyramid_width,
        "box_width": size.box_width,
        **_sampling(size.proposals),
    }


def _sampling(proposals: int) -> dict[str, int]:
    if not proposals:
        return {}
    before = 2 * proposals  # of which those that overlap others are dropped
    return {
        "rpn_pre_nms_top_n_train": before,
        "rpn_post_nms_top_n_train": proposals,
        "rpn_pre_nms_top_n_test": before,
        "rpn_post_nms_top_n_test": proposals,
        "box_batch_size_per_image": _JUDGED_BOXES,
        "box_detections_per_img": _DETECTIONS,
    }
