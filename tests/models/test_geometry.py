import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.geometry import (
    compose,
    invert,
    linear_zoom,
    shrink,
    similarity,
    square_crop,
    transform_points,
    warp,
)

IDENTITY = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])
points = st.lists(st.tuples(st.floats(-50, 150), st.floats(-50, 150)), min_size=1, max_size=5).map(
    lambda rows: torch.tensor(rows, dtype=torch.float64)
)


@st.composite
def similarities(draw):
    return similarity(
        draw(st.integers(8, 128)),
        angle=torch.tensor([draw(st.floats(-math.pi, math.pi))], dtype=torch.float64),
        scale=torch.tensor([draw(st.floats(0.3, 3))], dtype=torch.float64),
        shift=torch.tensor([[draw(st.floats(-20, 20)), draw(st.floats(-20, 20))]]).double(),
        mirrored=torch.tensor([draw(st.booleans())]),
    )


@given(similarities(), points)
def test_there_and_back(affine, place):
    back = transform_points(invert(affine)[0], transform_points(affine[0], place))
    torch.testing.assert_close(back, place, atol=1e-9, rtol=0)


@given(similarities(), similarities(), points)
def test_composition_is_one_after_the_other(outer, inner, place):
    once = transform_points(compose(outer, inner)[0], place)
    twice = transform_points(outer[0], transform_points(inner[0], place))
    torch.testing.assert_close(once, twice, atol=1e-8, rtol=0)


@given(
    st.tuples(st.floats(-50, 50), st.floats(-50, 50), st.floats(1, 80), st.floats(1, 80)),
    st.integers(8, 256),
    st.floats(1, 2),
)
def test_a_crop_is_square_centred_and_padded(box, size, padding):
    x, y, width, height = box
    to_crop = square_crop(
        torch.tensor([[x, y, x + width, y + height]], dtype=torch.float64), size, padding
    )
    corners = torch.tensor([[x, y], [x + width, y + height]], dtype=torch.float64)
    low, high = transform_points(to_crop[0], corners)
    torch.testing.assert_close(low + high, torch.full((2,), size - 1.0, dtype=torch.float64))
    assert (high - low).max().item() == pytest.approx(size / padding)


def test_a_box_without_extent_gives_a_finite_crop():
    affine = square_crop(torch.tensor([[5.0, 5.0, 5.0, 5.0]]), 32, 1.25)
    assert torch.isfinite(affine).all()
    assert linear_zoom(affine).item() == pytest.approx(32 / 1.25)


def test_the_mirror_sends_x_to_width_minus_one_minus_x():
    zero, one = torch.zeros(1), torch.ones(1)
    mirror = similarity(64, zero, one, torch.zeros(1, 2), torch.tensor([True]))
    moved = transform_points(mirror[0], torch.tensor([[0.0, 5.0], [63.0, 7.0]]))
    torch.testing.assert_close(moved, torch.tensor([[63.0, 5.0], [0.0, 7.0]]))


def test_warping_by_the_mirror_is_the_tensor_flip():
    image = torch.rand(1, 3, 16, 16)
    mirror = similarity(16, torch.zeros(1), torch.ones(1), torch.zeros(1, 2), torch.tensor([True]))
    torch.testing.assert_close(warp(image, invert(mirror), 16), image.flip(-1))


def test_a_quarter_turn_is_the_tensor_rotation():
    image = torch.rand(1, 1, 9, 9)
    turn = similarity(
        9, torch.tensor([math.pi / 2]), torch.ones(1), torch.zeros(1, 2), torch.tensor([False])
    )
    # x turns towards y, and y points down: clockwise to the eye.
    torch.testing.assert_close(
        warp(image, invert(turn), 9), torch.rot90(image, -1, (2, 3)), atol=1e-5, rtol=0
    )


def test_the_identity_copies_and_fills_with_black():
    image = torch.rand(2, 3, 5, 7)
    view = warp(image, IDENTITY.expand(2, -1, -1), 9)
    torch.testing.assert_close(view[..., :5, :7], image)
    assert (view[..., 5:, :] == 0).all()
    assert (view[..., 7:] == 0).all()


@given(similarities(), st.integers(0, 31), st.integers(0, 31))
def test_an_image_moves_with_its_points(affine, column, row):
    # The coordinates themselves as an image: each pixel of the view knows where it came from.
    size = 32
    along = torch.arange(size, dtype=torch.float64)
    y, x = torch.meshgrid(along, along, indexing="ij")
    image = torch.stack([x, y]).unsqueeze(0)
    to_source = invert(affine)
    source = transform_points(to_source[0], torch.tensor([[column, row]]).double())[0]
    if ((source >= 0) & (source <= size - 1)).all():
        view = warp(image, to_source, size)
        torch.testing.assert_close(view[0, :, row, column], source, atol=1e-9, rtol=0)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_shrinking_averages_and_its_affine_finds_the_places(factor):
    image = torch.rand(3, 12, 18)
    small, affine = shrink(image, factor)
    assert small.shape == (3, 12 // factor, 18 // factor)
    torch.testing.assert_close(
        small[:, 1, 2], image[:, factor : 2 * factor, 2 * factor : 3 * factor].mean(dim=(1, 2))
    )
    # The middle of the pixels that were averaged lands on the centre of their average.
    middle = torch.tensor([[2 * factor + (factor - 1) / 2, factor + (factor - 1) / 2]]).double()
    torch.testing.assert_close(
        transform_points(affine, middle), torch.tensor([[2.0, 1.0]], dtype=torch.float64)
    )


def test_zoom_is_the_factor_of_lengths():
    affine = similarity(
        10, torch.tensor([0.7]), torch.tensor([2.5]), torch.zeros(1, 2), torch.tensor([True])
    )
    assert linear_zoom(affine).item() == pytest.approx(2.5)
