import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from coco_files import content, person, write_coco, write_lsp

from bench.data.datasets import DATASET_NAMES, describe_data, open_split
from bench.data.synthetic.factors import DOMAINS
from bench.experiment import DataSpec
from bench.problem import Problem


def describe(name: str, root: Path | None, **changes: int) -> DataSpec:
    values = {"train_images": 0, "val_images": 0, "image_size": 128, "crop_size": 64, "seed": 3}
    return describe_data(name, root, **(values | changes))


@pytest.fixture
def renderer(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Stand in for the renderer; return the list of calls that it receives."""
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        "bench.data.datasets.open_synthetic",
        lambda *values, domain, report: calls.append((*values, domain)),
    )
    return calls


def test_the_data_sets_are_there() -> None:
    assert set(DATASET_NAMES) >= {"synthetic", "synthetic-posetrack", "coco", "lspet"}


def test_photographs_are_described_by_their_annotation_files(tmp_path: Path) -> None:
    root = write_coco(tmp_path)
    spec = describe("coco", root)
    both = b"".join(
        (root / "annotations" / f"person_keypoints_{split}2017.json").read_bytes()
        for split in ("train", "val")
    )
    digest = hashlib.sha256(both).hexdigest()
    assert spec == DataSpec("coco", "coco17", 0, 0, 0, 64, 0, digest)
    assert len(open_split(spec, "train", root)) == 3, "0 means all, people or not"
    assert open_split(spec, "val", root).skeleton.name == "coco17"


def test_lsp_is_described_with_its_own_joints(tmp_path: Path) -> None:
    root = write_lsp(tmp_path)
    spec = describe("lspet", root)
    assert spec.skeleton == "lsp14"
    assert open_split(spec, "val", root).target(0)["keypoints"].shape[1] == 14


def test_a_number_of_images_draws_among_those_with_joints(tmp_path: Path) -> None:
    root = write_coco(tmp_path)
    spec = describe("coco", root, train_images=1, val_images=50)
    assert (spec.train_images, spec.val_images) == (1, 2), "no more than there are"
    train, val = open_split(spec, "train", root), open_split(spec, "val", root)
    assert [len(train), len(val)] == [1, 2]
    assert {val.target(0)["image_id"], val.target(1)["image_id"]} == {7, 5}
    again = describe("coco", root, train_images=1, val_images=50, seed=8)
    assert again == spec, "no seed changes the draw"


def test_the_digest_of_a_split_follows_what_is_read(tmp_path: Path) -> None:
    root = write_coco(tmp_path / "one")
    given = content()
    given["annotations"][0]["keypoints"][0] += 1
    other = write_coco(tmp_path / "other", train=given)
    digests = {
        open_split(describe("coco", folder, train_images=count), "train", folder).digest
        for folder in (root, other)
        for count in (0, 1, 2)
    }
    assert len(digests) == 6


def test_files_that_changed_since_the_plan_are_refused(tmp_path: Path) -> None:
    root = write_coco(tmp_path)
    spec = describe("coco", root)
    given = content()
    given["annotations"].append(person(80, 3))
    write_coco(tmp_path, val=given)
    with pytest.raises(Problem, match="not those that the experiment was planned with"):
        open_split(spec, "train", root)


def test_rendered_data_is_described_by_the_renderer(renderer: list[tuple[Any, ...]]) -> None:
    spec = describe("synthetic", None, train_images=20, val_images=10)
    # Published records hang on every one of these values.
    assert spec == DataSpec("synthetic", "coco17", 20, 10, 128, 64, 3, "6", ())
    open_split(spec, "train", None)
    open_split(spec, "val", None)
    domain = DOMAINS["synthetic"]
    assert renderer == [("train", 20, 128, 3, domain), ("val", 10, 128, 3, domain)]


def test_each_rendered_domain_has_its_own_joints_and_scenes(
    renderer: list[tuple[Any, ...]],
) -> None:
    spec = describe("synthetic-posetrack", None, train_images=20, val_images=10)
    assert spec.skeleton == "posetrack15"
    assert spec.digest.startswith("6-"), "other factors are another version"
    open_split(spec, "val", None)
    assert renderer == [("val", 10, 128, 3, DOMAINS["synthetic-posetrack"])]


def described(name: str, factors: dict[str, Any], root: Path | None = None) -> DataSpec:
    return describe_data(
        name, root, train_images=2, val_images=2, image_size=32, crop_size=0, seed=0,
        factors=tuple(factors.items()),
    )  # fmt: skip


def test_factors_that_are_moved_reach_the_renderer(renderer: list[tuple[Any, ...]]) -> None:
    spec = described("synthetic-posetrack", {"people": (4.0, 5), "blur": 1})
    assert spec.factors == (("blur", 1.0), ("people", (4, 5)))
    again = DataSpec.from_dict(json.loads(json.dumps(asdict(spec))))
    assert again == spec
    open_split(again, "train", None)
    own = DOMAINS["synthetic-posetrack"]
    moved = replace(own, factors=replace(own.factors, people=(4, 5), blur=1.0))
    assert renderer == [("train", 2, 32, 0, moved)]
    assert type(moved.factors.people[0]) is type(renderer[0][-1].factors.people[0])


def test_the_same_scenes_are_described_by_the_same_words() -> None:
    own = DOMAINS["synthetic"].factors
    plain = described("synthetic", {})
    assert described("synthetic", {"blur": own.blur, "people": own.people}) == plain
    first = described("synthetic", {"blur": 0.5, "crowded": 1, "noise": own.noise})
    assert first == described("synthetic", {"crowded": 1.0, "blur": 0.5})
    assert first != plain


@pytest.mark.parametrize(
    ("factors", "sentence"),
    [
        ({"crowed": 1.0}, "unknown factor of scenes 'crowed'; did you mean 'crowded'?"),
        ({"blur": 1.5}, "factor 'blur' is 1.5; give at least 0 and at most 1"),
        ({"blur": float("nan")}, "factor 'blur' is nan; give at least 0 and at most 1"),
        ({"blur": "0.5"}, "factor 'blur' is '0.5'; give a number, for example 0.2"),
        ({"blur": (0.1, 0.2)}, "factor 'blur' is (0.1, 0.2); give a number"),
        ({"clutter": 2.5}, "factor 'clutter' is 2.5; give a whole number"),
        ({"people": 3}, "factor 'people' is 3; give a pair of whole numbers, for example (1, 6)"),
        ({"people": (1, 2, 3)}, "factor 'people' is (1, 2, 3); give a pair of whole numbers"),
        ({"people": (1.5, 2)}, "factor 'people' is (1.5, 2); give a pair of whole numbers"),
        ({"people": (0, 2)}, "factor 'people' is (0, 2); give at least 1 and at most 20"),
        ({"height": (0.5,)}, "factor 'height' is (0.5,); give a pair of numbers"),
        ({"height": (0.5, 0.4)}, "factor 'height' is (0.5, 0.4); the first number may not exceed"),
        ({"streak": True}, "factor 'streak' is True; give a number"),
    ],
)
def test_a_factor_that_cannot_be_is_one_sentence(factors: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Problem) as raised:
        described("synthetic", factors)
    assert str(raised.value).startswith(sentence) and "\n" not in str(raised.value)


def test_photographs_have_no_factors(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="'coco' is photographs and has no factor 'blur'"):
        described("coco", {"blur": 1.0}, tmp_path)


@pytest.mark.parametrize("name", [*DOMAINS, "coco"])
def test_a_negative_number_of_images_is_a_problem(name: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="val_images is -1"):
        describe(name, tmp_path, train_images=5, val_images=-1)


@pytest.mark.parametrize("name", DOMAINS)
def test_scenes_without_number_are_a_problem(name: str) -> None:
    with pytest.raises(Problem, match="train_images is 0"):
        describe(name, None, val_images=3)


def test_an_unknown_name_offers_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="unknown data set 'cocos'; did you mean 'coco'"):
        describe("cocos", tmp_path)


@pytest.mark.parametrize("name", ["coco", "lspet"])
def test_a_missing_root_is_a_problem(name: str) -> None:
    with pytest.raises(Problem, match=rf"'{name}' is read from disk; give --data-root.*json"):
        describe(name, None)


def test_a_root_that_is_no_folder_is_a_problem(tmp_path: Path) -> None:
    for root in (tmp_path / "nowhere", tmp_path / "file"):
        (tmp_path / "file").touch()
        with pytest.raises(Problem, match=rf"--data-root .*{root.name} is not a folder"):
            describe("coco", root)


def test_a_missing_annotation_file_is_a_problem(tmp_path: Path) -> None:
    root = write_coco(tmp_path)
    (root / "annotations" / "person_keypoints_val2017.json").unlink()
    with pytest.raises(Problem, match=r"holds no annotations/person_keypoints_val2017\.json"):
        describe("coco", root)


def test_a_fault_in_either_split_is_a_problem_before_anything_runs(tmp_path: Path) -> None:
    given = content()
    given["annotations"][1]["keypoints"].pop()
    root = write_coco(tmp_path, val=given)
    with pytest.raises(Problem, match=r"val2017\.json: annotation 51 \(image 5\) has 50 keypoint"):
        describe("coco", root)


def test_a_missing_image_is_a_problem_before_anything_runs(tmp_path: Path) -> None:
    root = write_coco(tmp_path)
    (root / "val2017" / "3.png").unlink()
    with pytest.raises(Problem, match=r"the file of image 3, .*3\.png, is missing"):
        describe("coco", root)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    root = write_coco(tmp_path)
    path = root / "annotations" / "person_keypoints_train2017.json"
    path.write_text("\ufeff" + json.dumps(content()), encoding="utf-8")
    assert len(open_split(describe("coco", root), "train", root)) == 3
