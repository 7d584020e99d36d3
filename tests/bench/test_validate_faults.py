import copy
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_files import content, person, write_coco, write_lsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bench.data import coco
from bench.data.validate import main
from bench.problem import Problem

Plant = Callable[[dict[str, Any]], object]


def change(entry: str, number: int, **values: Any) -> Plant:
    """Return a function that sets fields of one image or annotation."""
    return lambda given: given[entry][number].update(values)


def joint(index: int, value: Any) -> Plant:
    """Return a function that sets one keypoint number of annotation 71."""
    return lambda given: given["annotations"][0]["keypoints"].__setitem__(index, value)


def drop(entry: str, number: int, field: str) -> Plant:
    return lambda given: given[entry][number].pop(field)


def add(**values: Any) -> Plant:
    """Return a function that adds annotation 90, of image 3."""
    return lambda given: given["annotations"].append(person(90, 3, **values))


BLANK = {"keypoints": [0] * 51, "num_keypoints": 0}

# What is planted, and what the sentence must name: the id, the value, the mend.
UNREADABLE: dict[str, tuple[Plant, str]] = {
    "no images": (lambda given: given.pop("images"), "lacks the list 'images'"),
    "images no list": (lambda given: given.update(images={}), "lacks the list 'images'"),
    "no categories": (lambda given: given.pop("categories"), "lacks the list 'categories'"),
    "no person": (change("categories", 0, name="dog"), "no category named 'person'"),
    "no joint names": (drop("categories", 0, "keypoints"), "has no 'keypoints'; use the keypoints"),
    "joint order": (
        lambda given: given["categories"][0]["keypoints"].reverse(),
        "joint 0 of its category 'person' is 'right_ankle' where coco17 has 'nose'; reorder",
    ),
    "image without id": (drop("images", 1, "id"), "entry 1 of 'images' has no whole number"),
    "image twice": (
        lambda given: given["images"].append(given["images"][0]),
        "image 7 is listed twice",
    ),
    "image without name": (drop("images", 2, "file_name"), "image 5 has no 'file_name'"),
    "image without width": (drop("images", 2, "width"), "image 5 has width None"),
    "image of height 0": (change("images", 0, height=0), "image 7 has height 0"),
    "annotation without id": (
        change("annotations", 0, id="71"),
        "entry 0 of 'annotations' has no whole number",
    ),
    "annotation twice": (add(id=72), "annotation 72 is listed twice"),
    "no category id": (
        drop("annotations", 0, "category_id"),
        "annotation 71 has no whole number as 'category_id'",
    ),
    "foreign image": (
        change("annotations", 0, image_id=999),
        "annotation 71 belongs to image 999, which 'images' does not list",
    ),
    "no image id": (drop("annotations", 0, "image_id"), "annotation 71 belongs to image None"),
    "too few numbers": (
        lambda given: given["annotations"][0]["keypoints"].pop(),
        "annotation 71 (image 7) has 50 keypoint numbers where coco17 needs 51",
    ),
    "too many joints": (
        lambda given: given["annotations"][0]["keypoints"].extend([1, 1, 2]),
        "annotation 71 (image 7) has 54 keypoint numbers where coco17 needs 51",
    ),
    "no keypoints": (
        drop("annotations", 0, "keypoints"),
        "annotation 71 (image 7) has no list of 'keypoints'; write 51 zeros",
    ),
    "nan": (joint(15, math.nan), "annotation 71 (image 7) has nan as the x of left_shoulder"),
    "infinity": (joint(16, -math.inf), "has -inf as the y of left_shoulder"),
    "text": (joint(15, "12"), "has '12' as the x of left_shoulder"),
    "null": (joint(3, None), "has None as the x of left_eye"),
    "truth value": (joint(3, True), "has True as the x of left_eye"),
    "beyond float": (joint(4, 10**400), "as the y of left_eye"),
    "visibility 3": (joint(17, 3), "has visibility 3 for left_shoulder; write 0"),
    "visibility 0.9": (joint(17, 0.9), "has visibility 0.9 for left_shoulder"),
    "iscrowd 2": (change("annotations", 0, iscrowd=2), "annotation 71 (image 7) has iscrowd 2"),
    "negative box": (
        change("annotations", 0, bbox=[30, 20, -12, 9]),
        "annotation 71 (image 7) has a box of negative size, -12x9",
    ),
    "empty box": (
        change("annotations", 0, bbox=[3, 2, 12, 0]),
        "annotation 71 (image 7) has joints but a box of 12x0 pixels",
    ),
    "box of three": (change("annotations", 0, bbox=[3, 2, 12]), "has the box [3, 2, 12]"),
    "box with nan": (change("annotations", 0, bbox=[3, 2, math.nan, 4]), "has the box [3, 2, nan"),
    "negative area": (change("annotations", 0, area=-4), "has area -4"),
    "area nan": (change("annotations", 0, area=math.nan), "has area nan"),
    "empty area": (change("annotations", 0, area=0), "has joints but an area of 0"),
    "neither box nor joints": (add(**BLANK, bbox=[]), "annotation 90 (image 3) has no box"),
    "one joint, no box": (
        add(keypoints=[5, 5, 2] + [0] * 48, num_keypoints=1, bbox=None),
        "annotation 90 (image 3) has no box, and no joints that span one",
    ),
    "nobody": (lambda given: given["annotations"].clear(), "nobody in it has a joint"),
    "only crowds": (
        lambda given: [one.update(iscrowd=1) for one in given["annotations"]],
        "nobody in it has a joint",
    ),
    "missing file": (
        change("images", 1, file_name="gone.png"),
        "the file of image 3,",
    ),
}

