"""What could be found at best after each loss between an image's people and their decoded fields.

The ladder leads from the truth to the decoder's own result. A step takes from everybody what its
cause takes and leaves what later causes take, so that the differences between steps add up:

1. "persons with too few joints": whoever has no connected set of as many joints as the grouping
   asks of a person is not found.
2. "joints out of the image": joints outside of the network's input are absent.
3. "joints without a limb": a person comes apart into the sets of joints that limbs connect, a
   limb needing both of its joints, and these at two places. Sets of fewer joints than a person
   needs are not found; of the others, each is found as a person.
4. "rounding": each joint is where it is read from a heatmap of its own.
5. "overlapping joints": each joint is where the nearest peak is in the heatmap of everybody's.
   Two people's joints may have become one peak, which both keep for the time being.
6. "overlapping limbs": all that remains, which is what the grouping makes of the right peaks.

The ranking is the same on all steps: who is found has the score of the decoder's person with most
of his peaks, and 0 where the decoder has no such person.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from bench.evaluate_images import Detections
from models.neck import add_neck, drop_neck
from models.skeleton import Skeleton

#: What each step loses; the first is the truth.
CAUSES: Final = (
    "",
    "persons with too few joints",
    "joints out of the image",
    "joints without a limb",
    "rounding",
    "overlapping joints",
    "overlapping limbs",
)
# Cells along x and y between a joint and its peak, at most: half a cell from the joint to the
# middle of its cell, one to a neighbour that someone else's joint has made higher, and half a cell
# by which refining moves that one.
_REACH: Final = 2.0
_SAME: Final = 1e-3  # pixels; two peaks of a joint are never so close


def ladder(
    people: Tensor,
    alone: Tensor,
    peaks: Tensor,
    found: Detections,
    *,
    skeleton: Skeleton,
    grouped: Skeleton,
    input_size: int,
    stride: int,
    min_parts: int,
) -> list[Detections]:
    """Return what is found in one image on each step, the truth first, ``found`` last.

    Places are pixels of the input throughout.

    Args:
        people: ``[N, K, 3]`` x y visibility of everybody annotated.
        alone: ``[N, G, 3]`` x y height of each joint's peak in a heatmap of its own, 0 where none.
        peaks: ``[P, G, 3]`` x y height of the peaks of everybody's heatmaps, one a row.
        found: what the decoder makes of everybody's maps.
        skeleton: of people and detections, K joints.
        grouped: of the maps, G joints.
        input_size: side of the input.
        stride: pixels a cell.
        min_parts: joints that the grouping asks of a person.
    """
    with_neck = grouped != skeleton
    joints = add_neck(people) if with_neck else people
    annotated = joints[..., 2] > 0
    middle = (input_size - 1) / 2
    inside = annotated & ((joints[..., :2] - middle).abs() <= input_size / 2).all(dim=-1)
    near = nearest_peaks(joints, inside, peaks, _REACH * stride)

    def sets(present: Tensor) -> tuple[Tensor, Tensor]:
        return connected_sets(joints, present, grouped.limbs, min_parts)

    whole = sets(inside)
    able = whole[0].unique()
    steps = (
        (joints, torch.arange(len(joints)), annotated),
        (joints, able, annotated[able]),
        (joints, able, inside[able]),
        (joints, *whole),
        (alone, *sets(inside & (alone[..., 2] > 0))),
        (near, *sets(near[..., 2] > 0)),
    )
    result = []
    for places, owner, present in steps:
        parts = torch.cat([places[owner, :, :2], present.unsqueeze(-1)], dim=-1)
        traces = near[owner] * present.unsqueeze(-1)
        if with_neck:
            parts, traces = drop_neck(parts), drop_neck(traces)
        anybody = (parts[..., 2] > 0).any(dim=1)
        result.append(
            {
                "keypoints": parts[anybody],
                "keypoints_scores": parts[anybody, :, 2],
                "scores": _scores_of_most_peaks(traces[anybody], found),
            }
        )
    return [*result, found]


def nearest_peaks(joints: Tensor, present: Tensor, peaks: Tensor, reach: float) -> Tensor:
    """Return the peak ``[N, G, 3]`` that is nearest to each joint, 0 where it has none.

    Args:
        joints: ``[N, G, 3]``, pixels.
        present: bool ``[N, G]``, joints that can have a peak.
        peaks: ``[P, G, 3]`` as in ``ladder``.
        reach: pixels between a joint and its peak along x and y, at most.
    """
    nearest = torch.zeros_like(joints)
    for joint in range(joints.shape[1]):
        candidates = peaks[peaks[:, joint, 2] > 0, joint]
        if not len(candidates):
            continue
        distance = torch.cdist(joints[:, joint, :2], candidates[:, :2], p=torch.inf)
        closest, place = distance.min(dim=1)
        good = present[:, joint] & (closest <= reach)
        nearest[:, joint] = candidates[place] * good.unsqueeze(1)
    return nearest


def connected_sets(
    joints: Tensor, present: Tensor, limbs: Sequence[tuple[int, int]], least: int
) -> tuple[Tensor, Tensor]:
    """Return the sets of at least ``least`` joints that limbs connect: whose, and which joints.

    Args:
        joints: ``[N, G, 3]``; a limb between two joints at one place connects nothing, because it
            has no direction.
        present: bool ``[N, G]``, joints that connect.
        limbs: pairs of joints.
        least: joints of a set.

    Returns:
        the person ``[n]`` of each set, and bool ``[n, G]``.
    """
    count = joints.shape[1]
    sources, targets = torch.tensor(limbs).view(-1, 2).T
    apart = (joints[:, sources, :2] != joints[:, targets, :2]).any(dim=-1)
    joined = (present[:, sources] & present[:, targets] & apart).float()
    together = torch.eye(count).repeat(len(joints), 1, 1)
    together[:, sources, targets] += joined
    together[:, targets, sources] += joined
    for _ in range(count.bit_length()):  # each round doubles the length of the chains
        together = ((together @ together) > 0).float()
    # A set is known by its first joint: the one that is connected to none before it.
    first = present & (together.tril(-1).sum(dim=-1) == 0)
    members = together[first] > 0
    large = members.sum(dim=-1) >= least
    return first.nonzero()[large, 0], members[large]


def _scores_of_most_peaks(traces: Tensor, found: Detections) -> Tensor:
    """Return ``[n]``, the score of the one in ``found`` that shares most peaks with each trace."""
    same = (traces[:, None, :, :2] - found["keypoints"][None, ..., :2]).abs().amax(dim=-1) < _SAME
    shared = same & (traces[:, None, :, 2] > 0) & (found["keypoints_scores"] > 0)
    # The first, with whom nothing is shared, is nobody.
    number = torch.cat([torch.zeros(len(traces), 1), shared.sum(dim=-1)], dim=1)
    return torch.cat([torch.zeros(1), found["scores"]])[number.argmax(dim=1)]
