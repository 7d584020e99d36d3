"""The entries of a COCO keypoints file, and what stands in for the fields that may be missing."""

from collections.abc import Mapping, Sequence
from typing import Any

#: From here on float32 no longer tells neighbouring pixels apart.
LARGEST_COORDINATE = 2**24


def person_category(categories: list[Any]) -> int | None:
    """Return the id of the category named person, None where there is none."""
    for category in categories:
        if isinstance(category, dict) and category.get("name") == "person":
            number = category.get("id")
            return number if is_id(number) else None
    return None


def person_box(annotation: Mapping[str, Any]) -> list[float]:
    """Return a person's box x, y, width, height; without a bbox, the extent of the joints."""
    if annotation.get("bbox"):
        return list(annotation["bbox"])
    return extent(annotation.get("keypoints") or [])


def extent(keypoints: Sequence[float], head: Sequence[float] | None = None) -> list[float]:
    """Return the box x, y, width, height about the annotated joints and a head box.

    Args:
        keypoints: x, y, visibility of one joint after the other.
        head: x, y, width, height.
    """
    known = [joint for joint in range(len(keypoints) // 3) if keypoints[3 * joint + 2] > 0]
    xs = [keypoints[3 * joint] for joint in known]
    ys = [keypoints[3 * joint + 1] for joint in known]
    if head:
        xs += [head[0], head[0] + head[2]]
        ys += [head[1], head[1] + head[3]]
    if not xs:
        return [0, 0, 0, 0]
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def person_area(annotation: Mapping[str, Any]) -> float:
    """Return a person's area in square pixels; without one, that of the box."""
    if annotation.get("area") is not None:
        return annotation["area"]
    _, _, width, height = person_box(annotation)
    return width * height


def has_joints(annotation: Mapping[str, Any]) -> bool:
    """Return whether a person has a joint to learn from or judge by; a crowd has none."""
    return not annotation.get("iscrowd") and any((annotation.get("keypoints") or [])[2::3])


def is_void(annotation: Mapping[str, Any]) -> bool:
    """Return whether an annotation marks nothing: no joints, and a box or an area of zero.

    COCO's own train2017 holds such a person (image 550395, a box without height), so they are
    left out when the file is read rather than refused.
    """
    box = person_box(annotation)
    return not has_joints(annotation) and 0 in (box[2], box[3], person_area(annotation))


def is_readable_image(image: object) -> bool:
    """Return whether an entry of ``images`` says all that is needed to read its file."""
    return (
        isinstance(image, dict)
        and is_id(image.get("id"))
        and isinstance(image.get("file_name"), str)
        and is_length(image.get("width"))
        and is_length(image.get("height"))
    )


def is_id(value: object) -> bool:
    """Return whether a value is a whole number that int64 holds."""
    return type(value) is int and -(2**63) <= value < 2**63


def is_length(value: object) -> bool:
    """Return whether a value is a side of an image in pixels."""
    return type(value) is int and 0 < value < LARGEST_COORDINATE
