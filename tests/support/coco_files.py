"""Tiny data sets in COCO's keypoint format, written for one test each."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from models.skeleton import COCO17, LSP14, Skeleton

WIDTH, HEIGHT = 40, 30


def person(number: int, image: int, joints: int = 17, **changes: Any) -> dict[str, Any]:
    """Return an annotation in COCO's format: its first joint hidden, its last one unknown."""
    keypoints: list[float] = []
    for joint in range(joints):
        visibility = 1 if joint == 0 else 0 if joint == joints - 1 else 2
        keypoints += [10 + joint % 7, 5 + joint, visibility]
    annotation: dict[str, Any] = {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "iscrowd": 0,
        "keypoints": keypoints,
        "num_keypoints": joints - 1,
        "bbox": [8.5, 4, 12, 20],
        "area": 150.25,
        "segmentation": [[8, 4, 20, 4, 20, 24]],
    }
    annotation.update(changes)
    return annotation


def content(skeleton: Skeleton = COCO17) -> dict[str, Any]:
    """Return three images: with two people, with nobody, with one; listed out of order."""
    joints = len(skeleton)
    return {
        "images": [
            {"id": number, "file_name": f"{number}.png", "width": WIDTH, "height": HEIGHT}
            for number in (7, 3, 5)
        ],
        "annotations": [
            person(71, 7, joints),
            person(51, 5, joints, bbox=[2, 3, 30, 20]),
            person(72, 7, joints, area=99),
        ],
        "categories": [{"id": 1, "name": "person", "keypoints": list(skeleton.joints)}],
    }


def write_images(folder: Path, entries: list[dict[str, Any]]) -> None:
    """Write an image of the size noted for each entry, its grey level the image's id."""
    for entry in entries:
        path = folder / entry["file_name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (entry["width"], entry["height"]), (entry["id"],) * 3).save(path)


def write_coco(root: Path, train: Any = None, val: Any = None, nested: bool = True) -> Path:
    """Write a data set in COCO 2017's layout; the json may hold anything, the images are sound."""
    folder = root / "annotations" if nested else root
    folder.mkdir(parents=True, exist_ok=True)
    for split, given in (("train", train), ("val", val)):
        write_images(root / f"{split}2017", content()["images"])
        path = folder / f"person_keypoints_{split}2017.json"
        path.write_text(json.dumps(content() if given is None else given))
    return root


def write_lsp(root: Path, train: Any = None) -> Path:
    """Write a data set in the layout of the LSP-extended crops."""
    for split in ("train", "val"):
        given = content(LSP14)
        for entry in given["images"]:
            entry["file_name"] = "images/" + entry["file_name"]
        write_images(root, given["images"])
        replaced = train if train is not None and split == "train" else given
        (root / f"{split}.json").write_text(json.dumps(replaced))
    return root
