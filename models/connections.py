"""Connections of peaks: the pairs that limbs join, by the part affinity field between them."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from models.peaks import Peaks

# Pairs that are computed together: what fits a processor's cache. A quarter as many take a third
# longer at 50 people.
_BLOCK = 1 << 14
# From this many pairs on, a look at a few samples first is faster than all samples of all pairs.
_MANY_PAIRS = 1 << 11


class Connections(NamedTuple):
    """Pairs with evidence, C in all; numpy arrays.

    Attributes:
        limb: int64 ``[C]``, image * limbs + limb.
        source: int64 ``[C]``, the place among all peaks of the limb's first joint.
        target: int64 ``[C]``, that of its second.
        score: float32 ``[C]``, the mean of the field along the limb, less what its length costs.
    """

    limb: np.ndarray
    source: np.ndarray
    target: np.ndarray
    score: np.ndarray


class _Pairs(NamedTuple):
    """Pairs of peaks that a limb could join."""

    limb: np.ndarray
    source: np.ndarray
    target: np.ndarray
    x: np.ndarray  # of the source, in cells
    y: np.ndarray
    way_x: np.ndarray  # from the source to the target
    way_y: np.ndarray
    length: np.ndarray


def find_connections(
    peaks: Peaks,
    fields: np.ndarray,
    limbs: Sequence[tuple[int, int]],
    joints: int,
    *,
    samples: int,
    threshold: float,
    passing: float,
) -> Connections:
    """Return the pairs of peaks with enough evidence between them, and their scores.

    Args:
        peaks: of all images.
        fields: float32 ``[B, 2L, H, W]``, one block of memory.
        limbs: pairs of joints, L of them.
        joints: maps of an image, by which the peaks are numbered.
        samples: points along a limb, both ends included, at which the field is read.
        threshold: a sample passes when the field along the limb is higher than this.
        passing: share of samples that must pass.
    """
    images = len(fields)
    count = np.bincount(peaks.channel, minlength=images * joints)
    start = count.cumsum() - count
    ends = np.array(limbs, dtype=np.int64).reshape(-1, 2).T
    first_channel = np.arange(0, images * joints, joints)[:, None]
    source, target = (ends[:, None] + first_channel).reshape(2, -1)
    # Each peak of a limb's first joint pairs with every peak of the second.
    limb, peak = _ranges(start[source], count[source])
    first, many = start[target][limb], count[target][limb]
    last = many.cumsum()
    cuts = np.searchsorted(last, np.arange(_BLOCK, many.sum(), _BLOCK)).tolist()
    along = np.linspace(0, 1, samples, dtype=np.float32)[:, None]
    allowed = samples - math.ceil(passing * samples - 1e-9)
    found = []
    with np.errstate(invalid="ignore", over="ignore"):  # fields that are not finite
        for begin, end in pairwise([0, *cuts, len(peak)]):
            some = slice(begin, end)
            pairs = _pairs(limb[some], peak[some], first[some], many[some], peaks)
            found.append(_with_evidence(pairs, fields, along, threshold, allowed))
    return Connections(*(np.concatenate(values) for values in zip(*found, strict=True)))


def _ranges(first: np.ndarray, many: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``many[i]`` numbers from ``first[i]`` on for each i: the i, and the numbers."""
    place = np.repeat(np.arange(len(many)), many)
    before = np.repeat(first - many.cumsum() + many, many)
    return place, before + np.arange(len(place))


def _pairs(
    limb: np.ndarray, source: np.ndarray, first: np.ndarray, many: np.ndarray, peaks: Peaks
) -> _Pairs:
    """Return the pairs of each source with ``many`` peaks from the ``first`` on."""
    _, target = _ranges(first, many)
    x, y = (np.repeat(values[source], many) for values in (peaks.x, peaks.y))
    way_x, way_y = peaks.x[target] - x, peaks.y[target] - y
    # Two peaks on one point have no direction, and so no evidence.
    length = np.maximum(np.sqrt(way_x * way_x + way_y * way_y), np.float32(1e-6))
    limb, source = np.repeat(limb, many), np.repeat(source, many)
    return _Pairs(limb, source, target, x, y, way_x, way_y, length)


def _with_evidence(
    pairs: _Pairs, fields: np.ndarray, along: np.ndarray, threshold: float, allowed: int
) -> Connections:
    """Return the pairs that have enough evidence.

    Args:
        pairs: of limbs.
        fields: as in ``find_connections``.
        along: ``[S, 1]``, where to read, from 0 at the source to 1 at the target.
        threshold: a sample passes when the field along the limb is higher than this.
        allowed: samples that may fail.
    """
    # More failures among a few samples than a limb may have at all rule a pair out. Those of the
    # middle tell the most: near its ends, any pair lies on limbs of the right kind.
    few = allowed + 2
    if len(pairs.limb) > _MANY_PAIRS and few < len(along):
        begin = (len(along) - few) // 2
        passed = _read_fields(pairs, fields, along[begin : begin + few]) > threshold
        likely = np.flatnonzero(passed.sum(axis=0, dtype=np.int16) >= few - allowed)
        pairs = _Pairs(*(values[likely] for values in pairs))
    evidence = _read_fields(pairs, fields, along)
    passed = evidence > threshold
    good = np.flatnonzero(passed.sum(axis=0, dtype=np.int16) >= len(along) - allowed)
    # The paper's programs take off from limbs longer than half the image is high.
    score = evidence[:, good].mean(axis=0)
    score += np.minimum(0.5 * fields.shape[-2] / pairs.length[good] - 1, 0)
    good, score = good[score > 0], score[score > 0]
    return Connections(pairs.limb[good], pairs.source[good], pairs.target[good], score)


def _read_fields(pairs: _Pairs, fields: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Return the field along each pair, at its nearest cells, ``[S, P]``."""
    height, width = fields.shape[-2:]
    row, column = along * pairs.way_y, along * pairs.way_x
    row += pairs.y
    column += pairs.x
    np.rint(row, out=row)
    row *= width
    row += np.rint(column, out=column)
    cell = row.astype(np.intp)
    cell += pairs.limb * (2 * height * width)
    flat = fields.reshape(-1)
    # No cell is outside; of numpy's ways to see to that, this is the fastest.
    field_x, field_y = (values.take(cell, mode="wrap") for values in (flat, flat[height * width :]))
    field_x *= pairs.way_x / pairs.length
    field_y *= pairs.way_y / pairs.length
    field_x += field_y
    np.copyto(field_x, 0, where=~np.isfinite(field_x))
    return field_x


def choose(candidates: Connections, limbs: int) -> Connections:
    """Return the best candidates of each of ``limbs`` limbs: no peak has two partners by one limb.

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
    return Connections(*(values[chosen] for values in candidates))
