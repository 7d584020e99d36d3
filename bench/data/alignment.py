"""One data set's people in another's joints; what a data set does not annotate is unknown.

A joint is the same in two sets where it has the same name: MPII's upper neck and PoseTrack's head
bottom are both ``neck``. MPII's pelvis and thorax exist nowhere else and are dropped on the way to
other sets; they are not made up from hips and shoulders on the way back. The one joint that is
made up is the neck of ``openpose18``, which is the mean of both shoulders by definition: every set
with shoulders knows it, and no other set's neck is learnt from it.

An unknown joint has visibility 0 like one that is not annotated, but of all people at once, seen
and unseen. That is why visibility is not enough in whole images: it says "unknown" inside the
person's own box only, while a head map for noses would learn from every cell outside of boxes that
there are none, from a set that marks none. ``known`` says it for the whole image: such a joint's
heatmap and limbs have no target anywhere, and the background has one only outside of boxes.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import torch
from torch import Tensor

from bench.data.contract import PoseDataset, Target
from models.skeleton import OPENPOSE18, Skeleton

_SHOULDERS: Final = ("left_shoulder", "right_shoulder")


def known_joints(source: Skeleton, wanted: Skeleton) -> Tensor:
    """Return bool ``[K]``: which of the wanted joints people of ``source`` are annotated with."""
    return torch.tensor([bool(_origin(source, wanted, joint)) for joint in wanted.joints])


def to_skeleton(target: Target, source: Skeleton, wanted: Skeleton) -> Target:
    """Return the target with the joints of ``wanted``; boxes, areas and all else stay.

    Joints that ``source`` does not have are 0 0 0 and marked in ``known``. The target may be an
    aligned one already: what it does not know stays unknown.

    Args:
        target: keypoints ``[N, K, 3]`` of ``source``, ``occlusion`` perhaps.
        source: the joints that it has.
        wanted: the joints that it shall have.
    """
    known = known_joints(source, wanted)
    if "known" in target:
        before = target["known"].float().unsqueeze(-1)
        known = take_joints(before, source, wanted).squeeze(-1) > 0
    keypoints = take_joints(target["keypoints"], source, wanted)
    aligned: Target = {**target, "keypoints": keypoints, "known": known}
    if "occlusion" in target:
        shown = take_joints(1 - target["occlusion"].unsqueeze(-1), source, wanted).squeeze(-1)
        aligned["occlusion"] = (1 - shown) * known
    return aligned


def take_joints(keypoints: Tensor, source: Skeleton, wanted: Skeleton) -> Tensor:
    """Return joints ``[..., K, C]`` of ``source`` as those of ``wanted``.

    So a model of a mixture's joints is judged in each set's own. Joints that ``source`` does not
    have are 0 in all C numbers, which is "not annotated" in a target and "not found" in a
    prediction. A mean of joints is as visible as the least visible of them.

    Args:
        keypoints: x, y, and last the visibility or the score.
        source: the joints that there are.
        wanted: the joints that there shall be.
    """
    columns = []
    for joint in wanted.joints:
        origin = _origin(source, wanted, joint)
        if not origin:
            columns.append(torch.zeros_like(keypoints[..., 0, :]))
            continue
        parts = keypoints[..., list(origin), :]
        least = parts[..., -1:].amin(dim=-2)
        joined = torch.cat([parts[..., :-1].mean(dim=-2), least], dim=-1)
        # The mean with a joint that is not there would be half way to the corner.
        there = (parts[..., -1:] != 0).all(dim=-2)
        columns.append(torch.where(there, joined, 0) if len(origin) > 1 else parts[..., 0, :])
    return torch.stack(columns, dim=-2)


class AlignedImages:
    """A data set in other joints than its own; the contract is ``PoseDataset``.

    Args:
        images: the data set as it is.
        wanted: the joints of the targets here.
    """

    def __init__(self, images: PoseDataset, wanted: Skeleton) -> None:
        self.images = images
        self.name = images.name
        self.skeleton = wanted
        joints = " ".join(wanted.joints)
        self.digest = sha256(f"{images.digest} {joints}".encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.images)

    def image(self, index: int) -> Tensor:
        """Return image ``index``, uint8 [3, H, W], RGB."""
        return self.images.image(index)

    def target(self, index: int) -> Target:
        """Return the people of image ``index``."""
        return to_skeleton(self.images.target(index), self.images.skeleton, self.skeleton)

    def size(self, index: int) -> tuple[int, int]:
        """Return (height, width) of image ``index`` in pixels."""
        return self.images.size(index)

    def __getitem__(self, index: int) -> tuple[Tensor, Target]:
        return self.image(index), self.target(index)


def _origin(source: Skeleton, wanted: Skeleton, joint: str) -> Sequence[int]:
    """Return the joints of ``source`` that ``joint`` is the mean of; none where it is unknown."""
    names: Sequence[str] = (joint,)
    if joint == "neck" and (source == OPENPOSE18) != (wanted == OPENPOSE18):
        names = _SHOULDERS if wanted == OPENPOSE18 else ()
    present = all(name in source.joints for name in names)
    return [source.joints.index(name) for name in names] if present else []
