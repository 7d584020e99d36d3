import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from coco_files import HEIGHT, WIDTH, content, person, write_coco
from pycocotools.coco import COCO

from bench.data.coco import dataset as coco
from bench.data.photographs import Photographs
from bench.problem import Problem


@pytest.fixture
def real_root() -> Path:
    folder = os.environ.get("POSEARCH_DATA")
    if not folder or not (Path(folder) / "coco_persons").is_dir():
        pytest.skip("POSEARCH_DATA does not name a folder that holds coco_persons")
    return Path(folder) / "coco_persons"


def assert_agrees_with_pycocotools(images: Photographs, path: Path) -> None:
    referee = COCO(str(path))
    assert images.image_ids.tolist() == list(referee.imgs)
    for index, number in enumerate(referee.imgs):
        entry = referee.imgs[number]
        theirs = referee.loadAnns(referee.getAnnIds([number]))
        target = images.target(index)
        assert target["image_id"] == number
        assert images.size(index) == (entry["height"], entry["width"])
        assert target["annotation_ids"].tolist() == [one["id"] for one in theirs]
        assert target["labels"].tolist() == [1] * len(theirs)
        assert target["iscrowd"].tolist() == [one["iscrowd"] for one in theirs]
        for row, one in enumerate(theirs):
            x, y, width, height = one["bbox"]
            expected = torch.tensor([x, y, x + width, y + height], dtype=torch.float32)
            torch.testing.assert_close(target["boxes"][row], expected)
            assert target["area"][row].item() == pytest.approx(one["area"])
            joints = torch.tensor(one["keypoints"], dtype=torch.float32).view(-1, 3)
            assert torch.equal(target["keypoints"][row], joints)


@pytest.mark.parametrize("nested", [True, False])
def test_both_layouts_read_as_pycocotools_reads_them(tmp_path: Path, nested: bool) -> None:
    given = content()
    for annotation in given["annotations"]:
        annotation["keypoints"][-3:] = [0, 0, 0]
    root = write_coco(tmp_path, train=given, nested=nested)
    files = coco.split_files(root, "train")
    assert_agrees_with_pycocotools(coco.open_split(root, "train"), files.annotations)


def test_the_years_2014_and_2017_are_read_and_never_mixed(tmp_path: Path) -> None:
    root = write_coco(tmp_path)
    for split in ("train", "val"):
        path = root / "annotations" / f"person_keypoints_{split}2017.json"
        path.rename(path.with_name(f"person_keypoints_{split}2014.json"))
        (root / f"{split}2017").rename(root / f"{split}2014")
    assert [path.name for path in coco.annotation_files(root)] == [
        "person_keypoints_train2014.json",
        "person_keypoints_val2014.json",
    ]
    assert len(coco.open_split(root, "val")) == 3
    write_coco(tmp_path)
    assert coco.split_files(root, "train").images.name == "train2017"
    (root / "annotations" / "person_keypoints_val2017.json").unlink()
    with pytest.raises(Problem, match="person_keypoints_val2017"):
        coco.split_files(root, "val")


def test_head_boxes_are_read_where_somebody_has_one(tmp_path: Path) -> None:
    given = content()
    given["annotations"][0]["bbox_head"] = [10, 5, 4, 6]
    root = write_coco(tmp_path, train=given)
    target = coco.open_split(root, "train").target(0)
    assert target["head_boxes"].tolist() == [[10, 5, 14, 11], [0, 0, 0, 0]]
    assert coco.open_split(root, "train").draw(1).head_boxes is not None
    assert "head_boxes" not in coco.open_split(root, "val").target(0)


@pytest.mark.parametrize(
    # images, images and persons with joints, joints, crowds: counted by those who gathered them
    # and noted in SOURCE.txt beside the images
    ("split", "counts"),
    [("train", (110, 45, 139, 1389, 6)), ("val", (143, 81, 228, 2350, 7))],
)
def test_real_coco_counts_and_content(real_root: Path, split: str, counts: tuple[int, ...]) -> None:
    opened = coco.open_split(real_root, split)
    known = opened.keypoints[:, :, 2] > 0
    assert counts == (
        len(opened),
        len(opened.annotated_images()),
        known.any(axis=1).sum(),
        known.sum(),
        opened.iscrowd.sum(),
    )
    path = real_root / f"person_keypoints_{split}2017.json"
    assert_agrees_with_pycocotools(opened, path)
    image, _ = opened[0]
    assert image.dtype == torch.uint8
    assert tuple(image.shape) == (3, *opened.size(0))


def test_an_image_without_people_gives_empty_tensors(tmp_path: Path) -> None:
    images = coco.open_split(write_coco(tmp_path), "train")
    image, target = images[1]
    assert target["image_id"] == 3
    assert tuple(image.shape) == (3, HEIGHT, WIDTH)
    shapes = {
        name: tuple(target[name].shape)  # type: ignore[literal-required]
        for name in ("boxes", "labels", "keypoints", "area", "iscrowd", "annotation_ids")
    }
    assert shapes == {
        "boxes": (0, 4),
        "labels": (0,),
        "keypoints": (0, 17, 3),
        "area": (0,),
        "iscrowd": (0,),
        "annotation_ids": (0,),
    }
    assert target["boxes"].dtype == target["keypoints"].dtype == torch.float32
    assert target["labels"].dtype == target["iscrowd"].dtype == torch.int64


