import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from downloads import fixture, structs
from PIL import Image
from scipy.io import savemat

from bench.data.mpii import dataset as mpii
from bench.data.mpii.mat import is_held_out
from bench.problem import Problem
from models.skeleton import MPII16

WIDTH, HEIGHT = 120, 90


def entry(image: str = "000000012.jpg", **changes: Any) -> dict[str, Any]:
    """Return a person of the JSON split: joint j at (11 + j, 31 + j), the last one unknown."""
    joints = [[11.0 + joint, 31.0 + joint] for joint in range(15)] + [[-1.0, -1.0]]
    known = [1] * 15 + [0]
    person = {"joints": joints, "joints_vis": known, "center": [21.0, 41.0], "scale": 0.5}
    return {"image": image, **person} | changes


def write_images(root: Path, names: set[str]) -> None:
    (root / "images").mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("RGB", (WIDTH, HEIGHT)).save(root / "images" / name)


def write_json(root: Path, train: Any = None, val: Any = None) -> Path:
    (root / "annot").mkdir(parents=True, exist_ok=True)
    write_images(root, {"000000012.jpg", "000000013.jpg"})
    for name, given in (("train", train), ("valid", val)):
        people = [entry(), entry("000000013.jpg"), entry()] if given is None else given
        (root / "annot" / f"{name}.json").write_text(json.dumps(people))
    return root


def test_the_json_split_counts_pixels_from_one_and_keeps_what_is_unknown(tmp_path: Path) -> None:
    images = mpii.open_split(write_json(tmp_path), "train")
    assert images.skeleton is MPII16
    assert images.image_ids.tolist() == [12, 13]
    assert images.size(0) == (HEIGHT, WIDTH)
    target = images.target(0)
    assert target["annotation_ids"].tolist() == [0, 2]
    assert target["keypoints"][0, 0].tolist() == [10, 30, 2]
    assert target["keypoints"][0, 15].tolist() == [0, 0, 0]
    assert "head_boxes" not in target


def test_the_box_is_two_hundred_scales_and_the_area_that_of_the_joints(tmp_path: Path) -> None:
    target = mpii.open_split(write_json(tmp_path), "train").target(0)
    # Side 100 about (20, 40), moved down by 7.5.
    assert target["boxes"][0].tolist() == [-30, -2.5, 70, 97.5]
    assert target["area"][0].item() == 14 * 14


def test_head_boxes_of_the_validation_split_are_read_beside_it(tmp_path: Path) -> None:
    root = write_json(tmp_path)
    corners = np.zeros((2, 2, 3))
    corners[:, :, 1] = [[13, 5], [33, 45]]
    corners[1, :, [0, 2]] = 9
    savemat(root / "annot" / "gt_valid.mat", {"headboxes_src": corners})
    target = mpii.open_split(root, "val").target(1)
    assert target["head_boxes"].tolist() == [[12, 4, 32, 44]]
    assert "head_boxes" not in mpii.open_split(root, "train").target(1)
    names = [path.name for path in mpii.annotation_files(root)]
    assert names == ["train.json", "valid.json", "gt_valid.mat"]


