"""Every registered pipeline, small enough for many tests."""

import torch

from models import create_pipeline
from models.skeleton import COCO17

SIZE = 32
# Small enough for many tests; a pipeline that is not here is built with its own defaults.
CROPS = {
    "single_person": {"block": "residual", "depth": 1, "width": 8, "stages": 2, "crop_size": SIZE},
    "hourglass": {"stacks": 2, "crop_size": SIZE, "width": 8, "depth": 2},
    "mean_pose": {"crop_size": SIZE},
}
DETECTOR = {
    "backbone": "resnet18", "frozen_norms": False, "min_size": SIZE, "max_size": SIZE,
    "anchor_sizes": (4, 8, 16, 32, 64), "pyramid_width": 8, "box_width": 16,
    "box_detections_per_img": 5,
    # All proposals are kept and all are used, so that the loss draws no lots.
    "rpn_nms_thresh": 1.0, "rpn_batch_size_per_image": 1000, "box_batch_size_per_image": 2000,
}  # fmt: skip
WHOLE_IMAGES = {
    "paf6": {"width": 1 / 16, "stages": 2, "trunk_depth": 13},
    "mspaf3": {"block": "residual", "depth": 1, "trunk_depth": 1, "width": 1 / 16, "stages": 2},
    "mask_rcnn": DETECTOR | {"keypoint_width": 8, "keypoint_depth": 1},
    "detector_hourglass": DETECTOR | {"person": {"name": "hourglass"} | CROPS["hourglass"]},
}
ARGUMENTS = CROPS | WHOLE_IMAGES


def build(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return create_pipeline(name, COCO17, **ARGUMENTS.get(name, {}))