# Tolerated when read, yet nobody can have meant it.
ODD: dict[str, tuple[Plant, str]] = {
    "joint outside": (
        joint(15, 43),
        "annotation 71 (image 7) has left_shoulder at (43, 10), outside its 40x30 image",
    ),
    "joint above": (joint(16, -4), "has left_shoulder at (15, -4), outside its 40x30 image"),
    "box outside": (
        change("annotations", 0, bbox=[50, 2, 10, 10]),
        "annotation 71 (image 7) has its box wholly outside its 40x30 image",
    ),
    "wrong number": (
        change("annotations", 0, num_keypoints=3),
        "annotation 71 (image 7) says num_keypoints 3 but 16 joints",
    ),
    "empty person": (
        add(**BLANK, bbox=[9.98, 18.5, 15.5, 0.0], area=0.0),
        "annotation 90 (image 3) has no joints and an empty box",
    ),
}


def planted(plant: Plant) -> dict[str, Any]:
    given = content()
    plant(given)
    return given


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


@pytest.mark.parametrize(("name", "write"), [("coco", write_coco), ("lspet", write_lsp)])
def test_a_clean_data_set_is_clean(
    tmp_path: Path, name: str, write: Callable[[Path], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = write(tmp_path)
    assert main([name, str(root)]) == 0
    assert capsys.readouterr().out == f"{name} in {root}: nothing wrong\n"


def test_a_joint_on_the_border_is_not_outside(tmp_path: Path) -> None:
    """LSP-extended's crops put some joints about one pixel beyond the border."""
    given = content()
    given["annotations"][0]["keypoints"][15] = 40.9
    given["annotations"][0]["keypoints"][16] = -1.2
    assert main(["coco", str(write_coco(tmp_path, train=given))]) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["cocos", "."], "unknown data set on disk 'cocos'; did you mean 'coco'?"),
        (["synthetic", "."], "unknown data set on disk 'synthetic'"),
        (["lspet", "nowhere"], "--data-root nowhere is not a folder"),
    ],
)
def test_the_command_without_a_data_set_exits_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err


def test_the_module_runs_as_a_command(tmp_path: Path) -> None:
    root = write_lsp(tmp_path)
    (root / "images" / "5.png").unlink()
    command = [sys.executable, "-m", "bench.data.validate", "lspet", str(root)]
    place = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "image 5" in done.stdout
    assert done.stderr == ""


# Whatever a field is replaced by, the file is refused with a Problem or read into sound numbers.
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.one_of(st.integers(-5, 60), st.floats(), st.none()), max_size=52),
    st.dictionaries(st.sampled_from(["id", "name", "keypoints"]), st.integers(), max_size=2),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) in nested JSON content."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[tuple[Any, Any]] = []
    for key, inner in pairs:
        found.append((value, key))
        if isinstance(inner, dict | list):
            found += places(inner)
    return found


SOUND = content()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_damage_is_refused_or_harmless(tmp_path: Path, data: st.DataObject) -> None:
    damaged = copy.deepcopy(SOUND)
    for _ in range(data.draw(st.integers(1, 3))):
        here = places(damaged)
        if here:
            container, key = here[data.draw(st.integers(0, len(here) - 1))]
            container[key] = data.draw(LEAVES)
    root = tmp_path / "set"
    if not root.exists():
        write_coco(root)
    path = root / "annotations" / "person_keypoints_train2017.json"
    path.write_text(json.dumps(damaged))
    list(coco.faults(root, "train"))
    try:
        images = coco.open_split(root, "train")
    except Problem:
        return
    assert np.isfinite(images.keypoints).all()
    assert np.isfinite(images.boxes).all()
    assert (images.boxes[:, 2:] >= images.boxes[:, :2]).all()
    assert len(images.annotated_images()) > 0
    for index in range(len(images)):
        assert images.target(index)["keypoints"].shape[1:] == (17, 3)
        assert min(images.size(index)) > 0
