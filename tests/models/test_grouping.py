"""Grouping: people are drawn as fields, and must come back."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.grouping import GroupingOptions, People, _assign, _Connections, group_people

HEIGHT, WIDTH = 46, 82
SIGMA, HALF_WIDTH = 7 / 8, 1.0  # of the paper's 7 and 8 pixels at stride 8
# The 18 joints of the paper's network: nose, neck, right arm, left arm, right leg, left leg, right
# and left eye, right and left ear. Upright, height 1, neck at (0, 0).
BODY = np.fromstring(
    "0 -.13  0 0  -.11 .01  -.14 .19  -.15 .35  .11 .01  .14 .19  .15 .35  -.07 .31  -.08 .53  "
    "-.08 .75  .07 .31  .08 .53  .08 .75  -.025 -.16  .025 -.16  -.055 -.14  .055 -.14",
    sep=" ",
).reshape(-1, 2)
ENDS = "1-2 1-5 2-3 3-4 5-6 6-7 1-8 8-9 9-10 1-11 11-12 12-13 1-0 0-14 14-16 0-15 15-17 2-16 5-17"
LIMBS = [
    (int(source), int(target)) for source, target in (ends.split("-") for ends in ENDS.split())
]
JOINTS = len(BODY)
PAIR = GroupingOptions(min_parts=2)


def stick_people(count: int, seed: int = 0) -> np.ndarray:
    """People in cells of a jittered grid, each as large as its cell allows: ``[count, 18, 2]``."""
    draws = np.random.default_rng(seed)
    columns = int(np.ceil(np.sqrt(count * WIDTH / HEIGHT * 1.9)))
    rows = int(np.ceil(count / max(1, columns)))
    wide, high = (WIDTH - 3) / max(1, columns), (HEIGHT - 3) / max(1, rows)
    people = []
    for place in draws.permutation(columns * rows)[:count]:
        row, column = divmod(int(place), columns)
        body = BODY + draws.normal(0, 0.012, BODY.shape) - (0, 0.295)
        body *= min(0.9 * high, wide / 0.42) * draws.uniform(0.85, 1)
        centre = ((column + 0.5) * wide + 1, (row + 0.5) * high + 1)
        people.append(body + centre + draws.uniform(-0.2, 0.2, 2))
    return np.array(people).reshape(-1, JOINTS, 2)


def draw(people: np.ndarray, limbs=LIMBS) -> tuple[torch.Tensor, torch.Tensor]:
    """Heatmaps and fields of one image; joints that are not a number are absent."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float64)
    heatmaps = np.zeros((people.shape[1], HEIGHT, WIDTH))
    fields = np.zeros((len(limbs), 2, HEIGHT, WIDTH))
    covered = np.zeros((len(limbs), HEIGHT, WIDTH))
    for person in people:
        for joint, (x, y) in enumerate(person):
            distance = (columns - x) ** 2 + (rows - y) ** 2
            heatmaps[joint] = np.fmax(heatmaps[joint], np.exp(-distance / (2 * SIGMA**2)))
        for limb, (source, target) in enumerate(limbs):
            way = person[target] - person[source]
            length = np.hypot(*way)
            if not length > 0:
                continue
            unit = way / length
            x, y = columns - person[source, 0], rows - person[source, 1]
            along = np.clip(x * unit[0] + y * unit[1], 0, length)
            near = np.hypot(x - along * unit[0], y - along * unit[1]) <= HALF_WIDTH
            fields[limb] += unit[:, None, None] * near
            covered[limb] += near
    fields /= np.maximum(covered, 1)[:, None]
    flat = fields.reshape(2 * len(limbs), HEIGHT, WIDTH)
    return torch.from_numpy(heatmaps).float()[None], torch.from_numpy(flat).float()[None]


def as_set(people: People) -> np.ndarray:
    """The people, sorted by their joints, so that their order does not count."""
    flat = people.keypoints.flatten(1).numpy()
    return flat[np.lexsort(flat.round(3).T)]


def assert_same(found: People, expected: People) -> None:
    assert len(found.scores) == len(expected.scores)
    np.testing.assert_allclose(as_set(found), as_set(expected), atol=1e-4)
    np.testing.assert_allclose(found.scores.sort().values, expected.scores.sort().values, atol=1e-4)


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
    (found,) = group_people(heatmaps / 2, fields, [(0, 1)], GroupingOptions(min_parts=2))
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


