"""COCO keypoints as people download them, and any data set that is written the same way.

Read are COCO 2017's own layout, ``annotations/person_keypoints_{train,val}2017.json`` beside
``train2017/`` and ``val2017/``, COCO 2014's, which is the same with that year, and either without
the folder ``annotations``.

Coordinates are handed on as they are written. Whether an annotation counts from the centre or from
the corner of the top-left pixel differs between data sets and even annotators by half a pixel;
nothing is shifted here, and the contract's convention (the centre is (0, 0)) is taken to hold.
"""

import gc
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.data.cache import file_digest
from bench.data.coco.arrays import by_image, flat_arrays, head_corners
from bench.data.coco.checks import content_faults, oddities
from bench.data.coco.format import is_void, person_category
from bench.data.coco.image_files import decoding_faults, file_faults
from bench.data.photographs import Photographs
from bench.problem import Problem
from models.skeleton import COCO17, Skeleton

SKELETON: Final = COCO17
LAYOUT: Final = (
    "annotations/person_keypoints_train2017.json and person_keypoints_val2017.json (or both beside "
    "the image folders), train2017/ and val2017/; or the same of 2014"
)
_YEARS: Final = (2017, 2014)


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
    """Return where a split of COCO lies under ``root``.

    Both splits are of one year, the later one where there are files of both: what is train in 2017
    is partly val in 2014.

    Raises:
        Problem: no layout's annotation file is there.
    """
    year = next(filter(lambda year: _any_of_year(root, year), _YEARS), _YEARS[0])
    name = f"person_keypoints_{split}{year}.json"
    for folder in (root / "annotations", root):
        if (folder / name).is_file():
            return SplitFiles(folder / name, root / f"{split}{year}")
    raise Problem(f"{root} holds no annotations/{name} and no {name}; it must hold {LAYOUT}")


def _any_of_year(root: Path, year: int) -> bool:
    return any(
        (folder / f"person_keypoints_{split}{year}.json").is_file()
        for folder in (root / "annotations", root)
        for split in ("train", "val")
    )


def open_coco(name: str, files: SplitFiles, skeleton: Skeleton) -> Photographs:
    """Read a file in COCO's keypoint format.

    The annotations are checked completely and the image files for existence; none is decoded.
    Images without people stay. A crowd stays with ``iscrowd`` 1 and without joints. A person
    without joints whose box is empty is left out. Joints of visibility 0 are zeroed. A missing
    bbox becomes the extent of the joints, a missing area that of the box. Where persons have
    PoseTrack's ``bbox_head`` there are head boxes, without extent for those who have none.

    Raises:
        Problem: the file is missing or torn, or the first thing that is wrong in it.
    """
    return open_content(name, files, skeleton, parsed(files.annotations))


def open_content(name: str, files: SplitFiles, skeleton: Skeleton, content: Any) -> Photographs:
    """Read what is in a file of COCO's keypoint format, as ``open_coco`` does.

    Args:
        name: the data set and split, for messages.
        files: where ``content`` comes from and its images lie.
        skeleton: whose joints the category 'person' must name.
        content: the parsed file, or another format's converted to this one.

    Raises:
        Problem: the first thing that is wrong in it.
    """
    for fault in content_faults(content, skeleton):
        raise refusal(files.annotations, fault)
    for fault in file_faults(content["images"], files.images):
        raise refusal(files.annotations, fault)
    return _flattened(name, files, skeleton, content)


def coco_faults(files: SplitFiles, skeleton: Skeleton) -> Iterator[str]:
    """Yield everything that is wrong with a file in COCO's keypoint format and with its images.

    That is what ``open_coco`` refuses, what it tolerates but nobody can have meant (a joint outside
    its image), and every image that cannot be decoded or is not of the size noted.
    """
    try:
        content = parsed(files.annotations)
    except Problem as problem:
        yield str(problem)
        return
    yield from all_faults(files, skeleton, content)


def all_faults(files: SplitFiles, skeleton: Skeleton, content: Any) -> Iterator[str]:
    """Yield what ``coco_faults`` does, of a parsed file; arguments as of ``open_content``."""
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
    yield from decoding_faults(images, files.images)


def refusal(path: Path, fault: str) -> Problem:
    """Return the problem of a file with a fault, which may be one of many."""
    everything = "python -m bench.data.validate NAME DIR lists everything that is wrong"
    return Problem(f"{path}: {fault} ({everything})")


def parsed(path: Path) -> Any:
    """Return the content of a JSON file, without masks.

    Raises:
        Problem: it cannot be read or is no JSON.
    """
    collecting = gc.isenabled()
    gc.disable()  # passes over millions of new objects, none of them garbage, take half the time
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), object_hook=_without_mask)
    except OSError as error:
        raise Problem(f"{path} cannot be read ({error.strerror}); restore it") from error
    except (ValueError, RecursionError) as error:
        raise Problem(f"{path} is not valid JSON ({error}); download or write it again") from error
    finally:
        if collecting:
            gc.enable()


def _without_mask(values: dict[str, Any]) -> dict[str, Any]:
    # Masks are most of COCO's file and nobody here reads them: dropped as soon as they are parsed,
    # they never add up in memory.
    values.pop("segmentation", None)
    return values


def _flattened(
    name: str, files: SplitFiles, skeleton: Skeleton, content: dict[str, Any]
) -> Photographs:
    images = content["images"]
    category = person_category(content["categories"])
    people = by_image(
        images,
        [
            annotation
            for annotation in content["annotations"]
            if annotation["category_id"] == category and not is_void(annotation)
        ],
    )
    arrays = flat_arrays(images, people)
    blank = [0] * (3 * len(skeleton))
    keypoints = np.array(
        [person.get("keypoints") or blank for person in people], dtype=np.float32
    ).reshape(-1, len(skeleton), 3)
    keypoints[(keypoints[:, :, 2] == 0) | (arrays["iscrowd"][:, None] == 1)] = 0
    return Photographs(
        name=name,
        skeleton=skeleton,
        digest=file_digest(files.annotations),
        folder=files.images,
        keypoints=keypoints,
        head_boxes=head_corners(people) if any("bbox_head" in one for one in people) else None,
        **arrays,
    )
