"""What rendered scenes tell of the joints in crops: where they are, and how hard to see."""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from bench.data.crops import PersonCrops
from bench.data.datasets import open_truth
from bench.experiment import DataSpec
from bench.problem import Problem
from models.geometry import invert, transform_points

#: That slopes are taken on, in the order of ``JointFacts.factors``.
OCCLUSION, SIZE, CROWDING = FACTORS = ("occlusion", "size", "crowding")
#: Units in which a slope is told: what one step of each factor is.
STEPS: Final = {
    OCCLUSION: "from wholly seen to wholly hidden",
    SIZE: "twice as large",
    CROWDING: "from nobody else in the box to others all over it",
}


@dataclass(frozen=True)
class JointFacts:
    """The truth about the joints of P crops, on the CPU.

    Attributes:
        places: float32 ``[P, K, 2]``, x y in pixels of the crop.
        known: bool ``[P, K]``, whether the joint is in the image and in the crop.
        factors: float64 ``[P, K, 3]``: the share of the joint's disc that is hidden; the person's
            size, as the binary logarithm of the root of its area in pixels of the image; the share
            of the person's box that others' boxes cover.
    """

    places: Tensor
    known: Tensor
    factors: Tensor


def joint_facts(crops: PersonCrops, spec: DataSpec, split: str) -> JointFacts:
    """Return what the renderer knows of the people in ``crops``, whatever was annotated of them.

    Args:
        crops: of that split.
        spec: of the data.
        split: "train" or "val".

    Raises:
        Problem: the data are photographs, of which nobody knows how far a joint is hidden.
    """
    dataset = open_truth(spec, split)
    if dataset is None:
        raise Problem(
            f"nobody knows how far the joints of '{spec.name}' are hidden; choose rendered data"
        )
    kept = [dataset.skeleton.joints.index(name) for name in crops.skeleton.joints]
    joints, occlusion, area, crowding = [], [], [], []
    for image, person in zip(crops.image_index.tolist(), crops.annotation_id.tolist(), strict=True):
        target = dataset.target(image)
        row = int(torch.nonzero(target["annotation_ids"] == person)[0, 0])
        joints.append(target["keypoints"][row, kept])
        occlusion.append(target["occlusion"][row, kept])
        area.append(target["area"][row])
        crowding.append(target["crowding"][row])
    truth = torch.stack(joints).double()
    to_crop = invert(crops.crop_to_image.cpu())
    places = transform_points(to_crop, truth[..., :2]).float()
    inside = ((places >= -0.5) & (places < crops.crop_size - 0.5)).all(dim=-1)
    hidden = torch.stack(occlusion).double()
    size = torch.stack(area).double().sqrt().log2().unsqueeze(1).expand_as(hidden)
    crowded = torch.stack(crowding).double().unsqueeze(1).expand_as(hidden)
    return JointFacts(
        places, (truth[..., 2] > 0) & inside, torch.stack([hidden, size, crowded], dim=-1)
    )