def test_head_boxes_of_other_people_are_a_problem(tmp_path: Path) -> None:
    root = write_json(tmp_path)
    savemat(root / "annot" / "gt_valid.mat", {"headboxes_src": np.zeros((2, 2, 7))})
    with pytest.raises(Problem, match=r"shape \[2, 2, 7\] where valid\.json has 3 people"):
        mpii.open_split(root, "val")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"joints": [[1, 2]] * 15}, "person 0 has no 'joints' of 16 pairs"),
        ({"joints": [[1, None]] * 16}, "person 0 has no 'joints' of 16 pairs"),
        ({"joints_vis": [2] * 16}, "person 0 has no 'joints_vis' of 16 numbers 0"),
        ({"joints_vis": [1] * 15}, "person 0 has no 'joints_vis' of 16 numbers 0"),
        ({"center": [1]}, r"person 0 has center \[1\]; write x and y"),
        ({"scale": 0}, "person 0 has scale 0; write the person's height"),
        ({"scale": "2"}, "person 0 has scale '2'"),
        ({"image": "walk.jpg"}, "person 0 is in the image 'walk.jpg'; MPII's names are numbers"),
        ({"image": None}, "person 0 is in the image None"),
        ({"image": "77.jpg"}, r"the file of image 77, .*77\.jpg is missing; restore it"),
        ({"joints": [[float("nan"), 1.0]] * 16}, "has nan as the x of right_ankle"),
    ],
)
def test_what_is_wrong_with_an_entry_is_one_sentence(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    root = write_json(tmp_path, train=[entry(**changes), entry()])
    with pytest.raises(Problem, match=sentence):
        mpii.open_split(root, "train")
    found = list(mpii.faults(root, "train"))
    assert len(found) == 1
    assert found[0].startswith(str(root / "annot" / "train.json"))


def test_oddities_and_damaged_images_are_listed(tmp_path: Path) -> None:
    outside = entry()
    outside["joints"][9] = [400.0, 30.0]
    root = write_json(tmp_path, train=[outside, entry("000000013.jpg")])
    path = root / "images" / "000000013.jpg"
    path.write_bytes(path.read_bytes()[:-40])
    joint, image = mpii.faults(root, "train")
    assert "annotation 0 (image 12) has head_top at (399, 29), outside its 120x90" in joint
    assert "000000013.jpg" in image
    assert "cannot be decoded" in image


def test_a_clean_split_has_no_faults(tmp_path: Path) -> None:
    root = write_json(tmp_path)
    assert list(mpii.faults(root, "train")) == list(mpii.faults(root, "val")) == []


def test_other_json_and_an_empty_folder_are_problems(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"holds no annot/train\.json and no \.mat; it must hold"):
        mpii.annotation_files(tmp_path)
    with pytest.raises(Problem, match="is not MPII's JSON split"):
        mpii.open_split(write_json(tmp_path, train={"images": []}), "train")


def points(*ids: int) -> dict[str, Any]:
    """Return annopoints: joint j at (11 + j, 31 + j), visibility written in MPII's four ways."""
    ways: list[Any] = [1, "0", "1", np.empty((0, 0))]
    rows = [{"x": 11 + j, "y": 31 + j, "id": j, "is_visible": ways[j % 4]} for j in ids]
    return {"point": structs(rows)}


HEAD = {"x1": 13, "y1": 5, "x2": 33, "y2": 45}
WHERE = {"scale": 0.5, "objpos": {"x": 21, "y": 41}}


def release(images: list[tuple[str, int, list[dict[str, Any]]]], public: list[int]) -> Any:
    """Return RELEASE with (name, video, people) for each image."""
    annolist = [
        {
            "image": {"name": name},
            "annorect": structs(people) if people else np.empty((0, 0)),
            "vididx": video,
        }
        for name, video, people in images
    ]
    return {"annolist": structs(annolist), "img_train": np.array([public], dtype=np.uint8)}


def write_mat(root: Path, content: Any, names: set[str]) -> Path:
    write_images(root, names)
    savemat(root / "mpii_human_pose_v1_u12_1.mat", {"RELEASE": content})
    return root


@pytest.fixture
def videos() -> tuple[int, int]:
    """A video of the split "train" and one of "val"."""
    held = [is_held_out({"vididx": video}, "") for video in range(100)]
    return held.index(False), held.index(True)


def test_the_published_file_is_read(tmp_path: Path, videos: tuple[int, int]) -> None:
    train, val = videos
    people = [{**HEAD, **WHERE, "annopoints": points(0, 1, 2, 3, 9)}, HEAD]
    given = [
        ("000000012.jpg", train, people),
        ("000000013.jpg", val, [{**HEAD, **WHERE, "annopoints": points(0, 5)}]),
        ("000000014.jpg", train, []),
        ("000000015.jpg", train, [{**WHERE}]),
    ]
    names = {name for name, _, _ in given}
    root = write_mat(tmp_path, release(given, [1, 1, 1, 0]), names)
    images = mpii.open_split(root, "train")
    assert images.image_ids.tolist() == [12, 14], "image 15 has no public joints"
    target = images.target(0)
    expected = np.zeros((2, 16, 3))
    for joint, seen in ((0, 2), (1, 1), (2, 2), (3, 2), (9, 1)):
        expected[0, joint] = [10 + joint, 30 + joint, seen]
    np.testing.assert_array_equal(target["keypoints"], expected)
    assert target["head_boxes"].tolist() == [[12, 4, 32, 44]] * 2
    square, head = target["boxes"].tolist()
    assert square == [-30, -2.5, 70, 97.5]
    assert head == [12, 4, 32, 44], "of somebody without joints the head is known"
    assert len(images.target(1)["boxes"]) == 0
    assert mpii.open_split(root, "val").image_ids.tolist() == [13]
    assert list(mpii.faults(root, "train")) == []
    assert [path.name for path in mpii.annotation_files(root)] == ["mpii_human_pose_v1_u12_1.mat"]


def test_a_person_without_scale_has_the_extent_of_joints_and_head(
    tmp_path: Path, videos: tuple[int, int]
) -> None:
    people = [{**HEAD, "annopoints": points(0, 4)}]
    root = write_mat(
        tmp_path, release([("1.jpg", videos[0], people), ("2.jpg", videos[0], [])], [1, 1]),
        {"1.jpg", "2.jpg"},
    )  # fmt: skip
    target = mpii.open_split(root, "train").target(0)
    assert target["boxes"].tolist() == [[10, 4, 32, 44]]
    assert target["area"].tolist() == [22 * 40]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"annopoints": points(3, 16)}, "person 2 (image 1) has a joint with id 16"),
        ({"annopoints": points(3, 3)}, "person 2 (image 1) has joint 3 (left_hip) twice"),
        ({"scale": -1}, "person 2 (image 1) has scale -1"),
        (
            {"annopoints": {"point": structs([{"x": 3, "y": np.empty((0, 0)), "id": 1}])}},
            "person 2 (image 1) has no place for joint 1",
        ),
    ],
)
def test_what_is_wrong_in_the_published_file_is_one_sentence(
    tmp_path: Path, videos: tuple[int, int], changes: dict[str, Any], sentence: str
) -> None:
    sound = {**HEAD, **WHERE, "annopoints": points(0, 5)}
    given = [("1.jpg", videos[0], [sound, {**sound, **changes}]), ("2.jpg", videos[0], [])]
    root = write_mat(tmp_path, release(given, [1, 1]), {"1.jpg", "2.jpg"})
    with pytest.raises(Problem) as refusal:
        mpii.open_split(root, "train")
    assert sentence in str(refusal.value)
    (only,) = mpii.faults(root, "train")
    assert sentence in only


