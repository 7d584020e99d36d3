"""Annotations of other formats, converted to the content of a COCO keypoints file.

So one reader, one set of checks and one list of faults serve every format. What these formats
leave out, the sizes of the images, is read from the heads of the image files.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.data.coco.dataset import SplitFiles, all_faults, open_content, refusal
from bench.data.photographs import Photographs, read_size
from bench.problem import Problem
from models.skeleton import Skeleton


@dataclass(frozen=True)
class Converted:
    """A split in COCO's terms.

    Attributes:
        files: the annotation file that was converted, and the folder of the images.
        skeleton: of the annotations.
        content: as of a COCO keypoints file; what could not be converted is left out.
        faults: what could not be converted, one sentence each.
    """

    files: SplitFiles
    skeleton: Skeleton
    content: dict[str, Any]
    faults: list[str]


def convert(
    files: SplitFiles,
    skeleton: Skeleton,
    names: Mapping[int, str],
    people: Sequence[dict[str, Any]],
    faults: Sequence[str],
) -> Converted:
    """Return the people as a COCO keypoints file would have them.

    Args:
        files: the annotation file that they come from, and the folder of the images.
        skeleton: of their keypoints.
        names: the file name of each image, by id.
        people: COCO's annotations but for ``category_id`` and ``num_keypoints``.
        faults: what was wrong with those who are not among them.
    """
    images: list[dict[str, Any]] = []
    unreadable: list[str] = []
    with ThreadPoolExecutor() as pool:  # most of the time is the disk's
        sizes = pool.map(lambda name: _size(files.images / name), names.values())
        for (number, name), size in zip(names.items(), sizes, strict=True):
            if isinstance(size, Problem):
                unreadable.append(f"the file of image {number}, {size}")
            else:
                entry = {"id": number, "file_name": name, "height": size[0], "width": size[1]}
                images.append(entry)
    sized = {image["id"] for image in images}
    annotations = [{**one, "category_id": 1} for one in people if one["image_id"] in sized]
    category = {"id": 1, "name": "person", "keypoints": list(skeleton.joints)}
    content = {"images": images, "annotations": annotations, "categories": [category]}
    return Converted(files, skeleton, content, [*faults, *unreadable])


def open_converted(name: str, split: Converted) -> Photographs:
    """Return the split ``name``, checked as ``bench.data.coco.dataset.open_content`` does.

    Raises:
        Problem: the first thing that is wrong with it.
    """
    for fault in split.faults:
        raise refusal(split.files.annotations, fault)
    return open_content(name, split.files, split.skeleton, split.content)


def converted_faults(split: Converted) -> Iterator[str]:
    """Yield everything that is wrong with a split and its images."""
    for fault in split.faults:
        yield f"{split.files.annotations}: {fault}"
    yield from all_faults(split.files, split.skeleton, split.content)


def _size(path: Path) -> tuple[int, int] | Problem:
    try:
        return read_size(path)
    except Problem as problem:
        return problem
