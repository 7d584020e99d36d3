"""Targets against a program that looks at one cell at a time, and what is not known."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path

from models.fields import cells_inside, draw_targets, mirror_maps
from models.skeleton import COCO17, LSP14, OPENPOSE18, SKELETONS, Skeleton

# Two limbs that share a joint; short enough for loops over cells.
ARM = Skeleton("arm", ("left_a", "right_a", "b"), ((0, 2), (2, 1)), (0.1, 0.1, 0.1))
SIGMA, HALF_WIDTH = 7.0, 8.0


def draw(targets, size, skeleton, stride=4, sizes=None):
    grid = (-(-size[0] // stride), -(-size[1] // stride))
    return draw_targets(
        targets,
        sizes or [size] * len(targets),
        skeleton,
        grid,
        stride=stride,
        sigma=SIGMA,
        half_width=HALF_WIDTH,
    )


def target(keypoints, boxes=None, iscrowd=None, ignore=None):
    """One image's people; a box spans all joints unless given."""
    keypoints = torch.as_tensor(keypoints, dtype=torch.float64)
    people = len(keypoints)
    if boxes is None:
        places = keypoints[..., :2]
        boxes = [[*one.amin(dim=0).tolist(), *one.amax(dim=0).tolist()] for one in places]
    made = {
        "keypoints": keypoints,
        "boxes": torch.as_tensor(boxes, dtype=torch.float64).reshape(people, 4),
        "iscrowd": torch.as_tensor(iscrowd or [0] * people),
    }
    return made if ignore is None else made | {"ignore": torch.tensor(ignore)}


def random_people(generator, people, size, skeleton, unseen=0.2):
    places = torch.rand(people, len(skeleton), 2, generator=generator, dtype=torch.float64)
    places = places * (torch.tensor(size[::-1]) + 20) - 10  # some are outside of the image
    seen = torch.rand(people, len(skeleton), 1, generator=generator, dtype=torch.float64) > unseen
    return torch.cat([places, 2 * seen.double()], dim=-1)


def heat_at(people, joint, x, y):
    return max(
        (
            math.exp(-((person[joint][0] - x) ** 2 + (person[joint][1] - y) ** 2) / (2 * SIGMA**2))
            for person in people
            if person[joint][2] > 0
        ),
        default=0.0,
    )


def field_at(people, limb, x, y):
    """Return the field at a pixel, and how far the pixel is from the edge of any limb."""
    vectors, margin = [], math.inf
    for person in people:
        (ax, ay, a_seen), (bx, by, b_seen) = person[limb[0]], person[limb[1]]
        length = math.hypot(bx - ax, by - ay)
        if not (a_seen and b_seen) or length == 0:
            continue
        ux, uy = (bx - ax) / length, (by - ay) / length
        along = (x - ax) * ux + (y - ay) * uy
        across = math.hypot(x - ax - along * ux, y - ay - along * uy)
        edges = [along + HALF_WIDTH, length + HALF_WIDTH - along, HALF_WIDTH - across]
        margin = min(margin, *(abs(edge) for edge in edges))
        if all(edge >= 0 for edge in edges):
            vectors.append((ux, uy))
    if not vectors:
        return (0.0, 0.0), margin
    return tuple(sum(part) / len(vectors) for part in zip(*vectors, strict=True)), margin