def test_a_torn_or_foreign_mat_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "mpii_human_pose_v1_u12_1.mat"
    for content, sentence in (
        ({"joints": np.zeros(3)}, "holds no variable 'RELEASE'"),
        ({"RELEASE": {"annolist": 3}}, "has no 'annolist' and 'img_train'"),
        ({"RELEASE": release([("1.jpg", 1, [])], [1, 1])}, "1 images in 'annolist' but 2 in"),
    ):
        savemat(path, content)
        with pytest.raises(Problem, match=sentence):
            mpii.open_split(tmp_path, "train")
    whole = path.read_bytes()
    for bytes_ in (b"", b"no mat file", whole[: len(whole) // 2]):
        path.write_bytes(bytes_)
        with pytest.raises(Problem, match=r"v1_u12_1\.mat (is no readable|holds no variable)"):
            mpii.open_split(tmp_path, "train")


def test_a_video_is_in_one_split_and_about_a_tenth_is_held_out() -> None:
    held = [is_held_out({"vididx": video}, "") for video in range(4000)]
    assert 0.08 < np.mean(held) < 0.125
    assert is_held_out({"vididx": 7}, "a.jpg") == is_held_out({"vididx": 7}, "b.jpg")
    assert is_held_out({}, "000000012.jpg") == is_held_out({}, "000000012.png")


def test_people_written_in_the_json_split_are_read_back(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    joints = random.uniform(1, 80, (30, 16, 2)).round(2)
    known = random.random((30, 16)) < 0.8
    people = [
        entry("000000012.jpg", joints=place.tolist(), joints_vis=seen.astype(int).tolist())
        for place, seen in zip(joints, known, strict=True)
    ]
    read = mpii.open_split(write_json(tmp_path, train=people), "train").target(0)["keypoints"]
    expected = np.concatenate([joints - 1, np.full((30, 16, 1), 2)], axis=2) * known[..., None]
    np.testing.assert_allclose(read, expected, atol=1e-5)


def test_the_real_sample(tmp_path: Path) -> None:
    sample = fixture("mpii")
    shutil.copytree(sample, tmp_path / "images", ignore=shutil.ignore_patterns("*.json"))
    (tmp_path / "annot").mkdir()
    for name in ("train", "valid"):
        shutil.copy(sample / "test_mpii.json", tmp_path / "annot" / f"{name}.json")
    images = mpii.open_split(tmp_path, "train")
    assert len(images) == len(images.annotated_images()) == 5
    assert list(mpii.faults(tmp_path, "train")) == []
    by_id = {int(number): index for index, number in enumerate(images.image_ids)}
    target = images.target(by_id[5808361])
    # The same people in another format, in MPII's pixels: the sample's test_mpii_trb.json.
    trb = json.loads((sample / "test_mpii_trb.json").read_text())
    names = trb["categories"][0]["keypoints"]
    theirs = next(one for one in trb["annotations"] if one["image_id"] == 5808361)["keypoints"]
    for joint in ("left_shoulder", "right_elbow", "left_ankle", "right_hip"):
        ours = target["keypoints"][0, MPII16.joints.index(joint)]
        place = 3 * names.index(joint)
        assert ours.tolist() == [theirs[place] - 1, theirs[place + 1] - 1, 2]
    for index in range(5):
        found = images.target(index)
        points_, box = found["keypoints"][0], found["boxes"][0]
        inside = (points_[:, :2] >= box[:2]) & (points_[:, :2] <= box[2:])
        assert inside[points_[:, 2] > 0].all(), "the box about the centre holds the joints"