@pytest.mark.parametrize("many_pairs", [0, 100])
@pytest.mark.parametrize(("broken", "count"), [(2, 1), (3, 0)])
def test_four_fifths_of_the_samples_must_pass(monkeypatch, broken, count, many_pairs):
    # With many pairs, a few samples are looked at first.
    monkeypatch.setattr("models.grouping._MANY_PAIRS", many_pairs)
    # Nine cells apart, the ten samples fall on the ten cells between them.
    heatmaps, fields = draw(np.array([[(5.0, 5.0), (14.0, 5.0)]]), [(0, 1)])
    fields[..., 8 : 8 + broken] = 0
    (found,) = group_people(heatmaps, fields, [(0, 1)], GroupingOptions(min_parts=2))
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


def test_equal_cells_side_by_side_are_one_peak():
    heatmaps = torch.zeros(1, 1, 9, 9)
    heatmaps[0, 0, 3:6, 3:6] = 0.5
    fields = torch.zeros(1, 0, 9, 9)
    (found,) = group_people(heatmaps, fields, [], GroupingOptions(min_parts=1))
    assert len(found.scores) == 1


def test_cells_that_are_not_numbers_are_no_evidence():
    people = stick_people(4)
    heatmaps, fields = draw(people)
    (expected,) = group_people(heatmaps, fields, LIMBS)
    empty = heatmaps.amax(dim=1, keepdim=True) < 1e-3
    heatmaps = heatmaps.masked_fill(empty, torch.nan)
    fields = fields.masked_fill(empty & (fields == 0), torch.nan)
    assert_same(group_people(heatmaps, fields, LIMBS)[0], expected)


def test_a_limb_without_numbers_joins_nothing():
    heatmaps, fields = draw(np.array([[(5.0, 5.0), (9.0, 5.0)]]), [(0, 1)])
    assert len(group_people(heatmaps, fields * torch.nan, [(0, 1)], PAIR)[0].scores) == 0
    assert len(group_people(heatmaps * torch.nan, fields, [(0, 1)], PAIR)[0].scores) == 0


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


def test_only_the_highest_peaks_of_a_joint_are_kept():
    heights = torch.tensor([0.5, 0.9, 0.3, 0.7])
    heatmaps = torch.zeros(2, 2, 5, 20)
    heatmaps[0, 0, 2, 2:18:4] = heights
    heatmaps[1, 1, 2, 2:18:4] = heights.flip(0)
    options = GroupingOptions(min_parts=1, max_peaks=2)
    first, second = group_people(heatmaps, torch.zeros(2, 0, 5, 20), [], options)
    assert first.keypoints[:, 0, 2].tolist() == pytest.approx([0.9, 0.7])
    assert first.keypoints[:, 0, 0].tolist() == [6, 14]
    assert second.keypoints[:, 1, 0].tolist() == [10, 2]


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
    chosen = _assign(
        _Connections(limb, source[shuffled], target[shuffled] + 6, score[shuffled]), limbs=1
    )
    pairs = set(zip(chosen.source.tolist(), chosen.target.tolist(), strict=True))
    assert pairs == greedy_by_hand(candidates)


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


@pytest.mark.parametrize(("block", "many"), [(64, 0), (1 << 20, 0), (64, 1 << 30)])
def test_no_pair_is_lost_by_looking_first_or_by_blocks(monkeypatch, block, many):
    draws = torch.Generator().manual_seed(0)
    heatmaps, fields = draw(stick_people(20))
    # Holes, so that many a limb has just as many samples as it needs.
    fields *= torch.rand(fields.shape, generator=draws) > 0.1
    monkeypatch.setattr("models.grouping._BLOCK", 1 << 20)
    monkeypatch.setattr("models.grouping._MANY_PAIRS", 1 << 30)
    (expected,) = group_people(heatmaps, fields, LIMBS)
    monkeypatch.setattr("models.grouping._BLOCK", block)
    monkeypatch.setattr("models.grouping._MANY_PAIRS", many)
    assert_same(group_people(heatmaps, fields, LIMBS)[0], expected)


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
