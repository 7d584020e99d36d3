"""Connected sets against a walk along the limbs, and peaks against all distances."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.ceilings.counterfactuals import connected_sets, nearest_peaks
from models.skeleton import SKELETONS


def walked(present, limbs):
    """Return the sets of joints that can be walked to from each other."""
    sets, left = [], set(present)
    while left:
        reached, edge = set(), {min(left)}
        while edge:
            reached |= edge
            edge = {b for limb in limbs for a, b in (limb, limb[::-1]) if a in edge and b in left}
            edge -= reached
        sets.append(frozenset(reached))
        left -= reached
    return sets


@given(
    st.sampled_from([one for one in SKELETONS.values() if one.limbs]),
    st.integers(0, 10_000),
    st.integers(1, 4),
)
def test_sets_are_what_limbs_can_be_walked_along(skeleton, seed, least):
    generator = torch.Generator().manual_seed(seed)
    present = torch.rand(3, len(skeleton), generator=generator) < 0.6
    joints = torch.rand(3, len(skeleton), 3, generator=generator)
    owner, members = connected_sets(joints, present, skeleton.limbs, least)
    found = {
        (person, frozenset(row.nonzero().squeeze(1).tolist()))
        for person, row in zip(owner.tolist(), members, strict=True)
    }
    assert len(found) == len(owner)
    assert found == {
        (person, one)
        for person, row in enumerate(present)
        for one in walked(row.nonzero().squeeze(1).tolist(), skeleton.limbs)
        if len(one) >= least
    }


def test_a_limb_without_length_joins_nothing():
    joints = torch.tensor([[[1.0, 2.0, 2.0], [1.0, 2.0, 2.0], [5.0, 2.0, 2.0]]])
    present = torch.ones(1, 3, dtype=torch.bool)
    _, members = connected_sets(joints, present, [(0, 1), (1, 2)], 1)
    assert members.tolist() == [[True, False, False], [False, True, True]]


def test_nobody_has_no_sets():
    owner, members = connected_sets(torch.zeros(0, 3, 3), torch.zeros(0, 3) > 0, [(0, 1)], 1)
    assert owner.shape == (0,)
    assert members.shape == (0, 3)


@given(st.integers(0, 10_000), st.integers(0, 12))
def test_the_nearest_peak_is_taken_if_it_is_near_enough(seed, count):
    generator = torch.Generator().manual_seed(seed)
    joints = torch.rand(4, 3, 3, generator=generator) * 20
    present = torch.rand(4, 3, generator=generator) < 0.8
    peaks = torch.zeros(count, 3, 3)
    kind = torch.randint(0, 2, (count,), generator=generator)  # the last joint has none at all
    peaks[torch.arange(count), kind] = torch.rand(count, 3, generator=generator) * 20 + 0.1
    found = nearest_peaks(joints, present, peaks, 4.0)
    for person in range(4):
        for joint in range(3):
            x, y, _ = joints[person, joint].tolist()
            reachable = {
                max(abs(a - x), abs(b - y)): [a, b, height]
                for a, b, height in peaks[kind == joint, joint].tolist()
                if max(abs(a - x), abs(b - y)) <= 4.0
            }
            expected = reachable[min(reachable)] if reachable else [0, 0, 0]
            assert found[person, joint].tolist() == (
                expected if present[person, joint] else [0, 0, 0]
            )
