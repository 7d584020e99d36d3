"""PoseTrack18's files, read as the challenge writes them; its own fixture is the referee."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from posetrack18_files import (
    HEIGHT,
    SLOTS,
    VIDEOS,
    WIDTH,
    keypoints,
    person,
    video,
    write_posetrack,
)

from bench.data.posetrack18 import dataset as posetrack18
from bench.data.posetrack18.dataset import PosetrackFrames
from bench.problem import Problem
from models.skeleton import POSETRACK15

BONN, MPII = VIDEOS


@pytest.fixture
def frames(tmp_path: Path) -> PosetrackFrames:
    return posetrack18.open_split(write_posetrack(tmp_path), "val")


def test_labelled_frames_of_all_videos_are_read(frames: PosetrackFrames) -> None:
    first = [VIDEOS[BONN], VIDEOS[MPII]]
    assert frames.image_ids.tolist() == [one + number for one in first for number in (1, 2)]
    assert [len(frames.target(index)["boxes"]) for index in range(4)] == [2, 1, 2, 1]
    assert frames.size(3) == (HEIGHT, WIDTH), "which the files do not say"
    assert frames.image(1).shape == (3, HEIGHT, WIDTH)
    ids = torch.cat([frames.target(index)["annotation_ids"] for index in range(4)])
    assert len(set(ids.tolist())) == 6


def test_joints_come_from_the_slots_of_their_names(frames: PosetrackFrames) -> None:
    target = frames.target(0)
    assert frames.skeleton == POSETRACK15 == posetrack18.SKELETON
    for joint, (x, y, visibility) in zip(
        POSETRACK15.joints, target["keypoints"][0].tolist(), strict=True
    ):
        slot = SLOTS.index({"neck": "head_bottom"}.get(joint, joint))
        expected = (0, 0, 0) if joint == "right_ankle" else (10 + slot, 5 + slot, 1)
        assert (x, y, visibility) == expected, joint


def test_boxes_heads_and_regions_are_the_files(frames: PosetrackFrames) -> None:
    target = frames.target(0)
    assert target["boxes"].tolist() == [[8, 4, 28, 28], [18, 4, 38, 28]]
    assert target["area"].tolist() == [480, 480]
    assert target["head_boxes"].tolist() == [[10, 5, 16, 13], [20, 5, 26, 13]]
    assert target["ignore_polygons"].tolist() == [
        [[30, 0], [60, 0], [60, 30], [60, 30]],  # padded with its last corner
        [[0, 0], [4, 0], [4, 4], [0, 4]],
    ]
    assert "ignore_polygons" not in frames.target(1)


def test_a_draw_keeps_heads_and_regions_with_their_frames(frames: PosetrackFrames) -> None:
    whole = {target["image_id"]: target for target in map(frames.target, range(4))}
    drawn = frames.draw(2)
    for target in map(drawn.target, range(2)):
        same = whole[target["image_id"]]
        assert target.keys() == same.keys()
        assert torch.equal(target["head_boxes"], same["head_boxes"])


def test_what_nobody_annotated_is_left_out(tmp_path: Path) -> None:
    given = video(MPII)
    third, fourth = given["images"][2:]
    fourth["is_labeled"] = True  # the challenge drops labelled frames without people too
    given["annotations"].append(person(third["id"], 7, keypoints=[], bbox=None))
    given["annotations"].append(person(third["id"], 8, keypoints=[0] * 51, bbox=[1, 2, 3, 4]))
    frames = posetrack18.open_split(write_posetrack(tmp_path, val=given), "val")
    assert len(frames) == 4
    assert frames.target(3)["annotation_ids"].tolist() == [
        100 * third["id"],
        100 * third["id"] + 8,  # no joints, but a box says where somebody is
    ]


def test_a_video_without_any_label_is_left_out(tmp_path: Path) -> None:
    given = video(MPII) | {"annotations": []}
    root = write_posetrack(tmp_path, val=given)
    assert len(posetrack18.open_split(root, "val")) == 2
    assert list(posetrack18.faults(root, "val")) == []
    (root / "annotations" / "val" / f"{BONN}.json").unlink()
    with pytest.raises(Problem, match=r"nobody in .*val has a joint"):
        posetrack18.open_split(root, "val")


def test_the_digest_is_of_every_video(tmp_path: Path) -> None:
    given = video(MPII)
    given["annotations"][0]["keypoints"][0] += 1
    digests = [
        posetrack18.open_split(write_posetrack(tmp_path / str(number), **changed), "val").digest
        for number, changed in enumerate([{}, {"val": given}, {}])
    ]
    assert digests[0] == digests[2] != digests[1]
    names = [path.name for path in posetrack18.annotation_files(tmp_path / "0")]
    assert names == 2 * [f"{BONN}.json", f"{MPII}.json"]


def _change(**changes: Any) -> Callable[[dict[str, Any]], None]:
    """Return what changes the first person of a video."""
    return lambda content: content["annotations"][0].update(changes)


def _frame(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda content: content["images"][1].update(changes)


FAULTS = [
    (_change(keypoints=[1, 2, 3]), r"annotation \d+ .*has 3 keypoint numbers"),
    (_change(keypoints=[*keypoints()[:6], "x", *keypoints()[7:]]), "has 'x' as the x of head_top"),
    (_change(bbox_head=None), "has joints but no head box of any size"),
    (_change(bbox_head=[1, 2, 0, 0]), "has joints but no head box of any size"),
    (_change(bbox_head=[1, 2, -3, 4]), "head box of negative size"),
    (_change(keypoints=[*keypoints()[:9], 5, 5, 1, *keypoints()[12:]]), "has an ear"),
    (_change(id=100 * (VIDEOS[BONN] + 1)), "has the id of one in 000001_bonn_val.json"),
    (_change(image_id=5), "belongs to image 5, which 'images' does not list"),
    (_frame(ignore_regions_x=[[1, 2, 3]]), "no lists of equal length"),
    (_frame(ignore_regions_x=[[1, 2], [3]]), "ignore region 0 of frame 10003420001 is no polygon"),
    (_frame(ignore_regions_x=[[1, 2, "a"], [0] * 4]), "ignore region 0 .* is no polygon"),
    (_frame(file_name="images/val/lost.jpg"), r"lost\.jpg, is missing"),
    (lambda content: content["categories"][0]["keypoints"].reverse(), "reorder the keypoints"),
    (lambda content: content.pop("annotations"), "lacks the list 'annotations'"),
]


@pytest.mark.parametrize(("change", "said"), FAULTS)
def test_a_faulty_file_is_refused_and_its_fault_listed(
    change: Callable[[dict[str, Any]], None], said: str, tmp_path: Path
) -> None:
    given = video(MPII)
    given["categories"][0]["keypoints"] = list(SLOTS)
    change(given)
    root = write_posetrack(tmp_path, val=given)
    with pytest.raises(Problem, match=said) as refused:
        posetrack18.open_split(root, "val")
    assert f"{MPII}.json: " in str(refused.value)
    listed = list(posetrack18.faults(root, "val"))
    assert len(listed) >= 1 and all(f"{MPII}.json: " in one for one in listed)


def test_training_needs_no_head_boxes(tmp_path: Path) -> None:
    given = video(MPII)
    del given["annotations"][0]["bbox_head"]
    frames = posetrack18.open_split(write_posetrack(tmp_path, train=given), "train")
    assert frames.target(2)["head_boxes"].tolist()[0] == [0, 0, 0, 0]


def test_torn_and_missing_files_are_problems(tmp_path: Path) -> None:
    root = write_posetrack(tmp_path)
    (root / "annotations" / "val" / f"{MPII}.json").write_text("{")
    with pytest.raises(Problem, match=r"000342_mpii_val\.json is not valid JSON"):
        posetrack18.open_split(root, "val")
    assert any("is not valid JSON" in one for one in posetrack18.faults(root, "val"))
    with pytest.raises(Problem, match=r"holds no json in annotations/val/; it must hold"):
        posetrack18.open_split(tmp_path / "annotations", "val")


def test_sizes_need_an_image(tmp_path: Path) -> None:
    root = write_posetrack(tmp_path)
    for number in (1, 2):
        (root / f"images/val/{BONN}/{number:06d}.jpg").unlink()
    (fault,) = posetrack18.faults(root, "val")
    assert f"{BONN}.json: it does not say the size of its frames" in fault


def test_the_validator_finds_bad_pictures_and_joints_far_away(tmp_path: Path) -> None:
    given = video(MPII)
    given["annotations"][0]["keypoints"][0] = -5 * WIDTH
    given["annotations"][1]["keypoints"][1] = -10  # the head of somebody who is cut off
    root = write_posetrack(tmp_path, val=given)
    (root / f"images/val/{MPII}/000002.jpg").write_bytes(b"no picture")
    far, bad = posetrack18.faults(root, "val")
    assert "has nose at (-320, 5), nowhere near its 64x48 image" in far
    assert "image 10003420002 cannot be decoded" in bad
    assert len(posetrack18.open_split(root, "val")) == 4, "which stops nobody from reading it"


@pytest.fixture
def fixture_root() -> Path:
    root = Path(os.environ.get("POSEARCH_DATA", "")) / "fixtures/posetrack18"
    if "POSEARCH_DATA" not in os.environ or not root.exists():
        pytest.skip("POSEARCH_DATA does not name a folder that holds fixtures/posetrack18")
    return root


def test_the_fixture_is_read_as_its_source_counts_it(fixture_root: Path) -> None:
    """Its SOURCE.txt: 3 annotated frames, 14 persons, ignore regions."""
    frames = posetrack18.open_split(fixture_root, "val")
    targets = [frames.target(index) for index in range(len(frames))]
    assert sum(len(target["boxes"]) for target in targets) == 14
    assert [len(target["ignore_polygons"]) for target in targets] == [9, 2, 4]
    assert all(target["head_boxes"].shape == (len(target["boxes"]), 4) for target in targets)
    known = [int((target["keypoints"][..., 2] > 0).sum()) for target in targets]
    assert known == [11, 14 + 15, 142]  # the sums of the file's num_keypoints
    assert frames.image(0).shape == (3, 1080, 1920)
    assert list(posetrack18.faults(fixture_root, "val")) == []
    assert np.array_equal(frames.image_ids, [10034180000, 10094730000, 10128340000])
