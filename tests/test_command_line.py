import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

import run_all
from ablations.command_line import noted
from bench.running.run_lock import only_run
from models import registry
from models.skeleton import LSP14

REPOSITORY = Path(run_all.__file__).parent

PLUGIN = """
from torch import nn

from models import register_block


@register_block
def tiny_good(in_channels, out_channels):
    return nn.Conv2d(in_channels, out_channels, 1)


class Failing(nn.Conv2d):
    def forward(self, x):
        raise RuntimeError("a block that\\nnever works")


@register_block
def tiny_broken(in_channels, out_channels):
    return Failing(in_channels, out_channels, 1)
"""


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    """A cache, an output folder and a registry of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(registry._blocks, "_factories", dict(registry._blocks._factories))


@pytest.fixture
def refused(capsys):
    """Run the command line, which must end with code 2; return its one sentence."""

    def run(*arguments):
        assert run_all.main([*arguments]) == 2
        shown = capsys.readouterr()
        (line,) = shown.err.splitlines()
        assert line.startswith("error: ")
        return line.removeprefix("error: ")

    return run


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--suite", "blcks"], "unknown suite 'blcks'; did you mean 'blocks'?"),
        (["--blocks", "residul"], "unknown block 'residul'; did you mean 'residual'?"),
        (["--preset", "smokey"], "unknown preset 'smokey'; did you mean 'smoke'?"),
        (["--data", "cocoa"], "unknown data set 'cocoa'; did you mean 'coco'?"),
        (["--match", "mac"], "unknown matching rule 'mac'; did you mean 'macs'?"),
        (["--data", "lspet"], "give --data-root"),
        (["--data", "lspet", "--data-root", "nowhere"], "--data-root nowhere is not a folder"),
        (["--steps", "many"], "argument --steps: invalid int value: 'many'"),
        (["--stepps", "3"], "unrecognized arguments: --stepps 3"),
        (["--seeds"], "argument --seeds: expected one argument"),
        (["--threads", "0"], "--threads must be at least 1, not 0"),
        (["--workers", "0"], "--workers must be at least 1, not 0"),
        (["--suite", "table1", "--blocks", "io*"], "'table1' does not compare blocks"),
        (["--device", "cpu", "--deterministic"], "--deterministic is for a GPU"),
        (["--set", "train.momentum=1"], "unknown field of --set 'train.momentum'"),
        (["--set", "train.steps"], "has no value"),
        (["--list", "--dry-run"], "not allowed with argument"),
        (["--plugin", "nowhere.py"], "--plugin nowhere.py: there is no such file"),
        (["--report-only"], "holds no record to report"),
    ],
)
def test_bad_words_are_one_sentence_and_code_2(refused, arguments, sentence):
    assert sentence in refused("--preset", "smoke", *arguments)
    assert not Path("results").exists()


@pytest.mark.parametrize("reads", [["--rerun", "abc"], ["--check-records", "results"]])
@pytest.mark.parametrize("given", [["--preset", "gpu"], ["--executor", "dask"], ["--set", "a=1"]])
def test_what_would_change_nothing_is_refused(refused, reads, given):
    sentence = refused(*reads, *given)
    assert sentence.startswith(f"{reads[0]} goes by what is on record, and by --data-root")
    assert sentence.endswith(f"leave {given[0]} out")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_where_there_is_none(refused):
    assert "torch sees no CUDA device" in refused("--preset", "smoke", "--device", "cuda")


def test_an_output_folder_that_cannot_be_written(refused, tmp_path):
    (tmp_path / "file").write_text("")
    sentence = refused("--preset", "smoke", "--out", str(tmp_path / "file"))
    assert f"cannot write the results folder {tmp_path / 'file'}" in sentence


def test_a_plugin_that_raises_or_registers_nothing(refused, tmp_path):
    (tmp_path / "raises.py").write_text("raise ValueError('not today')")
    (tmp_path / "nothing.py").write_text("answer = 42")
    assert "raised ValueError: not today" in refused("--plugin", "raises.py")
    assert "registers no block" in refused("--plugin", "nothing.py")


def test_a_second_run_in_the_same_folder(refused, monkeypatch):
    monkeypatch.setattr("bench.running.run_lock._LOCK_SECONDS", 0.0)
    with only_run(Path("results/blocks/records")):
        assert "another run is writing to" in refused("--preset", "smoke")


def photographs(root: Path) -> dict:
    """Write a sound data set of one image a split under ``root``; return one split's content."""
    (root / "images").mkdir(parents=True)
    for split in ("train", "val"):
        Image.new("RGB", (40, 40), (90, 120, 30)).save(root / "images" / f"{split}.png")
        content = {
            "images": [{"id": 1, "file_name": f"images/{split}.png", "width": 40, "height": 40}],
            "annotations": [
                {
                    "id": 7,
                    "image_id": 1,
                    "category_id": 1,
                    "bbox": [5, 5, 30, 30],
                    "area": 900,
                    "iscrowd": 0,
                    "num_keypoints": len(LSP14),
                    "keypoints": [10.0, 20.0, 2] * len(LSP14),
                }
            ],
            "categories": [{"id": 1, "name": "person", "keypoints": list(LSP14.joints)}],
        }
        (root / f"{split}.json").write_text(json.dumps(content))
    return content


