import math
import shutil
from pathlib import Path

import pytest
from coco_files import content, write_coco
from PIL import Image
from planted_faults import ODD, UNREADABLE, Plant, planted

from bench.data.coco import dataset as coco
from bench.data.validate import main
from bench.problem import Problem


@pytest.mark.parametrize(("plant", "sentence"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_refused_and_listed(
    tmp_path: Path, plant: Plant, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_coco(tmp_path, train=planted(plant))
    with pytest.raises(Problem) as refusal:
        coco.open_split(root, "train")
    assert sentence in str(refusal.value)
    assert "person_keypoints_train2017.json: " in str(refusal.value)
    assert main(["coco", str(root)]) == 1
    listed = [line for line in capsys.readouterr().out.splitlines() if sentence in line]
    assert len(listed) == 1
    assert listed[0].startswith(str(root / "annotations" / "person_keypoints_train2017.json: "))


@pytest.mark.parametrize(("plant", "sentence"), ODD.values(), ids=ODD)
def test_what_is_odd_is_read_and_listed(
    tmp_path: Path, plant: Plant, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_coco(tmp_path, train=planted(plant))
    assert len(coco.open_split(root, "train")) == 3
    assert main(["coco", str(root)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert sentence in lines[0]
    assert lines[1] == f"coco in {root}: 1 fault"


def test_all_faults_are_listed_in_one_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = content()
    given["images"][1]["file_name"] = "gone.png"
    given["annotations"][0]["keypoints"][0] = math.nan
    given["annotations"][1]["bbox"] = [5, 5, -1, 4]
    given["annotations"][1]["keypoints"][2] = 7
    given["annotations"][2]["keypoints"][0] = 400
    root = write_coco(tmp_path, train=given)
    (root / "val2017" / "5.png").write_bytes(b"no image")
    Image.new("RGB", (8, 9)).save(root / "val2017" / "7.png")
    assert main(["coco", str(root)]) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert last == f"coco in {root}: 7 faults"
    for sentence in (
        "image 3, ",
        "annotation 71 (image 7) has nan",
        "annotation 51 (image 5) has a box of negative size",
        "annotation 51 (image 5) has visibility 7",
        "annotation 72 (image 7) has nose at (400, 5)",
        "image 5 cannot be decoded",
        "image 7 is 8x9 pixels where its annotation says 40x30",
    ):
        assert sum(sentence in line for line in lines) == 1, sentence


def test_an_annotation_without_an_id_is_one_fault_however_odd_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = content()
    del given["annotations"][0]["id"]
    given["annotations"][0]["num_keypoints"] = 5
    assert main(["coco", str(write_coco(tmp_path, train=given))]) == 1
    fault, last = capsys.readouterr().out.splitlines()
    assert "entry 0 of 'annotations' has no whole number as 'id'" in fault
    assert last.endswith(": 1 fault")


@pytest.mark.parametrize("text", ["", "{", '{"images": [', "nul", "[" * 100_000, "\x00", "1e9"])
def test_a_torn_or_foreign_json_is_refused_and_listed(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_coco(tmp_path)
    path = root / "annotations" / "person_keypoints_val2017.json"
    path.write_text(text)
    with pytest.raises(Problem, match=r"is not valid JSON|is not a COCO keypoints file"):
        coco.open_split(root, "val")
    assert main(["coco", str(root)]) == 1
    assert capsys.readouterr().out.startswith(str(path))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    root = write_coco(tmp_path)
    (root / "annotations" / "person_keypoints_val2017.json").write_bytes(b"\xff\xfe\x80{}")
    with pytest.raises(Problem, match="is not valid JSON"):
        coco.open_split(root, "val")


def test_missing_json_and_image_folder_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_coco(tmp_path)
    (root / "annotations" / "person_keypoints_train2017.json").unlink()
    shutil.rmtree(root / "val2017")
    assert main(["coco", str(root)]) == 1
    first, second, last = capsys.readouterr().out.splitlines()
    assert "holds no annotations/person_keypoints_train2017.json" in first
    assert "val2017 does not exist" in second
    assert last.endswith("2 faults")


def test_a_joint_on_the_border_is_not_outside(tmp_path: Path) -> None:
    """LSP-extended's crops put some joints about one pixel beyond the border."""
    given = content()
    given["annotations"][0]["keypoints"][15] = 40.9
    given["annotations"][0]["keypoints"][16] = -1.2
    assert main(["coco", str(write_coco(tmp_path, train=given))]) == 0
