import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from coco_files import HEIGHT, WIDTH, content, write_coco, write_lsp
from PIL import Image, ImageColor

from bench.data.coco import dataset as coco
from bench.data.contact_sheet import draw_sheet
from bench.data.validate import main
from models.skeleton import COCO17


@pytest.mark.parametrize(("name", "write"), [("coco", write_coco), ("lspet", write_lsp)])
def test_a_clean_data_set_is_clean(
    tmp_path: Path, name: str, write: Callable[[Path], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = write(tmp_path)
    assert main([name, str(root)]) == 0
    assert capsys.readouterr().out == f"{name} in {root}: nothing wrong\n"


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
    place = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "image 5" in done.stdout
    assert done.stderr == ""


def test_the_sheet_shows_every_image_with_people(tmp_path: Path) -> None:
    root, path = write_coco(tmp_path / "set"), tmp_path / "sheet.png"
    assert main(["coco", str(root), "--sheet", str(path)]) == 0
    with Image.open(path) as sheet:
        assert sheet.size == (2 * 240, 240), "two of the three images show somebody"


def test_a_sheet_is_drawn_of_a_set_with_odd_but_readable_people(tmp_path: Path) -> None:
    given = content()
    given["annotations"][0]["keypoints"][15] = 43
    root, path = write_coco(tmp_path / "set", train=given), tmp_path / "sheet.png"
    assert main(["coco", str(root), "--sheet", str(path)]) == 1
    assert path.is_file()


def test_no_sheet_of_what_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = content()
    given["annotations"][0]["keypoints"].pop()
    root, path = write_coco(tmp_path / "set", train=given), tmp_path / "sheet.png"
    assert main(["coco", str(root), "--sheet", str(path)]) == 1
    assert "no sheet: " in capsys.readouterr().err
    assert not path.exists()


@pytest.mark.parametrize("name", ["nowhere/sheet.png", "sheet", "sheet.txt"])
def test_a_sheet_that_cannot_be_written_exits_2(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_coco(tmp_path / "set")
    assert main(["coco", str(root), "--sheet", str(tmp_path / name)]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_joints_are_drawn_in_their_sides_colours_where_they_lie(tmp_path: Path) -> None:
    """The tile of a 40x30 image is 240 pixels wide: pixel (x, y) lies at (6x + 2.5, 6y + 2.5)."""
    given = content()
    joints = [0.0] * 51
    for name, x in (("left_wrist", 5), ("right_wrist", 20), ("nose", 35)):
        place = 3 * COCO17.joints.index(name)
        joints[place : place + 3] = [x, 12, 2]
    given["annotations"] = [given["annotations"][0] | {"keypoints": joints, "num_keypoints": 3}]
    images = coco.open_split(write_coco(tmp_path / "set", train=given), "train")
    draw_sheet(tmp_path / "sheet.png", images, [0])
    assert images.size(0) == (HEIGHT, WIDTH)
    with Image.open(tmp_path / "sheet.png") as sheet:
        drawn = [sheet.getpixel((6 * x + 2, 6 * 12 + 2)) for x in (5, 20, 35)]
    assert drawn == [ImageColor.getrgb(one) for one in ("#56b4e9", "#e69f00", "#f0e442")]
