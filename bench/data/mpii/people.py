"""What both of MPII's formats share: how images are numbered, and a person in COCO's terms."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from bench.data.coco.format import extent


class ImageNames:
    """The images named so far; an image's id is the number that MPII's file names are."""

    def __init__(self) -> None:
        self.by_number: dict[int, str] = {}

    def number(self, name: Any) -> int | None:
        """Return the id of an image, or None where it can have none."""
        stem = PurePath(name).stem if isinstance(name, str) else ""
        if not (stem.isascii() and stem.isdigit()):
            return None
        number = int(stem)
        return number if self.by_number.setdefault(number, name) == name else None

    def complaint(self, name: Any) -> str:
        """Say why a name has no id."""
        return f"is in the image {name!r}; MPII's names are numbers, each once (015601864.jpg)"


def as_annotation(
    number: int,
    image: int,
    keypoints: list[float],
    head: list[float] | None,
    centre: Sequence[float] | None,
    scale: float | None,
) -> dict[str, Any]:
    """Return a person as COCO's annotation, pixels counted from 0.

    Args:
        number: its id.
        image: the image's id.
        keypoints: x, y, visibility of the 16 joints.
        head: x, y, width, height; None where head boxes are not known.
        centre: MPII's rough middle of the person; with ``scale`` it gives the box. Without, the
            box is the extent of joints and head.
        scale: the person's height over 200 pixels.
    """
    box = extent(keypoints, head)
    annotation: dict[str, Any] = {
        "id": number,
        "image_id": image,
        "iscrowd": 0,
        "keypoints": keypoints,
        "bbox": box,
    }
    if box[2] * box[3] > 0:
        annotation["area"] = box[2] * box[3]
    if head is not None:
        annotation["bbox_head"] = head
    if centre is not None and scale is not None:
        x, y = centre[0], centre[1] + 15 * scale
        annotation["bbox"] = [x - 100 * scale, y - 100 * scale, 200 * scale, 200 * scale]
    return annotation
