import os
from pathlib import Path

import pytest
import torch
from coco_files import content, write_lsp

from bench.data.lsp import dataset as lsp
from bench.problem import Problem
from models.skeleton import COCO17, LSP14


def test_a_split_is_read_with_its_fourteen_joints(tmp_path: Path) -> None:
    images = lsp.open_split(write_lsp(tmp_path), "train")
    assert images.skeleton is LSP14
    target = images.target(0)
    assert tuple(target["keypoints"].shape) == (2, 14, 3)
    assert images.image(0).unique().tolist() == [7]
    # The layout's own order begins with the right ankle; content() hides joint 0.
    assert target["keypoints"][0, LSP14.joints.index("right_ankle")].tolist() == [10, 5, 1]


def test_another_joint_order_is_a_problem(tmp_path: Path) -> None:
    given = content(LSP14)
    joints = given["categories"][0]["keypoints"]
    joints[2], joints[3] = joints[3], joints[2]
    with pytest.raises(Problem, match=r"joint 2 .* 'left_hip' where lsp14 has 'right_hip'"):
        lsp.open_split(write_lsp(tmp_path, train=given), "train")


def test_another_joint_set_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"names 17 joints where lsp14 has 14"):
        lsp.open_split(write_lsp(tmp_path, train=content(COCO17)), "train")


def test_a_folder_without_the_annotations_says_what_is_expected(tmp_path: Path) -> None:
    root = write_lsp(tmp_path)
    (root / "val.json").unlink()
    with pytest.raises(Problem, match=r"no val\.json.* train\.json, val\.json and images/"):
        lsp.annotation_files(root)


@pytest.mark.parametrize(("split", "images"), [("train", 7225), ("val", 914)])
def test_the_real_crops(split: str, images: int) -> None:
    folder = os.environ.get("POSEARCH_DATA")
    if not folder or not (Path(folder) / "lspet_crops").is_dir():
        pytest.skip("POSEARCH_DATA does not name a folder that holds lspet_crops")
    opened = lsp.open_split(Path(folder) / "lspet_crops", split)
    assert len(opened) == len(opened.annotated_images()) == images
    for index in range(0, images, images // 5):
        image, target = opened[index]
        assert tuple(image.shape) == (3, *opened.size(index))
        assert tuple(target["keypoints"].shape) == (1, 14, 3)
        known = target["keypoints"][0, :, 2] > 0
        points = target["keypoints"][0, known, :2]
        box = target["boxes"][0]
        assert torch.all(points >= box[:2] - 0.01)
        assert torch.all(points <= box[2:] + 0.01)
