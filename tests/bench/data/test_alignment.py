from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bench.data.alignment import AlignedImages, known_joints, take_joints, to_skeleton
from bench.data.contract import Target
from models.geometry import transform_points
from models.neck import add_neck
from models.pipelines.single_person import heatmap_loss
from models.skeleton import (
    CANONICAL,
    COCO17,
    CROWDPOSE14,
    LSP14,
    MPII16,
    OPENPOSE18,
    POSETRACK15,
    SKELETONS,
    Skeleton,
)

PAIRS = list(product(SKELETONS.values(), repeat=2))
NAMES = [f"{a.name}-{b.name}" for a, b in PAIRS]


def target(skeleton: Skeleton, people: int = 2, seed: int = 0) -> Target:
    """Return people of whom every joint is somewhere else, some of them not annotated."""
    generator = torch.Generator().manual_seed(seed)
    visible = torch.randint(0, 3, (people, len(skeleton), 1), generator=generator)
    points = torch.rand(people, len(skeleton), 2, generator=generator) * 50 + 1
    return Target(
        boxes=torch.tensor([[0.0, 0, 60, 60]]).repeat(people, 1),
        labels=torch.ones(people, dtype=torch.int64),
        keypoints=torch.cat([points, visible], dim=2) * (visible > 0),
        area=torch.full((people,), 900.0),
        iscrowd=torch.zeros(people, dtype=torch.int64),
        image_id=4,
        annotation_ids=torch.arange(people),
    )


def unknown(source: Skeleton, wanted: Skeleton) -> set[str]:
    known = known_joints(source, wanted).tolist()
    return {name for name, there in zip(wanted.joints, known, strict=True) if not there}


FACE = {"left_eye", "right_eye", "left_ear", "right_ear"}


@pytest.mark.parametrize(
    # What each set annotates, from the papers' lists of joints.
    ("source", "wanted", "missing"),
    [
        (MPII16, POSETRACK15, {"nose"}),
        (COCO17, POSETRACK15, {"neck", "head_top"}),
        (POSETRACK15, COCO17, FACE),
        (POSETRACK15, MPII16, {"pelvis", "thorax"}),
        (MPII16, COCO17, FACE | {"nose"}),
        (COCO17, MPII16, {"pelvis", "thorax", "neck", "head_top"}),
        (LSP14, CROWDPOSE14, set()),
        (CROWDPOSE14, LSP14, set()),
        (COCO17, OPENPOSE18, set()),
        (OPENPOSE18, COCO17, set()),
        (POSETRACK15, OPENPOSE18, FACE),
        (OPENPOSE18, POSETRACK15, {"neck", "head_top"}),
        (COCO17, CANONICAL, {"neck", "head_top", "pelvis", "thorax"}),
        (MPII16, CANONICAL, FACE | {"nose"}),
    ],
    ids=lambda value: value.name if isinstance(value, Skeleton) else "",
)
def test_what_a_set_does_not_annotate_is_unknown(
    source: Skeleton, wanted: Skeleton, missing: set[str]
) -> None:
    assert unknown(source, wanted) == missing


@pytest.mark.parametrize(("source", "wanted"), PAIRS, ids=NAMES)
def test_joints_keep_their_names(source: Skeleton, wanted: Skeleton) -> None:
    given = target(source)
    aligned = to_skeleton(given, source, wanted)
    assert aligned["keypoints"].shape == (2, len(wanted), 3)
    for index, name in enumerate(wanted.joints):
        ours = aligned["keypoints"][:, index]
        if not aligned["known"][index]:
            assert not ours.any()
        elif name != "neck" or (source != OPENPOSE18) == (wanted != OPENPOSE18):
            assert torch.equal(ours, given["keypoints"][:, source.joints.index(name)])
    for name in ("boxes", "labels", "area", "iscrowd", "annotation_ids", "image_id"):
        assert aligned[name] is given[name]  # type: ignore[literal-required]


def test_the_neck_of_openpose18_is_the_mean_of_the_shoulders() -> None:
    given = target(COCO17, people=40)
    aligned = to_skeleton(given, COCO17, OPENPOSE18)["keypoints"]
    expected = add_neck(given["keypoints"])
    expected = expected * (expected[..., 2:] > 0)
    torch.testing.assert_close(aligned, expected)


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=list(SKELETONS))
def test_there_and_back_through_the_canonical_joints_changes_nothing(skeleton: Skeleton) -> None:
    given = target(skeleton, people=20)
    if skeleton == OPENPOSE18:
        given = to_skeleton(target(COCO17, people=20), COCO17, OPENPOSE18)
    there = to_skeleton(given, skeleton, CANONICAL)
    back = to_skeleton(there, CANONICAL, skeleton)
    torch.testing.assert_close(back["keypoints"], given["keypoints"])
    assert back["known"].all()


