"""COCO keypoints as people download them, and any data set that is written the same way.

Two layouts are read: COCO 2017's own, ``annotations/person_keypoints_{train,val}2017.json`` beside
``train2017/`` and ``val2017/``, and the same without the folder ``annotations``.

Coordinates are handed on as they are written. Whether an annotation counts from the centre or from
the corner of the top-left pixel differs between data sets and even annotators by half a pixel;
nothing is shifted here, and the contract's convention (the centre is (0, 0)) is taken to hold.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.data.cache import file_digest
from bench.data.coco_checks import content_faults, file_faults, oddities
from bench.data.coco_format import (
    is_readable_image,
    is_void,
    person_area,
    person_box,
    person_category,
)
from bench.data.photographs import Photographs, read_image
from bench.problem import Problem
from models.skeleton import COCO17, Skeleton

SKELETON: Final = COCO17
LAYOUT: Final = (
    "annotations/person_keypoints_train2017.json and person_keypoints_val2017.json (or both beside "
    "the image folders), train2017/ and val2017/"
)


@dataclass(frozen=True)
class SplitFiles:
    """Where one split lies: its annotation file, and the folder where its file names start."""

    annotations: Path
    images: Path


def annotation_files(root: Path) -> list[Path]:
    """Return the annotation files of both splits.

    Raises:
        Problem: one is missing.
    """
    return [split_files(root, split).annotations for split in ("train", "val")]


def open_split(root: Path, split: str) -> Photographs:
    """Read a split of COCO keypoints.

    Raises:
        Problem: a file is missing or anything in the annotations is wrong; see ``open_coco``.
    """
    return open_coco(f"coco {split}", split_files(root, split), SKELETON)


def faults(root: Path, split: str) -> Iterator[str]:
    """Yield everything that is wrong with a split, image files included; see ``coco_faults``.

    Raises:
        Problem: the annotation file is missing.
    """
    yield from coco_faults(split_files(root, split), SKELETON)


def split_files(root: Path, split: str) -> SplitFiles:
    """Return where a split of COCO 2017 lies under ``root``.

    Raises:
        Problem: neither layout's annotation file is there.
    """
    name = f"person_keypoints_{split}2017.json"
    for folder in (root / "annotations", root):
        if (folder / name).is_file():
            return SplitFiles(folder / name, root / f"{split}2017")
    raise Problem(f"{root} holds no annotations/{name} and no {name}; it must hold {LAYOUT}")


def open_coco(name: str, files: SplitFiles, skeleton: Skeleton) -> Photographs:
    """Read a file in COCO's keypoint format.

    The annotations are checked completely and the image files for existence; none is decoded.
    Images without people stay. A crowd stays with ``iscrowd`` 1 and without joints. A person
    without joints whose box is empty is left out. Joints of visibility 0 are zeroed. A missing
    bbox becomes the extent of the joints, a missing area that of the box.

    Raises:
        Problem: the file is missing or torn, or the first thing that is wrong in it.
    """
    content = _parsed(files.annotations)
    for fault in content_faults(content, skeleton):
        raise _refusal(files, fault)
    for fault in file_faults(content["images"], files.images):
        raise _refusal(files, fault)
    return _flattened(name, files, skeleton, content)


def coco_faults(files: SplitFiles, skeleton: Skeleton) -> Iterator[str]:
    """Yield everything that is wrong with a file in COCO's keypoint format and with its images.

    That is what ``open_coco`` refuses, what it tolerates but nobody can have meant (a joint outside
    its image), and every image that cannot be decoded or is not of the size noted.
    """
    try:
        content = _parsed(files.annotations)
    except Problem as problem:
        yield str(problem)
        return
    for fault in content_faults(content, skeleton):
        yield f"{files.annotations}: {fault}"
    images = content.get("images") if isinstance(content, dict) else None
    if not isinstance(images, list):
        return
    for fault in file_faults(images, files.images):
        yield f"{files.annotations}: {fault}"
    if all(isinstance(content.get(name), list) for name in ("annotations", "categories")):
        for fault in oddities(content, skeleton):
            yield f"{files.annotations}: {fault}"

    def decoding_fault(image: dict[str, Any]) -> str | None:
        path = files.images / image["file_name"]
        try:
            if path.is_file():
                read_image(path, image["id"], (image["height"], image["width"]))
        except Problem as problem:
            return str(problem)
        return None

    with ThreadPoolExecutor() as pool:  # Pillow decodes outside Python's lock
        yield from filter(None, pool.map(decoding_fault, filter(is_readable_image, images)))


def _refusal(files: SplitFiles, fault: str) -> Problem:
    everything = "python -m bench.data.validate NAME DIR lists everything that is wrong"
    return Problem(f"{files.annotations}: {fault} ({everything})")


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), object_hook=_without_mask)
    except OSError as error:
        raise Problem(f"{path} cannot be read ({error.strerror}); restore it") from error
    except (ValueError, RecursionError) as error:
        raise Problem(f"{path} is not valid JSON ({error}); download or write it again") from error


def _without_mask(values: dict[str, Any]) -> dict[str, Any]:
    # Masks are most of COCO's file and nobody here reads them: dropped as soon as they are parsed,
    # they never add up in memory.
    values.pop("segmentation", None)
    return values


def _flattened(
    name: str, files: SplitFiles, skeleton: Skeleton, content: dict[str, Any]
) -> Photographs:
    images = content["images"]
    person = person_category(content["categories"])
    people = [
        annotation
        for annotation in content["annotations"]
        if annotation["category_id"] == person and not is_void(annotation)
    ]
    row = {image["id"]: index for index, image in enumerate(images)}
    people.sort(key=lambda annotation: row[annotation["image_id"]])
    rows = [row[annotation["image_id"]] for annotation in people]

    blank = [0] * (3 * len(skeleton))
    iscrowd = np.array([annotation.get("iscrowd", 0) for annotation in people], dtype=np.int64)
    keypoints = np.array(
        [annotation.get("keypoints") or blank for annotation in people], dtype=np.float32
    ).reshape(-1, len(skeleton), 3)
    keypoints[(keypoints[:, :, 2] == 0) | (iscrowd[:, None] == 1)] = 0
    boxes = np.array([person_box(annotation) for annotation in people], dtype=np.float64)
    boxes[:, 2:] += boxes[:, :2]
    return Photographs(
        name=name,
        skeleton=skeleton,
        digest=file_digest(files.annotations),
        folder=files.images,
        file_names=[image["file_name"] for image in images],
        image_ids=np.array([image["id"] for image in images], dtype=np.int64),
        sizes=np.array([(image["height"], image["width"]) for image in images], dtype=np.int64),
        first_person=np.searchsorted(rows, np.arange(len(images) + 1)).astype(np.int64),
        boxes=boxes.astype(np.float32),
        keypoints=keypoints,
        area=np.array([person_area(annotation) for annotation in people], dtype=np.float32),
        iscrowd=iscrowd,
        annotation_ids=np.array([annotation["id"] for annotation in people], dtype=np.int64),
    )
