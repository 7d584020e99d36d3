"""Grouping: from heatmaps and part affinity fields to people.

Cao et al., "Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields", CVPR 2017, in
four steps: the peaks of every heatmap, the evidence of every pair of peaks that a limb could join,
the best pairs of each limb, and people out of the joined pairs. What is done otherwise:

- Maps stay on the network's own grid. A peak is refined to a fraction of a cell by a parabola,
  and a limb is sampled at the nearest cells, where the paper's programs enlarge the maps first.
- All images of a batch, all limbs and all pairs are computed at once; images share nothing.
- A person's score is the sum of the evidence; its mean only has to pass a threshold. By the mean, a
  part of three sure joints of somebody who came apart would rank above whole people.
- People grow by their most certain connections, whatever the limbs' order. A connection between
  two people who share no joint makes them one; one between people who do share a joint is dropped.

A cell that is not a number is no evidence: of a heatmap it is no peak, of a field it counts as a
sample without a limb.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.peaks import Peaks, find_peaks

GROUPING_VERSION = "grid-peaks+greedy-2"

# Pairs that are computed together: what fits a processor's cache. Half or four times as many take
# a quarter longer at 50 people.
_BLOCK = 1 << 14
# From this many pairs on, a look at a few samples first is faster than all samples of all pairs.
_MANY_PAIRS = 1 << 11


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


class _Pairs(NamedTuple):
    """Pairs of peaks, by their places among all peaks, that a limb could join."""

    limb: Tensor  # image * limbs + limb
    source: Tensor
    target: Tensor

    def where(self, mask: Tensor) -> "_Pairs":
        places = mask.nonzero().squeeze(1)
        return _Pairs(*(values.index_select(0, places) for values in self))


class _Connections(NamedTuple):
    """Pairs with evidence, and their scores."""

    limb: np.ndarray
    source: np.ndarray
    target: np.ndarray
    score: np.ndarray


@torch.no_grad()
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
    peaks = find_peaks(heatmaps.float(), options.peak_threshold, options.max_peaks)
    candidates = _score_pairs(peaks, fields.float().contiguous(), limbs, joints, options)
    return _assemble(peaks, _assign(candidates, len(limbs)), images, joints, len(limbs), options)


def _score_pairs(
    peaks: Peaks,
    fields: Tensor,
    limbs: Sequence[tuple[int, int]],
    joints: int,
    options: GroupingOptions,
) -> _Connections:
    """Return the pairs of peaks with enough evidence between them, and their scores."""
    images, device = len(fields), fields.device
    count = torch.bincount(peaks.channel, minlength=images * joints)
    start = count.cumsum(0) - count
    ends = torch.tensor(limbs, device=device, dtype=torch.int64).view(-1, 2).T
    first_channel = torch.arange(0, images * joints, joints, device=device).unsqueeze(1)
    source, target = (ends.unsqueeze(1) + first_channel).flatten(1)
    # A row is a peak of a limb's source joint; it pairs with every peak of the target joint.
    limb_of_row, source_of_row = _ranges(start[source], count[source])
    start, count = start[target], count[target]
    size = max(1, _BLOCK // max([1, *count.tolist()]))
    found = []
    for limb, row_source in zip(limb_of_row.split(size), source_of_row.split(size), strict=True):
        row, target = _ranges(start[limb], count[limb])
        pairs = _Pairs(limb.index_select(0, row), row_source.index_select(0, row), target)
        found.append(_with_evidence(pairs, peaks, fields, options))
    return _Connections(*(torch.cat(values).cpu().numpy() for values in zip(*found, strict=True)))


def _ranges(first: Tensor, many: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``many[i]`` numbers from ``first[i]`` on for each i: the i, and the numbers."""
    place = torch.repeat_interleave(many)
    before = (first - many.cumsum(0) + many).index_select(0, place)
    return place, before + torch.arange(len(place), device=first.device)


def _with_evidence(
    pairs: _Pairs, peaks: Peaks, fields: Tensor, options: GroupingOptions
) -> tuple[Tensor, ...]:
    """Return limb, source, target and score of the pairs that have enough evidence."""
    allowed = options.samples - math.ceil(options.passing * options.samples - 1e-9)
    along = torch.linspace(0, 1, options.samples, device=fields.device).unsqueeze(1)
    # More failures among a few samples than a limb may have at all rule a pair out. Those of the
    # middle tell the most: near its ends, any pair lies on limbs of the right kind.
    few = allowed + 2
    if len(pairs.limb) > _MANY_PAIRS and few < options.samples:
        middle = (options.samples - few) // 2
        evidence, _ = _read_fields(pairs, peaks, fields, along[middle : middle + few])
        pairs = pairs.where((evidence > options.sample_threshold).sum(dim=0) >= few - allowed)
    evidence, length = _read_fields(pairs, peaks, fields, along)
    passed = (evidence > options.sample_threshold).sum(dim=0) >= options.samples - allowed
    # The paper's programs take off from limbs longer than half the image is high.
    score = evidence.mean(dim=0) + (0.5 * fields.shape[-2] / length - 1).clamp_max_(0)
    good = (passed & (score > 0)).nonzero().squeeze(1)
    return *(values.index_select(0, good) for values in pairs), score.index_select(0, good)