def test_what_was_unknown_once_stays_unknown() -> None:
    first = to_skeleton(target(MPII16), MPII16, CANONICAL)
    second = to_skeleton(first, CANONICAL, POSETRACK15)
    assert second["known"].tolist() == [name != "nose" for name in POSETRACK15.joints]


def test_occlusion_follows_its_joints() -> None:
    given = target(POSETRACK15, people=1)
    given["occlusion"] = torch.linspace(0, 1, 15).view(1, 15)
    aligned = to_skeleton(given, POSETRACK15, COCO17)
    hidden = dict(zip(COCO17.joints, aligned["occlusion"][0].tolist(), strict=True))
    assert hidden["left_ear"] == 0
    assert hidden["nose"] == pytest.approx(13 / 14)


def mirrored(keypoints: Tensor, skeleton: Skeleton) -> Tensor:
    flipped = keypoints[:, list(skeleton.flip_permutation)].clone()
    flipped[..., 0] = torch.where(flipped[..., 2] > 0, 60 - flipped[..., 0], 0)
    return flipped


@pytest.mark.parametrize(("source", "wanted"), PAIRS, ids=NAMES)
def test_mirroring_and_aligning_commute(source: Skeleton, wanted: Skeleton) -> None:
    given = target(source, people=8)["keypoints"]
    torch.testing.assert_close(
        take_joints(mirrored(given, source), source, wanted),
        mirrored(take_joints(given, source, wanted), wanted),
    )
    known = known_joints(source, wanted)
    assert torch.equal(known, known[list(wanted.flip_permutation)])


@given(
    pair=st.sampled_from(PAIRS),
    numbers=st.lists(st.floats(-3, 3), min_size=6, max_size=6),
    seed=st.integers(0, 9),
)
def test_cropping_and_aligning_commute(
    pair: tuple[Skeleton, Skeleton], numbers: list[float], seed: int
) -> None:
    source, wanted = pair
    affine = torch.tensor(numbers, dtype=torch.float64).view(2, 3)

    def moved(keypoints: Tensor) -> Tensor:
        points = transform_points(affine, keypoints[..., :2]) * (keypoints[..., 2:] > 0)
        return torch.cat([points, keypoints[..., 2:]], dim=-1)

    given = target(source, seed=seed)["keypoints"].double()
    torch.testing.assert_close(
        take_joints(moved(given), source, wanted), moved(take_joints(given, source, wanted))
    )


def test_a_model_of_the_canonical_joints_is_judged_in_a_sets_own() -> None:
    found = torch.rand(3, len(CANONICAL), 3) + 1
    ours = take_joints(found, CANONICAL, POSETRACK15)
    for index, name in enumerate(POSETRACK15.joints):
        assert torch.equal(ours[:, index], found[:, CANONICAL.joints.index(name)])
    without = take_joints(found[:, : len(COCO17)], COCO17, POSETRACK15)
    assert not without[:, POSETRACK15.joints.index("head_top")].any(), "not found"


def test_an_unknown_joint_gives_its_heatmap_no_gradient() -> None:
    aligned = to_skeleton(target(MPII16), MPII16, CANONICAL)
    logits = torch.randn(2, len(CANONICAL), 16, 16, requires_grad=True)
    heatmap_loss(logits, aligned["keypoints"]).backward()
    assert logits.grad is not None
    moved = logits.grad.abs().amax(dim=(2, 3))
    assert not moved[:, ~aligned["known"]].any()
    assert torch.equal(moved > 0, aligned["keypoints"][..., 2] > 0)


class TwoImages:
    """A data set of two images, as the contract has it."""

    name, skeleton, digest = "two", COCO17, "d0"

    def __len__(self) -> int:
        return 2

    def image(self, index: int) -> Tensor:
        return torch.full((3, 4, 5), index, dtype=torch.uint8)

    def target(self, index: int) -> Target:
        return target(COCO17, seed=index)

    def size(self, index: int) -> tuple[int, int]:
        return 4, 5

    def __getitem__(self, index: int) -> tuple[Tensor, Target]:
        return self.image(index), self.target(index)


def test_a_data_set_in_other_joints() -> None:
    aligned = AlignedImages(TwoImages(), POSETRACK15)
    assert (aligned.name, aligned.skeleton, len(aligned)) == ("two", POSETRACK15, 2)
    image, found = aligned[1]
    assert image.unique().tolist() == [1]
    assert aligned.size(1) == (4, 5)
    expected = to_skeleton(target(COCO17, seed=1), COCO17, POSETRACK15)
    assert torch.equal(found["keypoints"], expected["keypoints"])
    digests = {AlignedImages(TwoImages(), one).digest for one in SKELETONS.values()} | {"d0"}
    assert len(digests) == len(SKELETONS) + 1