@pytest.mark.parametrize("stride", [4, 8])
@pytest.mark.parametrize("seed", range(3))
def test_every_cell_is_what_the_formulas_say(stride, seed):
    generator = torch.Generator().manual_seed(seed)
    size = (40, 56)
    # Fewest people first and none at all between: images are sorted inside.
    people = [random_people(generator, number, size, ARM) for number in (1, 0, 4, 2)]
    drawn = draw([target(one) for one in people], size, ARM, stride)
    for image, persons in enumerate(one.tolist() for one in people):
        for row in range(size[0] // stride):
            for column in range(size[1] // stride):
                x, y = (column + 0.5) * stride - 0.5, (row + 0.5) * stride - 0.5
                heat = [heat_at(persons, joint, x, y) for joint in range(3)]
                found = drawn.heatmaps[image, :, row, column].tolist()
                assert found == pytest.approx([*heat, 1 - max(heat)], abs=1e-9)
                for index, limb in enumerate(ARM.limbs):
                    field, margin = field_at(persons, limb, x, y)
                    if margin > 1e-6:
                        found = drawn.fields[image, 2 * index : 2 * index + 2, row, column]
                        assert found.tolist() == pytest.approx(field, abs=1e-9)


def box_holds(box, x, y):
    return box[0] - SIGMA <= x <= box[2] + SIGMA and box[1] - SIGMA <= y <= box[3] + SIGMA


@pytest.mark.parametrize("seed", range(3))
def test_every_cell_is_known_where_nobody_lacks_the_joint(seed):
    generator = torch.Generator().manual_seed(seed)
    size, stride = (48, 64), 4
    people = random_people(generator, 4, size, ARM, unseen=0.3)
    people[3, :, 2] = 0
    corner = torch.rand(4, 2, generator=generator) * 40
    boxes = torch.cat([corner, corner + torch.rand(4, 2, generator=generator) * 15], dim=1)
    ignore = [[50.0, 30.0, 58.0, 36.0]]
    drawn = draw([target(people, boxes, [0, 1, 0, 0], ignore)], size, ARM, stride)
    seen = people[..., 2] > 0
    seen[1] = False  # a crowd's joints count for nothing
    regions = [*zip(boxes.tolist(), seen.tolist(), strict=True), (ignore[0], [False] * 3)]
    for row in range(size[0] // stride):
        for column in range(size[1] // stride):
            x, y = (column + 0.5) * stride - 0.5, (row + 0.5) * stride - 0.5
            here = [known for box, known in regions if box_holds(box, x, y)]
            joints = [all(known[joint] for known in here) for joint in range(3)]
            limbs = [joints[a] and joints[b] for a, b in ARM.limbs for _ in range(2)]
            assert drawn.heatmap_mask[0, :, row, column].tolist() == [*joints, all(joints)]
            assert drawn.field_mask[0, :, row, column].tolist() == limbs


def test_a_crowd_draws_nothing():
    people = [[[20.0, 20, 2], [30, 20, 2], [25, 30, 2]]]
    drawn = draw([target(people, iscrowd=[1])], (48, 48), ARM)
    assert not drawn.heatmaps[:, :-1].any()
    assert not drawn.fields.any()


def test_someone_without_joints_or_extent_hides_nothing():
    drawn = draw([target(torch.zeros(1, 3, 3), [[0.0, 0, 0, 0]])], (32, 32), ARM)
    assert drawn.heatmap_mask.all()
    assert drawn.field_mask.all()


def test_unannotated_joints_may_be_anything():
    people = torch.tensor([[[20.0, 20, 2], [30, 20, 2], [math.nan, math.inf, 0]]])
    drawn = draw([target(people, [[10.0, 10, 40, 40]])], (48, 48), ARM)
    assert torch.isfinite(drawn.heatmaps).all()
    assert not drawn.heatmaps[0, 2].any()
    assert not drawn.fields.any()


def test_joints_at_one_place_have_no_limb():
    people = [[[20.0, 20, 2], [30, 20, 2], [20, 20, 2]]]
    drawn = draw([target(people)], (48, 48), ARM)
    assert not drawn.fields[0, :2].any()
    assert drawn.fields[0, 2:].any()


def test_padding_is_not_known():
    people = [[[5.0, 5, 2], [9, 5, 2], [7, 9, 2]]]
    drawn = draw([target(people), target(people)], (32, 32), ARM, sizes=[(32, 32), (14, 17)])
    assert drawn.heatmap_mask[0].all()
    # 14 pixels are three cells of 4 and a half one whose middle lies on their edge; 17 are four.
    assert drawn.heatmap_mask[1].sum(dim=(1, 2)).tolist() == [3 * 4] * 4
    assert drawn.field_mask[1, :, :3, :4].all()
    assert drawn.field_mask[1].sum() == 4 * 3 * 4


def test_a_cell_is_inside_when_its_middle_is():
    inside = cells_inside([(7, 6), (6, 11)], (2, 3), 4, "cpu")
    assert inside[:, 0].tolist() == [
        [[True, False, False], [True, False, False]],
        [[True, True, True], [False, False, False]],
    ]


def test_no_people_at_all():
    drawn = draw([target(torch.zeros(0, 3, 3), torch.zeros(0, 4))] * 2, (32, 24), ARM)
    assert (drawn.heatmaps[:, -1] == 1).all()
    assert not drawn.fields.any()
    assert drawn.heatmap_mask.all()


@given(st.integers(0, 10_000), st.permutations(range(4)), st.permutations(range(3)))
def test_the_order_of_people_and_images_does_not_matter(seed, people_order, image_order):
    generator = torch.Generator().manual_seed(seed)
    images = [random_people(generator, number, (40, 40), ARM) for number in (4, 1, 3)]
    drawn = draw([target(one) for one in images], (40, 40), ARM)
    images[0] = images[0][list(people_order)]
    again = draw([target(images[image]) for image in image_order], (40, 40), ARM)
    for ours, theirs in zip(drawn, again, strict=True):
        torch.testing.assert_close(ours[list(image_order)], theirs)


@given(st.integers(0, 10_000), st.integers(-3, 3), st.integers(-3, 3))
def test_moving_by_whole_cells_moves_the_maps(seed, across, down):
    generator = torch.Generator().manual_seed(seed)
    people = random_people(generator, 3, (40, 40), ARM)
    moved = people + torch.tensor([4.0 * across, 4.0 * down, 0.0])
    before, after = (draw([target(one)], (80, 80), ARM).heatmaps for one in (people, moved))
    rolled = before.roll((down, across), dims=(2, 3))
    torch.testing.assert_close(after[..., 3:-3, 3:-3], rolled[..., 3:-3, 3:-3])


@given(st.integers(0, 10_000))
def test_a_field_is_never_longer_than_a_unit_vector(seed):
    generator = torch.Generator().manual_seed(seed)
    people = random_people(generator, 5, (48, 48), LSP14)
    length = draw([target(people)], (48, 48), LSP14).fields.unflatten(1, (-1, 2)).norm(dim=2)
    assert length.max() <= 1 + 1e-9


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=list(SKELETONS))
def test_the_maps_of_a_mirrored_image_are_the_mirrored_maps(skeleton):
    generator = torch.Generator().manual_seed(3)
    size = (48, 64)
    people = random_people(generator, 3, size, skeleton)
    mirrored = people[:, list(skeleton.flip_permutation)].clone()
    mirrored[..., 0] = size[1] - 1 - mirrored[..., 0]
    drawn, expected = (
        draw([target(people)], size, skeleton),
        draw([target(mirrored)], size, skeleton),
    )
    heatmaps, fields = mirror_maps(drawn.heatmaps, drawn.fields, skeleton)
    torch.testing.assert_close(heatmaps, expected.heatmaps)
    torch.testing.assert_close(fields, expected.fields)
    joints_only, _ = mirror_maps(drawn.heatmaps[:, :-1], drawn.fields, skeleton)
    torch.testing.assert_close(joints_only, heatmaps[:, :-1])


def test_the_mirror_knows_limbs_that_run_backward():
    # COCO's hips are joined from left to right, which a mirror turns from right to left.
    assert any(
        (COCO17.flip_permutation[a], COCO17.flip_permutation[b]) == (b, a) for a, b in COCO17.limbs
    )
    assert OPENPOSE18.joints[OPENPOSE18.limbs[0][0]] == "neck"


def test_nothing_is_known_where_the_middle_of_a_cell_lies_in_an_ignored_polygon():
    size, stride = (48, 64), 4
    # An L that bends inward, and a triangle that repeats its last corner to be as long.
    polygons = [
        [[5.0, 5.0], [37.0, 5.0], [37.0, 15.0], [17.0, 15.0], [17.0, 41.0], [5.0, 41.0]],
        [[40.0, 20.0], [62.0, 33.0], [45.0, 46.0], [45.0, 46.0], [45.0, 46.0], [45.0, 46.0]],
    ]
    nobody = target(torch.zeros(0, 3, 3), boxes=[], iscrowd=[])
    drawn = draw([nobody | {"ignore_polygons": torch.tensor(polygons)}, nobody], size, ARM, stride)
    middles = [
        (x * stride + (stride - 1) / 2, y * stride + (stride - 1) / 2)
        for y in range(12)
        for x in range(16)
    ]
    inside = [any(Path(one).contains_point(middle) for one in polygons) for middle in middles]
    known = ~torch.tensor(inside).view(12, 16)
    assert known.any()
    assert not known.all()
    for mask in (drawn.heatmap_mask, drawn.field_mask):
        assert torch.equal(mask[0], known.expand_as(mask[0]))
        assert mask[1].all()
