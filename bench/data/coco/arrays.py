"""The entries of COCO's format as the flat arrays of ``Photographs``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.coco.format import person_area, person_box

Entry = Mapping[str, Any]


def by_image(images: Sequence[Entry], people: Sequence[Entry]) -> list[Entry]:
    """Return the people in the order of their images."""
    row = {image["id"]: index for index, image in enumerate(images)}
    return sorted(people, key=lambda person: row[person["image_id"]])


def flat_arrays(images: Sequence[Entry], people: Sequence[Entry]) -> dict[str, Any]:
    """Return all arguments of ``Photographs`` but its name, source, keypoints and head boxes.

    Args:
        images: entries that passed the checks.
        people: likewise, in the order of their images.
    """
    row = {image["id"]: index for index, image in enumerate(images)}
    rows = [row[person["image_id"]] for person in people]
    return {
        "file_names": [image["file_name"] for image in images],
        "image_ids": np.array([image["id"] for image in images], dtype=np.int64),
        "sizes": np.array([(image["height"], image["width"]) for image in images], dtype=np.int64),
        "first_person": np.searchsorted(rows, np.arange(len(images) + 1)).astype(np.int64),
        "boxes": _corners([person_box(person) for person in people]),
        "area": np.array([person_area(person) for person in people], dtype=np.float32),
        "iscrowd": np.array([person.get("iscrowd", 0) for person in people], dtype=np.int64),
        "annotation_ids": np.array([person["id"] for person in people], dtype=np.int64),
    }


def head_corners(people: Sequence[Entry]) -> NDArray[np.float32]:
    """Return the head boxes ``[N, 4]``, x1 y1 x2 y2, without extent for those who have none."""
    return _corners([person.get("bbox_head") or [0, 0, 0, 0] for person in people])


def _corners(boxes: Sequence[Sequence[float]]) -> NDArray[np.float32]:
    """Return x1 y1 x2 y2 ``[N, 4]`` of boxes x, y, width, height."""
    sides = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    sides[:, 2:] += sides[:, :2]
    return sides.astype(np.float32)
