"""Grouping: from heatmaps and part affinity fields to people.

Cao et al., "Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields", CVPR 2017, in
four steps: the peaks of every heatmap, the evidence of every pair of peaks that a limb could join,
the best pairs of each limb, and people out of the joined pairs. What is done otherwise:

- Maps stay on the network's own grid. A peak is refined to a fraction of a cell by a parabola,
  and a limb is sampled at the nearest cells, where the paper's programs enlarge the maps first.
- All images of a batch, all limbs and all pairs are computed at once; images share nothing.
- It is done by numpy on the processor, wherever the maps are: for the hundreds of peaks and the
  thousands of pairs that an image has, numpy's calls cost a fraction of torch's.
- A person's score is the sum of the evidence; its mean only has to pass a threshold. By the mean, a
  part of three sure joints of somebody who came apart would rank above whole people.
- People grow by their most certain connections, whatever the limbs' order. A connection between
  two people who share no joint makes them one; one between people who do share a joint is dropped.

A cell that is not a number is no evidence: of a heatmap it is no peak, of a field it counts as a
sample without a limb.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.connections import Connections, choose, find_connections
from models.peaks import Peaks, find_peaks

GROUPING_VERSION = "grid-peaks+greedy-2"


@dataclass(frozen=True)
class GroupingOptions:
    """Thresholds of the grouping; the defaults are the paper's and its released program's.

    Attributes:
        peak_threshold: a peak is higher than this; at least 0.
        max_peaks: the most peaks of one joint in one image; the highest are kept. It bounds what a
            map of noise costs, as pairs grow with its square; 256 leaves room for crowds of 200.
        samples: points along a limb, both ends included, at which the field is read.
        sample_threshold: a sample passes when the field along the limb is higher than this.
        passing: share of samples that must pass.
        min_parts: joints that a person needs.
        min_score: mean score of joints and connections that a person needs.
    """

    peak_threshold: float = 0.1
    max_peaks: int = 256
    samples: int = 10
    sample_threshold: float = 0.05
    passing: float = 0.8
    min_parts: int = 3
    min_score: float = 0.2


@dataclass(frozen=True)
class People:
    """The people of one image, the surest first.

    Attributes:
        keypoints: float32 ``[n, K, 3]``: x y in cells, and the heatmap's value at the peak; all
            three are 0 where the joint is absent. On the CPU.
        scores: float32 ``[n]``: the sum of the scores of a person's joints and connections, as a
            share of the K + L of a whole person.
    """

    keypoints: Tensor
    scores: Tensor


def group_people(
    heatmaps: Tensor,
    fields: Tensor,
    limbs: Sequence[tuple[int, int]],
    options: GroupingOptions | None = None,
) -> list[People]:
    """Return the people of each image.

    Args:
        heatmaps: ``[B, K, H, W]``, a joint each, without the background.
        fields: ``[B, 2L, H, W]``: channels 2l and 2l + 1 are x and y of limb l, unit vectors that
            point from joint ``limbs[l][0]`` to joint ``limbs[l][1]``.
        limbs: pairs of joints, L of them.
        options: thresholds.

    Raises:
        ValueError: the shapes do not fit each other or the limbs.
    """
    images, joints, height, width = heatmaps.shape
    if fields.shape != (images, 2 * len(limbs), height, width):
        raise ValueError(
            f"fields of {len(limbs)} limbs beside heatmaps {tuple(heatmaps.shape)} must be "
            f"{(images, 2 * len(limbs), height, width)}, not {tuple(fields.shape)}"
        )
    if not all(0 <= joint < joints for limb in limbs for joint in limb):
        raise ValueError(f"limbs name joints that the {joints} heatmaps do not have")
    options = options or GroupingOptions()
    peaks = find_peaks(heatmaps, options.peak_threshold, options.max_peaks)
    candidates = find_connections(
        peaks,
        fields.detach().float().contiguous().cpu().numpy(),
        limbs,
        joints,
        samples=options.samples,
        threshold=options.sample_threshold,
        passing=options.passing,
    )
    connections = choose(candidates, len(limbs))
    return _assemble(peaks, connections, images, joints, len(limbs), options)


def _assemble(
    peaks: Peaks,
    connections: Connections,
    images: int,
    joints: int,
    limbs: int,
    options: GroupingOptions,
) -> list[People]:
    """Return the people of each image that the connections make."""
    image, joint = np.divmod(peaks.channel, joints)
    # A person is known by one of its peaks, until the people worth returning are numbered.
    person = _join(connections, joint)
    linked = person[connections.source]
    inside = linked == person[connections.target]  # not dropped
    linked, strength = linked[inside], connections.score[inside]
    count = len(person)
    parts, links = np.bincount(person, minlength=count), np.bincount(linked, minlength=count)
    total = np.bincount(person, peaks.score, count) + np.bincount(linked, strength, count)
    mean = total / np.maximum(parts + links, 1)
    people = np.flatnonzero((parts >= max(1, options.min_parts)) & (mean >= options.min_score))
    scores = (total / (joints + limbs)).astype(np.float32)
    people = people[np.lexsort((-scores[people], image[people]))]

    number = np.full(count, -1)
    number[people] = np.arange(len(people))
    number = number[person]
    member = number >= 0
    keypoints = np.zeros((len(people), joints, 3), dtype=np.float32)
    places = np.stack([peaks.x, peaks.y, peaks.score], axis=1)
    keypoints[number[member], joint[member]] = places[member]
    each = np.bincount(image[people], minlength=images).tolist()
    split_keypoints = torch.from_numpy(keypoints).split(each)
    split_scores = torch.from_numpy(scores[people]).split(each)
    return [People(*found) for found in zip(split_keypoints, split_scores, strict=True)]


def _join(connections: Connections, joint: np.ndarray) -> np.ndarray:
    """Return for each peak the peak that stands for its person.

    The surest connections join first. Two people become one if they share no joint.
    """
    leader = list(range(len(joint)))
    has = [1 << number for number in joint.tolist()]
    order = np.argsort(-connections.score, kind="stable")
    ends = np.stack([connections.source[order], connections.target[order]], axis=1)
    for first, second in ends.tolist():
        source, target = leader[first], leader[second]
        while leader[source] != source:
            source = leader[source]
        while leader[target] != target:
            target = leader[target]
        if not has[source] & has[target]:
            leader[target] = source
            has[source] |= has[target]
    people = np.array(leader, dtype=np.int64)
    while (people != people[people]).any():
        people = people[people]
    return people
