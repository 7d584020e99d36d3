import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_files import content, write_images
from downloads import fixture
from pycocotools.coco import COCO

from bench.data import crowdpose
from bench.problem import Problem
from models.skeleton import CROWDPOSE14

# As the data set's own files name them.
NAMES = [*CROWDPOSE14.joints[:12], "head", "neck"]


def crowded() -> dict[str, Any]:
    given = content(CROWDPOSE14)
    given["categories"][0]["keypoints"] = list(NAMES)
    for index, image in enumerate(given["images"]):
        image["crowdIndex"] = index / 4
    for person in given["annotations"]:
        del person["area"]
    return given


def write(root: Path, train: Any = None, folder: str = "json") -> Path:
    (root / folder).mkdir(parents=True, exist_ok=True)
    for split in ("train", "val"):
        given = train if train is not None and split == "train" else crowded()
        (root / folder / f"crowdpose_{split}.json").write_text(json.dumps(given))
    write_images(root / "images", crowded()["images"])
    return root


@pytest.mark.parametrize("folder", ["json", "annotations", "."])
def test_a_split_is_read_with_its_joints_areas_and_crowding(tmp_path: Path, folder: str) -> None:
    images = crowdpose.open_split(write(tmp_path, folder=folder), "train")
    assert images.skeleton is CROWDPOSE14
    target = images.target(0)
    assert tuple(target["keypoints"].shape) == (2, 14, 3)
    # coco_files gives joint j the y of 5 + j and hides the last one from whoever annotates.
    assert target["keypoints"][0, CROWDPOSE14.joints.index("head_top"), 1] == 5 + 12
    assert target["area"].tolist() == pytest.approx([0.53 * 12 * 20] * 2)
    assert images.crowd_index is not None
    assert images.crowd_index.tolist() == [0, 0.25, 0.5]


def test_a_draw_keeps_the_crowding_of_its_images(tmp_path: Path) -> None:
    drawn = crowdpose.open_split(write(tmp_path), "train").draw(2)
    assert drawn.crowd_index is not None
    assert dict(zip(drawn.image_ids.tolist(), drawn.crowd_index, strict=True)) == {7: 0, 5: 0.5}


def test_other_joints_are_a_problem(tmp_path: Path) -> None:
    given = crowded()
    given["categories"][0]["keypoints"][0] = "nose"
    with pytest.raises(Problem, match=r"joint 0 of .* is 'nose' where crowdpose14 has 'left_shou"):
        crowdpose.open_split(write(tmp_path, given), "train")


@pytest.mark.parametrize("index", [None, "0.3", -0.1, 1.5, float("nan"), True])
def test_a_foreign_crowding_is_refused_and_listed(tmp_path: Path, index: Any) -> None:
    given = crowded()
    given["images"][1]["crowdIndex"] = index
    root = write(tmp_path, given)
    with pytest.raises(Problem, match=r"image 3 has crowdIndex .*; write how crowded it is"):
        crowdpose.open_split(root, "train")
    (fault,) = crowdpose.faults(root, "train")
    assert f"image 3 has crowdIndex {index!r}" in fault


@pytest.mark.parametrize("given", [[], {"images": 3}, {"annotations": [3], "images": [None]}])
def test_foreign_json_is_refused_and_listed(tmp_path: Path, given: Any) -> None:
    root = write(tmp_path, given)
    with pytest.raises(Problem, match="is not a COCO keypoints file"):
        crowdpose.open_split(root, "train")
    assert any("is not a COCO keypoints file" in fault for fault in crowdpose.faults(root, "train"))


def test_a_missing_file_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"holds no json/crowdpose_train\.json; it must hold"):
        crowdpose.annotation_files(tmp_path)


def test_a_clean_split_has_no_faults(tmp_path: Path) -> None:
    root = write(tmp_path)
    assert list(crowdpose.faults(root, "train")) == list(crowdpose.faults(root, "val")) == []
    assert [path.name for path in crowdpose.annotation_files(root)] == [
        "crowdpose_train.json",
        "crowdpose_val.json",
    ]


def test_the_real_sample_reads_as_pycocotools_reads_it(tmp_path: Path) -> None:
    sample = fixture("crowdpose")
    shutil.copytree(sample, tmp_path / "images", ignore=shutil.ignore_patterns("*.json"))
    (tmp_path / "json").mkdir()
    for split in ("train", "val"):
        path = tmp_path / "json" / f"crowdpose_{split}.json"
        shutil.copy(sample / "test_crowdpose.json", path)
    images = crowdpose.open_split(tmp_path, "train")
    assert [len(images), len(images.annotated_images()), len(images.boxes)] == [2, 2, 5]
    assert list(crowdpose.faults(tmp_path, "train")) == []
    referee = COCO(str(sample / "test_crowdpose.json"))
    for index, number in enumerate(images.image_ids.tolist()):
        target = images.target(index)
        theirs = referee.loadAnns(referee.getAnnIds([number]))
        expected = np.array([one["keypoints"] for one in theirs], dtype=float).reshape(-1, 14, 3)
        np.testing.assert_array_equal(target["keypoints"], expected)
        assert images.crowd_index is not None
        assert images.crowd_index[index] == np.float32(referee.imgs[number]["crowdIndex"])
        image, _ = images[index]
        assert tuple(image.shape) == (3, *images.size(index))
