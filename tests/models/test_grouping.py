"""Grouping: people are drawn as fields, and must come back."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from stick_people import HEIGHT, JOINTS, LIMBS, PAIR, WIDTH, assert_same, draw, stick_people

from models.grouping import GroupingOptions, People, group_people


def assert_found(found: People, people: np.ndarray, tolerance: float = 0.2) -> None:
    """Each person is found once, with all annotated joints and no other."""
    assert found.keypoints.shape == (len(people), people.shape[1], 3)
    assert found.scores.shape == (len(people),)
    points = found.keypoints[..., :2].double().numpy()
    present = ~np.isnan(people[..., 0])
    distance = np.nanmean(np.abs(points[:, None] - people[None]), axis=(2, 3))
    match = distance.argmin(axis=0)
    assert sorted(match) == list(range(len(people)))
    assert np.nanmax(np.abs(points[match] - people)) < tolerance
    assert ((found.keypoints[..., 2].numpy() > 0)[match] == present).all()


@pytest.mark.parametrize("count", [1, 5, 20, 50, 200])
def test_everyone_is_found_once_with_every_joint_in_place(count):
    people = stick_people(count, seed=count)
    (found,) = group_people(*draw(people), LIMBS)
    assert_found(found, people)


@settings(max_examples=25)
@given(count=st.integers(1, 12), seed=st.integers(0, 10**6), absent=st.integers(0, 6))
def test_what_is_drawn_comes_back(count, seed, absent):
    people = stick_people(count, seed)
    # Wrists, ankles and ears may be out of sight: the rest of the body stays connected.
    draws = np.random.default_rng(seed)
    for person in people:
        person[draws.permutation([4, 7, 10, 13, 16, 17])[:absent]] = np.nan
    (found,) = group_people(*draw(people), LIMBS)
    assert_found(found, people, tolerance=0.2)
    assert (found.scores > 0.2).all()
    assert (found.scores.diff() <= 0).all()


def test_absent_joints_are_zero():
    people = stick_people(1)
    people[0, [4, 10]] = np.nan
    (found,) = group_people(*draw(people), LIMBS)
    assert (found.keypoints[0, [4, 10]] == 0).all()


def test_scores_are_the_sums_of_peaks_and_connections_over_those_of_whole_people():
    # One limb on exact cells: both peaks are 1, and so is the field all along.
    heatmaps, fields = draw(np.array([[(5.0, 5.0), (9.0, 5.0)]]), [(0, 1)])
    (found,) = group_people(heatmaps / 2, fields, [(0, 1)], PAIR)
    assert found.keypoints[0].tolist() == [[5, 5, 0.5], [9, 5, 0.5]]
    assert found.scores.tolist() == pytest.approx([(0.5 + 0.5 + 1) / 3])
    more = torch.zeros(1, 1, HEIGHT, WIDTH), torch.zeros(1, 4, HEIGHT, WIDTH)
    heatmaps, fields = (
        torch.cat(maps, dim=1) for maps in zip((heatmaps / 2, fields), more, strict=True)
    )
    (found,) = group_people(heatmaps, fields, [(0, 1), (1, 2), (0, 2)], PAIR)
    assert found.scores.tolist() == pytest.approx([(0.5 + 0.5 + 1) / (3 + 3)])


def test_a_part_of_somebody_ranks_below_whole_people():
    """An arm and an ear whose peaks and connections are as sure as any: the mean would not tell."""
    people = stick_people(3)
    people[1, [joint for joint in range(JOINTS) if joint not in (2, 3, 4, 16)]] = np.nan
    (found,) = group_people(*draw(people), LIMBS)
    assert (found.keypoints[..., 2] > 0).sum(dim=1).tolist() == [JOINTS, JOINTS, 4]


@pytest.mark.parametrize(("threshold", "count"), [(0.6, 1), (0.7, 0)])
def test_people_below_the_mean_score_are_left_out(threshold, count):
    heatmaps, fields = draw(np.array([[(5.0, 5.0), (9.0, 5.0)]]), [(0, 1)])
    options = GroupingOptions(min_parts=2, min_score=threshold)
    (found,) = group_people(heatmaps / 2, fields, [(0, 1)], options)
    assert len(found.scores) == count


@pytest.mark.parametrize("score", [0.0, 0.05, float("nan"), float("-inf")])
def test_empty_fields_give_nobody(score):
    heatmaps = torch.full((3, JOINTS, HEIGHT, WIDTH), score)
    fields = torch.full((3, 2 * len(LIMBS), HEIGHT, WIDTH), score)
    for found in group_people(heatmaps, fields, LIMBS):
        assert found.keypoints.shape == (0, JOINTS, 3)
        assert found.scores.shape == (0,)


def test_no_images_no_limbs():
    assert group_people(torch.zeros(0, 3, 5, 5), torch.zeros(0, 2, 5, 5), [(0, 1)]) == []
    heatmaps, _ = draw(stick_people(2))
    (found,) = group_people(heatmaps, torch.zeros(1, 0, HEIGHT, WIDTH), [])
    assert len(found.scores) == 0


@given(x=st.integers(0, WIDTH - 1), y=st.integers(0, HEIGHT - 1), joint=st.integers(0, JOINTS - 1))
@settings(max_examples=20)
def test_a_lone_peak_is_nobody_unless_one_joint_is_enough(x, y, joint):
    heatmaps = torch.zeros(1, JOINTS, HEIGHT, WIDTH)
    heatmaps[0, joint, y, x] = 0.7
    fields = torch.ones(1, 2 * len(LIMBS), HEIGHT, WIDTH)
    assert len(group_people(heatmaps, fields, LIMBS)[0].scores) == 0
    (found,) = group_people(heatmaps, fields, LIMBS, GroupingOptions(min_parts=1))
    assert found.keypoints[0, joint].tolist() == pytest.approx([x, y, 0.7])
    assert found.keypoints[0].count_nonzero() <= 3
    assert found.scores.tolist() == pytest.approx([0.7 / (JOINTS + len(LIMBS))])


def test_the_first_peak_of_all_is_a_joint_like_any_other():
    """Peak number 0 is the nose here, and it must not be missing."""
    people = stick_people(1)
    (found,) = group_people(*draw(people), LIMBS)
    assert found.keypoints[0, 0, 2] > 0
    assert found.keypoints[0, 0, :2].numpy() == pytest.approx(people[0, 0], abs=0.01)


@pytest.mark.parametrize("peak", [(20.5, 10.0), (20.0, 10.5), (20.5, 10.5)])
def test_a_peak_between_cells_is_one_peak(peak):
    people = np.array([[peak, (peak[0] + 6, peak[1])]])
    (found,) = group_people(*draw(people, [(0, 1)]), [(0, 1)], PAIR)
    assert_found(found, people, tolerance=1e-3)


def test_cells_that_are_not_numbers_are_no_evidence():
    people = stick_people(4)
    heatmaps, fields = draw(people)
    (expected,) = group_people(heatmaps, fields, LIMBS)
    empty = heatmaps.amax(dim=1, keepdim=True) < 1e-3
    heatmaps = heatmaps.masked_fill(empty, torch.nan)
    fields = fields.masked_fill(empty & (fields == 0), torch.nan)
    assert_same(group_people(heatmaps, fields, LIMBS)[0], expected)


@pytest.mark.parametrize("first_to_last", [True, False])
def test_two_halves_of_one_person_become_one(first_to_last):
    """The upper and the lower body grow apart, and the limb that comes last joins them."""
    between = [(1, 8)]
    within = [limb for limb in LIMBS if limb not in ((1, 8), (1, 11))] + [(8, 11)]
    limbs = within + between if first_to_last else between + within
    people = stick_people(3)
    heatmaps, fields = draw(people, limbs)
    # The least sure of all connections, whatever the order of limbs.
    place = limbs.index((1, 8))
    fields[:, 2 * place : 2 * place + 2] *= 0.5
    (found,) = group_people(heatmaps, fields, limbs)
    assert_found(found, people)
    fields[:, 2 * place : 2 * place + 2] = 0
    (halves,) = group_people(heatmaps, fields, limbs)
    assert sorted((halves.keypoints[..., 2] > 0).sum(dim=1).tolist()) == [6] * 3 + [12] * 3


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_a_stray_connection_neither_joins_nor_tears_two_people(order):
    people = np.array([[(5, 5), (5, 15), (5, 25)], [(12, 5), (12, 15), (12, 25)]], dtype=float)
    limbs = [(0, 1), (1, 2), (0, 2)]
    heatmaps, fields = draw(people, limbs)
    # The third limb leads from the first person's head to the second's foot, less surely.
    stray = draw(np.array([[(5, 5), (np.nan, np.nan), (12, 25)]], dtype=float), limbs)[1]
    fields[:, 4:] = stray[:, 4:] * 0.9
    fields = fields.unflatten(1, (3, 2))[:, order].flatten(1, 2)
    (found,) = group_people(heatmaps, fields, [limbs[limb] for limb in order])
    assert_found(found, people)
    assert found.scores.tolist() == pytest.approx([5 / 6, 5 / 6], abs=1e-4)  # a limb is missing


def test_people_who_cross_keep_their_own_joints():
    """Two chains of joints that cross in the middle of a limb."""
    limbs = [(0, 1), (1, 2)]
    people = np.array([[(10, 10), (20, 20), (30, 30)], [(26, 12), (14, 24), (4, 34)]], dtype=float)
    (found,) = group_people(*draw(people, limbs), limbs)
    assert_found(found, people)


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_the_order_of_people_does_not_matter(seed, data):
    people = stick_people(6, seed)
    order = data.draw(st.permutations(range(6)))
    (expected,) = group_people(*draw(people), LIMBS)
    assert_same(group_people(*draw(people[order]), LIMBS)[0], expected)


@settings(max_examples=10)
@given(counts=st.lists(st.integers(0, 8), min_size=1, max_size=4), data=st.data())
def test_images_do_not_touch_each_other(counts, data):
    maps = [draw(stick_people(count, seed)) for seed, count in enumerate(counts)]
    alone = [group_people(*one, LIMBS)[0] for one in maps]
    order = data.draw(st.permutations(range(len(maps))))
    heatmaps = torch.cat([maps[image][0] for image in order])
    fields = torch.cat([maps[image][1] for image in order])
    for image, found in zip(order, group_people(heatmaps, fields, LIMBS), strict=True):
        assert len(alone[image].scores) == counts[image]
        assert_same(found, alone[image])


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_the_order_of_limbs_and_joints_does_not_matter(seed, data):
    heatmaps, fields = draw(stick_people(4, seed))
    (expected,) = group_people(heatmaps, fields, LIMBS)
    limbs = list(data.draw(st.permutations(range(len(LIMBS)))))
    joints = list(data.draw(st.permutations(range(JOINTS))))
    shuffled = [(joints.index(LIMBS[limb][0]), joints.index(LIMBS[limb][1])) for limb in limbs]
    pairs = fields.unflatten(1, (-1, 2))[:, limbs].flatten(1, 2)
    (found,) = group_people(heatmaps[:, joints], pairs, shuffled)
    back = torch.zeros_like(found.keypoints)
    back[:, joints] = found.keypoints
    assert_same(People(back, found.scores), expected)


def test_channels_of_an_unrelated_limb_change_nobody_else():
    people = stick_people(5)
    heatmaps, fields = draw(people)
    (expected,) = group_people(heatmaps, fields, LIMBS)
    noise = torch.rand(1, 2, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    more = torch.cat([heatmaps, noise], dim=1)
    fields = torch.cat([fields, noise - 0.5], dim=1)
    (found,) = group_people(more, fields, [*LIMBS, (JOINTS, JOINTS + 1)])
    whole = found.keypoints[..., 2].count_nonzero(dim=1) == JOINTS
    # A whole person has two joints and a limb more.
    share = (JOINTS + 2 + len(LIMBS) + 1) / (JOINTS + len(LIMBS))
    assert_same(People(found.keypoints[whole][:, :JOINTS], found.scores[whole] * share), expected)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    scale=st.sampled_from([0.0, 0.1, 1.0, 1e30]),
    odd=st.sampled_from([0.0, float("nan"), float("inf"), float("-inf")]),
)
def test_noise_never_raises(seed, size, scale, odd):
    draws = torch.Generator().manual_seed(seed)
    heatmaps = torch.randn(2, JOINTS, *size, generator=draws) * scale
    fields = torch.randn(2, 2 * len(LIMBS), *size, generator=draws) * scale
    for maps in (heatmaps, fields):
        maps[torch.rand(maps.shape, generator=draws) < 0.05] = odd
    for found in group_people(heatmaps, fields, LIMBS, GroupingOptions(max_peaks=20)):
        assert found.keypoints.dtype == found.scores.dtype == torch.float32
        assert found.keypoints.isfinite().all()
        assert found.scores.isfinite().all()
        # On the image, which ends half a cell beyond the middles of the outer cells.
        assert (found.keypoints[..., 0] <= size[1] - 0.5).all()
        assert (found.keypoints[..., 1] <= size[0] - 0.5).all()
        assert (found.keypoints[..., :2] >= -0.5).all()


def test_noise_that_overflows_the_peaks_is_bounded():
    draws = torch.Generator().manual_seed(0)
    heatmaps = torch.rand(1, 2, HEIGHT, WIDTH, generator=draws)
    fields = torch.rand(1, 2, HEIGHT, WIDTH, generator=draws)
    (found,) = group_people(heatmaps, fields, [(0, 1)], GroupingOptions(min_parts=1))
    assert found.keypoints[..., 2].count_nonzero(dim=0).tolist() == [256, 256]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_precisions_find_the_same_people(dtype):
    people = stick_people(5)
    heatmaps, fields = draw(people)
    (found,) = group_people(heatmaps.to(dtype), fields.to(dtype), LIMBS)
    assert_found(found, people)


def test_maps_that_are_slices_of_a_networks_output_are_read_right():
    people = [stick_people(3, seed) for seed in range(2)]
    drawn = [torch.cat(draw(each), dim=1) for each in people]
    output = torch.cat(drawn).contiguous(memory_format=torch.channels_last)
    for found, each in zip(
        group_people(output[:, :JOINTS], output[:, JOINTS:], LIMBS), people, strict=True
    ):
        assert_found(found, each)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("count", [5, 200])
def test_a_gpu_finds_the_same(count):
    heatmaps, fields = draw(stick_people(count))
    (expected,) = group_people(heatmaps, fields, LIMBS)
    (found,) = group_people(heatmaps.cuda(), fields.cuda(), LIMBS)
    assert_same(found, expected)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="must be"):
        group_people(torch.zeros(1, 2, 4, 4), torch.zeros(1, 4, 4, 4), [(0, 1)])
    with pytest.raises(ValueError, match="limbs name joints"):
        group_people(torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 4), [(0, 2)])
