from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

from bench.data.lsp import mat as lsp_mat
from bench.problem import Problem
from models.skeleton import LSP14

SIZE = 60


def write(root: Path, joints: NDArray[Any], digits: int) -> Path:
    (root / "images").mkdir(parents=True)
    for number in range(joints.shape[2]):
        image = Image.new("RGB", (SIZE, SIZE + number))
        image.save(root / "images" / f"im{number + 1:0{digits}d}.jpg")
    savemat(root / "joints.mat", {"joints": joints})
    return root


def places(people: int) -> NDArray[np.float64]:
    """Return x and y [N, 14, 2] of everybody's joints, in Matlab's pixels."""
    return np.random.default_rng(2).uniform(1, SIZE, (people, 14, 2)).round(3)


def test_lsp_is_halved_and_its_flag_says_hidden(tmp_path: Path) -> None:
    xy = places(6)
    hidden = np.random.default_rng(3).integers(0, 2, (6, 14))
    given = np.concatenate([xy, hidden[..., None]], axis=2).transpose(2, 1, 0)
    root = write(tmp_path / "lsp", given, digits=4)
    train, val = lsp_mat.open_split(root, "train"), lsp_mat.open_split(root, "val")
    assert [train.image_ids.tolist(), val.image_ids.tolist()] == [[1, 2, 3], [4, 5, 6]]
    assert train.skeleton is LSP14
    expected = np.concatenate([xy - 1, 2 - hidden[..., None]], axis=2)
    read = np.concatenate([train.keypoints, val.keypoints])
    np.testing.assert_allclose(read, expected, atol=1e-5)
    np.testing.assert_allclose(val.boxes[0], [*(xy[3] - 1).min(0), *(xy[3] - 1).max(0)], atol=1e-5)
    assert val.size(2) == (SIZE + 5, SIZE)
    assert list(lsp_mat.faults(root, "train")) == list(lsp_mat.faults(root, "val")) == []


def test_the_extension_holds_a_tenth_out_and_its_flag_says_annotated(tmp_path: Path) -> None:
    xy = places(20)
    known = np.random.default_rng(3).random((20, 14)) < 0.7
    xy[~known] = -99.5  # what stands there means nothing
    given = np.concatenate([xy, known[..., None]], axis=2).transpose(1, 2, 0)
    root = write(tmp_path / "lspet", given, digits=5)
    train, val = lsp_mat.open_split(root, "train"), lsp_mat.open_split(root, "val")
    assert [len(train), val.image_ids.tolist()] == [18, [19, 20]]
    expected = np.concatenate([xy - 1, np.full((20, 14, 1), 2)], axis=2) * known[..., None]
    np.testing.assert_allclose(
        np.concatenate([train.keypoints, val.keypoints]), expected, atol=1e-5
    )
    assert list(lsp_mat.faults(root, "train")) == []


def test_missing_and_damaged_images_are_refused_and_listed(tmp_path: Path) -> None:
    root = write(tmp_path / "lsp", np.concatenate([places(6).T, np.zeros((1, 14, 6))]), digits=4)
    (root / "images" / "im0002.jpg").unlink()
    (root / "images" / "im0003.jpg").write_bytes(b"no image")
    with pytest.raises(Problem, match=r"joints\.mat: the file of image 2, .*im0002\.jpg is missi"):
        lsp_mat.open_split(root, "train")
    missing, damaged = lsp_mat.faults(root, "train")
    assert "im0002.jpg is missing; restore it" in missing
    assert "im0003.jpg cannot be decoded" in damaged


def test_a_joint_far_outside_is_listed(tmp_path: Path) -> None:
    xy = places(6)
    xy[0, 13] = [1000, 5]
    given = np.concatenate([xy.T, np.zeros((1, 14, 6))])
    (fault,) = lsp_mat.faults(write(tmp_path / "lsp", given, digits=4), "train")
    assert "annotation 1 (image 1) has head_top at (999, 4), outside its 60x60 image" in fault


@pytest.mark.parametrize(
    ("joints", "sentence"),
    [
        (np.zeros((3, 15, 9)), r"joints of shape \[3, 15, 9\]; LSP's are \[3, 14, N\]"),
        (np.zeros((14, 3)), r"joints of shape \[14, 3\]"),
        (np.full((14, 3, 9), 2.0), "image 1 has a third number other than 0 or 1"),
        (np.full((3, 14, 9), np.nan), "image 1 has a third number other than 0 or 1"),
    ],
)
def test_other_joints_are_a_problem(
    tmp_path: Path, joints: NDArray[np.float64], sentence: str
) -> None:
    savemat(tmp_path / "joints.mat", {"joints": joints})
    with pytest.raises(Problem, match=sentence):
        lsp_mat.open_split(tmp_path, "train")


def test_a_folder_without_annotations_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"holds no joints\.mat; it must hold joints\.mat and images"):
        lsp_mat.annotation_files(tmp_path)
    (tmp_path / "joints.mat").write_bytes(b"\x00" * 200)
    with pytest.raises(Problem, match=r"joints\.mat (is no readable|holds no variable)"):
        lsp_mat.open_split(tmp_path, "val")