def torn_json(root, content):
    text = (root / "val.json").read_text()
    (root / "val.json").write_text(text[: len(text) // 2])


def too_few_keypoints(root, content):
    content["annotations"][0]["keypoints"] = [10.0, 20.0, 2] * 13
    (root / "val.json").write_text(json.dumps(content))


def nan_coordinates(root, content):
    content["annotations"][0]["keypoints"][0] = math.nan
    (root / "val.json").write_text(json.dumps(content))


def annotation_of_no_image(root, content):
    content["annotations"][0]["image_id"] = 99
    (root / "val.json").write_text(json.dumps(content))


def missing_image(root, content):
    (root / "images" / "val.png").unlink()


def unreadable_image(root, content):
    path = root / "images" / "val.png"
    path.write_bytes(path.read_bytes()[:50])


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (torn_json, "val.json"),
        (too_few_keypoints, "annotation 7"),
        (nan_coordinates, "annotation 7"),
        (annotation_of_no_image, "annotation 7"),
        (missing_image, "val.png"),
        (unreadable_image, "val.png"),
    ],
)
def test_bad_data_names_the_file_or_the_id_before_anything_is_trained(
    refused, tmp_path, damage, named
):
    root = tmp_path / "photographs"
    damage(root, photographs(root))
    sentence = refused("--preset", "smoke", "--data", "lspet", "--data-root", str(root))
    assert named in sentence
    assert not list(Path("results").glob("blocks/records/*/record.json"))


@pytest.mark.parametrize("words", [["--data-root", "/home/me/x"], ["--data-root=/home/me/x"]])
def test_a_record_s_command_does_not_say_where_data_lies(words):
    command = noted(["--data", "lspet", *words, "--steps", "3"])
    assert "/home/me" not in command
    assert command.split()[:4] == ["python", "run_all.py", "--data", "lspet"]
    assert command.replace("=", " ").split()[4:] == ["--data-root", "DIR", "--steps", "3"]


def test_where_results_went_and_a_plugin_lies_is_not_noted_either():
    command = noted(["--out", "/home/somebody/results", "--plugin=/home/somebody/mine.py"])
    assert command == "python run_all.py --out DIR --plugin=FILE"


def test_help_and_mistakes_are_answered_without_torch():
    script = (
        "import sys, run_all\n"
        "try: run_all.main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert run_all.main(['--preset', 'smokey']) == 2\n"
        "assert 'torch' not in sys.modules"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "--dry-run" in ended.stdout


def test_the_list_names_everything_there_is(capsys, tmp_path):
    (tmp_path / "mine.py").write_text(PLUGIN)
    assert run_all.main(["--list", "--plugin", "mine.py"]) == 0
    shown = capsys.readouterr().out
    for name in ("blocks", "smoke", "paper", "synthetic", "lspet", "aioi_light", "mean_pose"):
        assert name in shown
    assert "tiny_good" in shown


def test_a_dry_run_shows_sizes_costs_and_times_and_writes_nothing(capsys):
    small = ["--set", "model.width=8", "--set", "data.crop_size=32", "--set", "train.batch_size=2"]
    words = ["--preset", "smoke", "--blocks", "ioi", "--device", "cpu", "--dry-run", *small]
    assert run_all.main(words) == 0
    shown = capsys.readouterr().out
    for piece in ("ioi", "1 x 8", "params +0.0%", "not run yet", "mean_pose", "GMAC", " s"):
        assert piece in shown
    assert not Path("results").exists()


def test_a_failed_experiment_is_a_row_with_its_reason_and_code_1(capsys, tmp_path):
    """With a plugin whose one block works and whose other does not."""
    (tmp_path / "mine.py").write_text(PLUGIN)
    what = ["--preset", "smoke", "--plugin", "mine.py", "--blocks", "tiny*", "--match", "blocks"]
    how = ["--device", "cpu", "--threads", "1", "--steps", "2", "--set", "data.crop_size=32"]
    assert run_all.main([*what, *how]) == 1
    shown = capsys.readouterr()
    assert shown.err == "failed: tiny_broken, seed 0: RuntimeError: a block that never works\n"
    folder = Path("results/blocks")
    report = (folder / "report.md").read_text()
    assert "tiny_good" in report
    assert "a block that never works" in report
    kept = {path: path.read_bytes() for path in folder.glob("records/*/record.json")}
    assert len(kept) == 4  # two blocks, the baseline and their timing
    for name in ("report.md", "results.csv"):
        (folder / name).unlink()
    assert run_all.main(["--report-only"]) == 0
    assert (folder / "report.md").read_text() == report
    assert {path: path.read_bytes() for path in folder.glob("records/*/record.json")} == kept
