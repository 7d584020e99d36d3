"""Connections: which pairs of peaks the fields between them join."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from stick_people import LIMBS, PAIR, assert_same, draw, stick_people

from models.connections import Connections, choose
from models.grouping import group_people


@pytest.mark.parametrize("many_pairs", [0, 100])
@pytest.mark.parametrize(("broken", "count"), [(2, 1), (3, 0)])
def test_four_fifths_of_the_samples_must_pass(monkeypatch, broken, count, many_pairs):
    # With many pairs, a few samples are looked at first.
    monkeypatch.setattr("models.connections._MANY_PAIRS", many_pairs)
    # Nine cells apart, the ten samples fall on the ten cells between them.
    heatmaps, fields = draw(np.array([[(5.0, 5.0), (14.0, 5.0)]]), [(0, 1)])
    fields[..., 8 : 8 + broken] = 0
    (found,) = group_people(heatmaps, fields, [(0, 1)], PAIR)
    assert len(found.scores) == count


def test_limbs_longer_than_half_the_image_cost_score():
    near, far = (
        group_people(*draw(np.array([[(5.0, 5.0), (x, 5.0)]]), [(0, 1)]), [(0, 1)], PAIR)[0]
        for x in (28.0, 51.0)
    )
    assert near.scores.tolist() == pytest.approx([1])
    assert far.scores.tolist() == pytest.approx([(1 + 1 + 23 / 46) / 3])


def test_the_surer_pair_goes_first():
    """The field of the upper pair is whole; the one to the lower target fails one sample."""
    people = np.array([[(10.0, 10.0), (19.0, 10.0)]])
    heatmaps, fields = draw(people, [(0, 1)])
    heatmaps[0, 1] = torch.maximum(heatmaps[0, 1], heatmaps[0, 1].roll(2, dims=0))
    fields[0, 0, 9:13, 10:20] = 1
    (found,) = group_people(heatmaps, fields, [(0, 1)], PAIR)
    assert found.keypoints[:, :, :2].tolist() == [[[10, 10], [19, 10]]]


def test_a_field_against_the_limb_is_no_evidence():
    heatmaps, fields = draw(np.array([[(5.0, 5.0), (9.0, 5.0)]]), [(0, 1)])
    assert len(group_people(heatmaps, -fields, [(0, 1)], PAIR)[0].scores) == 0


def test_a_limb_without_numbers_joins_nothing():
    heatmaps, fields = draw(np.array([[(5.0, 5.0), (9.0, 5.0)]]), [(0, 1)])
    assert len(group_people(heatmaps, fields * torch.nan, [(0, 1)], PAIR)[0].scores) == 0
    assert len(group_people(heatmaps * torch.nan, fields, [(0, 1)], PAIR)[0].scores) == 0


def greedy_by_hand(candidates: list[tuple[float, int, int]]) -> set[tuple[int, int]]:
    sources, targets, chosen = set(), set(), set()
    for _, source, target in sorted(candidates, reverse=True):
        if source not in sources and target not in targets:
            sources.add(source)
            targets.add(target)
            chosen.add((source, target))
    return chosen


@given(falling=st.permutations(range(42)), kept=st.integers(0, 42))
def test_pairs_are_chosen_as_one_after_the_other_would_be(falling, kept):
    """Six sources and seven targets, some pairs of which are candidates, in every order."""
    source, target = np.divmod(np.array(falling[:kept], dtype=int), 7)
    score = np.linspace(1, 0.5, kept, dtype=np.float32)
    candidates = list(zip(score, source, target + 6, strict=True))
    shuffled = np.random.default_rng(kept).permutation(kept)
    limb = np.zeros(kept, dtype=int)
    chosen = choose(
        Connections(limb, source[shuffled], target[shuffled] + 6, score[shuffled]), limbs=1
    )
    pairs = set(zip(chosen.source.tolist(), chosen.target.tolist(), strict=True))
    assert pairs == greedy_by_hand(candidates)


@pytest.mark.parametrize(("block", "many"), [(64, 0), (1 << 20, 0), (64, 1 << 30)])
def test_no_pair_is_lost_by_looking_first_or_by_blocks(monkeypatch, block, many):
    draws = torch.Generator().manual_seed(0)
    heatmaps, fields = draw(stick_people(20))
    # Holes, so that many a limb has just as many samples as it needs.
    fields *= torch.rand(fields.shape, generator=draws) > 0.1
    monkeypatch.setattr("models.connections._BLOCK", 1 << 20)
    monkeypatch.setattr("models.connections._MANY_PAIRS", 1 << 30)
    (expected,) = group_people(heatmaps, fields, LIMBS)
    monkeypatch.setattr("models.connections._BLOCK", block)
    monkeypatch.setattr("models.connections._MANY_PAIRS", many)
    assert_same(group_people(heatmaps, fields, LIMBS)[0], expected)
