"""CrowdPose (Li et al., CVPR 2019): 14 joints of people in crowds, in COCO's keypoint format.

The test split has nothing to do with training and choosing, and is not read. Areas are not
annotated: the area is 0.53 of the box, as in the data set's own evaluation. Visibility is handed on
as it is, though neck and head are marked hidden throughout.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.data.coco.dataset import SplitFiles, all_faults, open_content, parsed, refusal
from bench.data.coco.format import person_box
from bench.data.photographs import Photographs
from bench.problem import Problem
from models.skeleton import CROWDPOSE14

SKELETON: Final = CROWDPOSE14
LAYOUT: Final = "json/crowdpose_train.json and crowdpose_val.json (or annotations/), and images/"
# Share of its box that a person is taken to cover, where evaluation needs a person's area.
_COVERED: Final = 0.53
_FOLDERS: Final = ("json", "annotations", ".")
_INDEX: Final = "crowdIndex"


def annotation_files(root: Path) -> list[Path]:
    """Return the annotation files of both splits.

    Raises:
        Problem: one is missing.
    """
    return [_split_files(root, split).annotations for split in ("train", "val")]


def open_split(root: Path, split: str) -> Photographs:
    """Read a split; its ``crowd_index`` is 0 (nobody overlaps) to 1.

    Raises:
        Problem: a file is missing or anything in the annotations is wrong.
    """
    files = _split_files(root, split)
    content = _in_our_terms(parsed(files.annotations))
    images = open_content(f"crowdpose {split}", files, SKELETON, content)
    for fault in _index_faults(content):
        raise refusal(files.annotations, fault)
    indices = np.array([image[_INDEX] for image in content["images"]], dtype=np.float32)
    return replace(images, crowd_index=indices)


def faults(root: Path, split: str) -> Iterator[str]:
    """Yield everything that is wrong with a split, image files included.

    Raises:
        Problem: the annotation file is missing or no JSON.
    """
    files = _split_files(root, split)
    content = _in_our_terms(parsed(files.annotations))
    yield from all_faults(files, SKELETON, content)
    for fault in _index_faults(content):
        yield f"{files.annotations}: {fault}"


def _split_files(root: Path, split: str) -> SplitFiles:
    name = f"crowdpose_{split}.json"
    for folder in _FOLDERS:
        if (root / folder / name).is_file():
            return SplitFiles(root / folder / name, root / "images")
    raise Problem(f"{root} holds no json/{name}; it must hold {LAYOUT}")


def _in_our_terms(content: Any) -> Any:
    """Return the content with the joint 'head' named as what it marks, and with areas.

    ``num_keypoints`` counts neither head nor neck there; it goes, and everybody counts anew.
    """
    if not isinstance(content, dict):
        return content
    for category in _objects(content, "categories"):
        if isinstance(category.get("keypoints"), list):
            names = ["head_top" if name == "head" else name for name in category["keypoints"]]
            category["keypoints"] = names
    for person in _objects(content, "annotations"):
        person.pop("num_keypoints", None)
        box = person.get("bbox")
        # Anything else is a fault, and told as such.
        if person.get("area") is None and isinstance(box, list) and _numbers(box):
            _, _, width, height = person_box(person)
            person["area"] = _COVERED * width * height
    return content


def _objects(content: dict[str, Any], name: str) -> list[dict[str, Any]]:
    values = content.get(name)
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _numbers(box: list[Any]) -> bool:
    return len(box) == 4 and all(type(value) in (int, float) for value in box)


def _index_faults(content: Any) -> Iterator[str]:
    for image in _objects(content, "images") if isinstance(content, dict) else ():
        index: Any = image.get(_INDEX)
        if type(index) not in (int, float) or not 0 <= index <= 1:
            yield (
                f"image {image.get('id')} has {_INDEX} {index!r}; write how crowded it is, a "
                "number of 0 to 1"
            )
