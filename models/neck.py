"""COCO's joints with a neck between the shoulders, as PAF groups them (Cao et al., CVPR 2017)."""

import torch
from torch import Tensor

from models.constants import constant
from models.skeleton import COCO17, OPENPOSE18

_NECK = OPENPOSE18.joints.index("neck")
_SHOULDERS = [COCO17.joints.index(f"{side}_shoulder") for side in ("left", "right")]
_WITHOUT_NECK = [COCO17.joints.index(name) for name in OPENPOSE18.joints if name != "neck"]
_TO_COCO = [OPENPOSE18.joints.index(name) for name in COCO17.joints]


def add_neck(keypoints: Tensor) -> Tensor:
    """Return COCO's joints ``[..., 17, 3]`` in the order of ``openpose18``, ``[..., 18, 3]``.

    The neck is the mean of both shoulders, as visible as the less visible of them: without both
    annotated it is not annotated.
    """
    left, right = (keypoints[..., shoulder, :] for shoulder in _SHOULDERS)
    place = (left[..., :2] + right[..., :2]) / 2
    neck = torch.cat([place, torch.minimum(left[..., 2:], right[..., 2:])], dim=-1)
    others = keypoints[..., constant(_WITHOUT_NECK, keypoints.device), :]
    return torch.cat([others[..., :_NECK, :], neck.unsqueeze(-2), others[..., _NECK:, :]], dim=-2)


def drop_neck(keypoints: Tensor) -> Tensor:
    """Return joints of ``openpose18``, ``[..., 18, C]``, in COCO's order, ``[..., 17, C]``."""
    return keypoints[..., _TO_COCO, :]