def test_targets_and_sizes_need_no_image_file(tmp_path: Path) -> None:
    root = write_coco(tmp_path)
    images = coco.open_split(root, "train")
    for path in (root / "train2017").iterdir():
        path.unlink()
    assert images.size(2) == (HEIGHT, WIDTH)
    assert images.target(2)["annotation_ids"].tolist() == [51]
    with pytest.raises(Problem, match=r"5\.png.* image 5 is missing"):
        images.image(2)


def test_joints_that_are_not_annotated_and_crowds_are_zeroed(tmp_path: Path) -> None:
    given = content()
    given["annotations"].append(person(73, 7, iscrowd=1))
    given["annotations"].append(person(74, 7, iscrowd=1))
    del given["annotations"][-1]["keypoints"]
    target = coco.open_split(write_coco(tmp_path, train=given), "train").target(0)
    assert target["annotation_ids"].tolist() == [71, 72, 73, 74]
    assert target["keypoints"][0, -1].tolist() == [0, 0, 0]
    assert target["keypoints"][0, 0].tolist() == [10, 5, 1]
    assert target["iscrowd"].tolist() == [0, 0, 1, 1]
    assert not target["keypoints"][2:].any()


def test_a_missing_box_and_area_fall_back(tmp_path: Path) -> None:
    given = content()
    first, second, _ = given["annotations"]
    del first["bbox"], first["area"], second["area"]
    images = coco.open_split(write_coco(tmp_path, train=given), "train")
    # Joints 0 to 15 lie at x 10..16 and y 5..20.
    assert images.target(0)["boxes"][0].tolist() == [10, 5, 16, 20]
    assert images.target(0)["area"].tolist() == [6 * 15, 99]
    assert images.target(2)["area"].tolist() == [30 * 20]


def test_what_is_no_person_is_passed_over(tmp_path: Path) -> None:
    given = content()
    given["categories"].insert(0, {"id": 2, "name": "dog"})
    given["annotations"].append({"id": 90, "image_id": 3, "category_id": 2, "bbox": [0, 0, 9, 9]})
    # As in COCO's own train2017: a person without joints whose box has no height.
    blank = {
        "keypoints": [0] * 51,
        "num_keypoints": 0,
        "bbox": [9.98, 18.5, 15.5, 0.0],
        "area": 0.0,
    }
    given["annotations"].append(person(91, 3, **blank))
    images = coco.open_split(write_coco(tmp_path, train=given), "train")
    assert sorted(images.annotation_ids) == [51, 71, 72]


def test_editing_a_target_leaves_the_data_set_alone(tmp_path: Path) -> None:
    images = coco.open_split(write_coco(tmp_path), "train")
    images.target(0)["keypoints"].zero_()
    images.target(0)["boxes"].zero_()
    assert images.target(0)["keypoints"].any()
    assert images.target(0)["boxes"].all()


def test_the_last_image_is_also_minus_one_and_iteration_ends(tmp_path: Path) -> None:
    images = coco.open_split(write_coco(tmp_path), "train")
    assert images.target(-1)["annotation_ids"].tolist() == [51]
    with pytest.raises(IndexError):
        images.target(3)


def many(tmp_path: Path) -> Photographs:
    given = content()
    given["images"] = [given["images"][0] | {"id": number} for number in range(40)]
    given["annotations"] = [person(number, number // 2) for number in range(40)]
    given["annotations"].append(person(40, 30, keypoints=[0] * 51))
    return coco.open_split(write_coco(tmp_path, train=given), "train")


def test_a_draw_is_part_of_every_larger_draw(tmp_path: Path) -> None:
    images = many(tmp_path)
    draws = [set(images.draw(count).image_ids.tolist()) for count in range(21)]
    assert [len(draw) for draw in draws] == list(range(21))
    assert all(small < large for small, large in pairwise(draws))
    assert draws[20] == set(range(20)), "only images with joints are drawn"
    assert draws[5] != set(range(5)), "the file's order is no fair sample"


def test_a_draw_keeps_the_people_of_its_images(tmp_path: Path) -> None:
    images = many(tmp_path)
    drawn = images.draw(7)
    assert drawn.digest != images.digest
    assert np.all(np.diff(drawn.image_ids) > 0)
    for index, number in enumerate(drawn.image_ids):
        mine, theirs = drawn.target(index), images.target(int(number))
        assert mine["image_id"] == theirs["image_id"] == number
        assert mine["annotation_ids"].tolist() == [2 * number, 2 * number + 1]
        assert torch.equal(mine["keypoints"], theirs["keypoints"])
        assert drawn.size(index) == images.size(int(number))
