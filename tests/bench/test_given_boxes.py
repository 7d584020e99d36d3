"""Boxes that a pipeline is given: the truth, or the truth with errors of a known size."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.given_boxes import FOUND, TRUTH, box_error, given_boxes, truth_within
from bench.problem import Problem


def people(boxes, image_id=3, ids=None, crowds=()):
    """Return a target of so many boxes; ``crowds`` are places of crowds among them."""
    crowd = torch.zeros(len(boxes), dtype=torch.int64)
    crowd[list(crowds)] = 1
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).view(-1, 4),
        "iscrowd": crowd,
        "image_id": image_id,
        "annotation_ids": torch.tensor(ids or range(1, len(boxes) + 1), dtype=torch.int64),
    }


PEOPLE = people([[10, 20, 50, 120], [0, 0, 30, 30], [60, 10, 90, 100]], ids=[7, 8, 9])


@given(st.floats(0.001, 10).map(lambda value: float(f"{value:.3g}")))
def test_a_deviation_is_read_from_its_name(deviation):
    assert box_error(truth_within(deviation)) == deviation


def test_the_truth_and_what_is_found_have_names_too():
    assert (truth_within(0), truth_within(0.05)) == (TRUTH, "ground-truth ±0.05")
    assert (box_error(TRUTH), box_error(FOUND)) == (0.0, None)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "0.05",
        "detected",
        "ground-truth 0.1",
        *(f"ground-truth ±{deviation}" for deviation in ("", "0", "5e-2", "-0.1", "nan", "inf")),
    ],
)
def test_any_other_name_is_refused(name):
    with pytest.raises(Problem, match="choose 'none', 'ground-truth' or 'ground-truth ±"):
        box_error(name)


def test_the_truth_is_left_as_it_is_and_crowds_are_left_out():
    several = people([[0, 0, 5, 5], [1, 1, 9, 9], [2, 2, 4, 4]], crowds=[1])
    empty = people([])
    for deviation in (0.0, 0.1):
        boxes = given_boxes([several, empty], deviation)
        assert [len(one) for one in boxes] == [2, 0]
    assert torch.equal(given_boxes([several], 0.0)[0], several["boxes"][[0, 2]])


@settings(max_examples=6, deadline=None)
@given(st.floats(0.02, 0.15), st.integers(1, 2**40), st.sampled_from([(40, 100), (300, 7)]))
def test_every_side_has_the_stated_spread(deviation, image_id, size):
    count, (width, height) = 1500, size
    truth = people([[10, 20, 10 + width, 20 + height]] * count, image_id)
    (moved,) = given_boxes([truth], deviation)
    errors = (moved - truth["boxes"]) / torch.tensor([width, height, width, height])
    # Four standard errors of a mean and of a standard deviation.
    assert errors.mean(dim=0).abs().max() < 4 * deviation / count**0.5
    spread = errors.std(dim=0) / deviation
    assert (spread - 1).abs().max() < 4 / (2 * count) ** 0.5
    correlation = torch.corrcoef(errors.T) - torch.eye(4)
    assert correlation.abs().max() < 4 / count**0.5  # sides move apart from each other


def test_errors_depend_on_image_and_person_alone():
    (boxes,) = given_boxes([PEOPLE], 0.1)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    (again,) = given_boxes([PEOPLE], 0.1)
    assert torch.equal(boxes, again)
    assert torch.equal(torch.get_rng_state(), before)  # a training's dice are left alone
    turned = people(PEOPLE["boxes"].flip(0).tolist(), ids=[9, 8, 7])
    assert torch.equal(given_boxes([turned], 0.1)[0], boxes.flip(0))
    alone = people(PEOPLE["boxes"][1:2].tolist(), ids=[8])
    assert torch.equal(given_boxes([people([]), alone], 0.1)[1], boxes[1:2])
    elsewhere = people(PEOPLE["boxes"].tolist(), image_id=4, ids=[7, 8, 9])
    assert not torch.isclose(given_boxes([elsewhere], 0.1)[0], boxes).any()


def test_a_larger_deviation_moves_the_same_way_and_farther():
    small, large = (given_boxes([PEOPLE], one)[0] - PEOPLE["boxes"] for one in (0.05, 0.1))
    torch.testing.assert_close(large, 2 * small, atol=1e-4, rtol=1e-4)