def _read_fields(
    pairs: _Pairs, peaks: Peaks, fields: Tensor, along: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the field along each pair ``[S, P]``, and how far its peaks are apart ``[P]``.

    ``along`` ``[S, 1]`` says where to read, from 0 at the source to 1 at the target.
    """
    height, width = fields.shape[-2:]
    x, y = peaks.x.index_select(0, pairs.source), peaks.y.index_select(0, pairs.source)
    way_x = peaks.x.index_select(0, pairs.target) - x
    way_y = peaks.y.index_select(0, pairs.target) - y
    # Two peaks on one point have no direction, and so no evidence.
    length = torch.hypot(way_x, way_y).clamp_min_(1e-6)
    column = torch.addcmul(x, way_x, along).round_()
    row = torch.addcmul(y, way_y, along).round_()
    cell = column.add_(row, alpha=width).long().add_(pairs.limb * (2 * height * width)).flatten()
    flat = fields.flatten()
    field_x = flat.index_select(0, cell).view_as(row)
    field_y = flat[height * width :].index_select(0, cell).view_as(row)
    evidence = field_x.mul_(way_x / length).addcmul_(field_y, way_y / length)
    return evidence.nan_to_num_(0.0, 0.0, 0.0), length


def _assign(candidates: _Connections, limbs: int) -> _Connections:
    """Return the best pairs of each limb, in which no peak has two partners.

    The greedy choice: by falling score, a pair is taken unless one of its ends already is. The
    assignment with the highest sum may give up a sure pair for two doubtful ones, and its time
    grows with the cube of the people. Here all limbs go at once: pairs that are the best for both
    their ends are taken together, round after round, which takes the same pairs.
    """
    source = candidates.source * limbs + candidates.limb % limbs
    target = candidates.target * limbs + candidates.limb % limbs
    best = np.empty((2, 1 + max(source.max(initial=0), target.max(initial=0))), dtype=np.int64)
    rest = np.argsort(-candidates.score, kind="stable")
    taken = [rest[:0]]
    while rest.size:
        sources, targets, rank = source[rest], target[rest], np.arange(rest.size)
        # Of several values for one place the last stays, which is the best pair's rank.
        best[0, sources[::-1]] = rank[::-1]
        best[1, targets[::-1]] = rank[::-1]
        best_of_source, best_of_target = best[0, sources], best[1, targets]
        mutual = (best_of_source == rank) & (best_of_target == rank)
        taken.append(rest[mutual])
        rest = rest[~(mutual[best_of_source] | mutual[best_of_target])]
    chosen = np.concatenate(taken)
    return _Connections(*(values[chosen] for values in candidates))


def _assemble(
    peaks: Peaks,
    connections: _Connections,
    images: int,
    joints: int,
    limbs: int,
    options: GroupingOptions,
) -> list[People]:
    """Return the people of each image that the connections make."""
    x, y, score = (values.cpu().numpy() for values in (peaks.x, peaks.y, peaks.score))
    image, joint = np.divmod(peaks.channel.cpu().numpy(), joints)
    # A person is known by one of its peaks, until the people worth returning are numbered.
    person = _join(connections, joint)
    linked = person[connections.source]
    inside = linked == person[connections.target]  # not dropped
    linked, strength = linked[inside], connections.score[inside]
    count = len(person)
    parts, links = np.bincount(person, minlength=count), np.bincount(linked, minlength=count)
    total = np.bincount(person, score, count) + np.bincount(linked, strength, count)
    mean = total / np.maximum(parts + links, 1)
    people = np.flatnonzero((parts >= max(1, options.min_parts)) & (mean >= options.min_score))
    scores = (total / (joints + limbs)).astype(np.float32)
    people = people[np.lexsort((-scores[people], image[people]))]

    number = np.full(count, -1)
    number[people] = np.arange(len(people))
    number = number[person]
    member = number >= 0
    keypoints = np.zeros((len(people), joints, 3), dtype=np.float32)
    keypoints[number[member], joint[member]] = np.stack([x, y, score], axis=1)[member]
    each = np.bincount(image[people], minlength=images).tolist()
    split_keypoints = torch.from_numpy(keypoints).split(each)
    split_scores = torch.from_numpy(scores[people]).split(each)
    return [People(*found) for found in zip(split_keypoints, split_scores, strict=True)]


def _join(connections: _Connections, joint: np.ndarray) -> np.ndarray:
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
