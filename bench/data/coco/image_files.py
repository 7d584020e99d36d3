"""What may be wrong with the image files that a COCO keypoints file names."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.data.coco.format import is_readable_image
from bench.data.photographs import read_image
from bench.problem import Problem


def file_faults(images: list[Any], folder: Path) -> Iterator[str]:
    """Yield every image file that is missing; folders are listed once, no file is opened."""
    if not folder.is_dir():
        yield f"the image folder {folder} does not exist; put it there"
        return
    listings: dict[Path, set[str]] = {}
    for image in filter(is_readable_image, images):
        path = folder / image["file_name"]
        if path.parent not in listings:
            listings[path.parent] = _files_in(path.parent)
        if path.name not in listings[path.parent]:
            yield f"the file of image {image['id']}, {path}, is missing; restore it"


def decoding_faults(images: list[Any], folder: Path) -> Iterator[str]:
    """Yield why an image cannot be decoded or is not of the size noted; missing ones are passed."""

    def fault(image: dict[str, Any]) -> str | None:
        path = folder / image["file_name"]
        try:
            if path.is_file():
                read_image(path, image["id"], (image["height"], image["width"]))
        except Problem as problem:
            return str(problem)
        return None

    with ThreadPoolExecutor() as pool:  # Pillow decodes outside Python's lock
        yield from filter(None, pool.map(fault, filter(is_readable_image, images)))


def _files_in(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if entry.is_file()}
    except (OSError, ValueError):  # no such folder, or a name that no folder can have
        return set()
