"""What may be wrong with the content of a COCO keypoints file, each fault in one sentence."""

import math
from collections.abc import Container, Iterator
from typing import Any

from bench.data.coco.format import (
    LARGEST_COORDINATE,
    has_joints,
    is_id,
    is_length,
    is_readable_image,
    is_void,
    person_box,
    person_category,
)
from models.skeleton import Skeleton

#: Pixels by which a joint may lie outside its image: annotations of cropped and rescaled images
#: (LSP-extended among them) miss the border by about one.
BORDER = 2

_LISTS = ("images", "annotations", "categories")
_FIELDS = ("x", "y", "visibility")


def content_faults(content: object, skeleton: Skeleton) -> Iterator[str]:
    """Yield everything that keeps a parsed COCO keypoints file from being read.

    ``content`` may be anything; after a pass without a fault it can be read without any check.
    """
    if not isinstance(content, dict):
        yield f"is not a COCO keypoints file; it must be an object with {_series(_LISTS)}"
        return
    absent = [name for name in _LISTS if not isinstance(content.get(name), list)]
    if absent:
        yield f"is not a COCO keypoints file; it lacks the list {_series(absent)}"
        return
    yield from _category_faults(content["categories"], skeleton)
    yield from _image_faults(content["images"])
    yield from _annotation_faults(content, skeleton)


def oddities(content: dict[str, Any], skeleton: Skeleton) -> Iterator[str]:
    """Yield what looks wrong yet can be read; entries that cannot be read are passed over."""
    images = {image["id"]: image for image in content["images"] if is_readable_image(image)}
    person = person_category(content["categories"])
    for annotation in content["annotations"]:
        if (
            isinstance(annotation, dict)
            and is_id(annotation.get("id"))
            and annotation.get("category_id") == person
            and is_id(annotation.get("image_id"))
            and annotation["image_id"] in images
            and next(_person_faults(annotation, skeleton), None) is None
        ):
            yield from _person_oddities(annotation, images[annotation["image_id"]], skeleton)


def _category_faults(categories: list[Any], skeleton: Skeleton) -> Iterator[str]:
    if person_category(categories) is None:
        yield "has no category named 'person' with an id; add it, with its joint names"
        return
    person = next(c for c in categories if isinstance(c, dict) and c.get("name") == "person")
    joints = person.get("keypoints")
    if not isinstance(joints, list):
        yield "its category 'person' has no 'keypoints'; use the keypoints file, not the instances"
    elif len(joints) != len(skeleton):
        yield (
            f"its category 'person' names {len(joints)} joints where {skeleton.name} has "
            f"{len(skeleton)}; use {skeleton.name}'s: {', '.join(skeleton.joints)}"
        )
    else:
        for number, (ours, theirs) in enumerate(zip(skeleton.joints, joints, strict=True)):
            if ours != theirs:
                yield (
                    f"joint {number} of its category 'person' is {theirs!r} where {skeleton.name} "
                    f"has '{ours}'; reorder the keypoints: {', '.join(skeleton.joints)}"
                )
                return


def _image_faults(images: list[Any]) -> Iterator[str]:
    seen: set[int] = set()
    for position, image in enumerate(images):
        if not isinstance(image, dict) or not is_id(image.get("id")):
            yield f"entry {position} of 'images' has no whole number as 'id'; give it one"
            continue
        number = image["id"]
        if number in seen:
            yield f"image {number} is listed twice; remove one or give it an id of its own"
        seen.add(number)
        if not isinstance(image.get("file_name"), str):
            yield f"image {number} has no 'file_name'; add it"
        for side in ("width", "height"):
            if not is_length(image.get(side)):
                yield f"image {number} has {side} {image.get(side)!r}; write its pixels, above 0"


def _annotation_faults(content: dict[str, Any], skeleton: Skeleton) -> Iterator[str]:
    images = {
        image["id"]
        for image in content["images"]
        if isinstance(image, dict) and is_id(image.get("id"))
    }
    person = person_category(content["categories"])
    seen: set[int] = set()
    anybody = False
    for position, annotation in enumerate(content["annotations"]):
        if not isinstance(annotation, dict) or not is_id(annotation.get("id")):
            yield f"entry {position} of 'annotations' has no whole number as 'id'; give it one"
            continue
        number = annotation["id"]
        if number in seen:
            yield f"annotation {number} is listed twice; remove one or give it an id of its own"
        seen.add(number)
        if not is_id(annotation.get("category_id")):
            yield f"annotation {number} has no whole number as 'category_id'; give it one"
        elif annotation["category_id"] == person:
            yield from _link_faults(annotation, images)
            fault = None
            for fault in _person_faults(annotation, skeleton):
                yield fault
            anybody = anybody or fault is not None or has_joints(annotation)
    if not anybody:
        yield "nobody in it has a joint; use a file with annotated keypoints"


def _link_faults(annotation: dict[str, Any], images: Container[int]) -> Iterator[str]:
    image = annotation.get("image_id")
    if not is_id(image) or image not in images:
        yield (
            f"annotation {annotation['id']} belongs to image {image!r}, which 'images' does not "
            "list; add the image or remove the annotation"
        )


def _person_faults(annotation: dict[str, Any], skeleton: Skeleton) -> Iterator[str]:
    who = f"annotation {annotation.get('id')} (image {annotation.get('image_id')})"
    if annotation.get("iscrowd", 0) not in (0, 1):
        yield f"{who} has iscrowd {annotation['iscrowd']!r}; write 0 or 1"
        return
    faults = [
        fault
        for fault in (
            _keypoint_fault(annotation, skeleton),
            _box_fault(annotation, "bbox", "box"),
            _box_fault(annotation, "bbox_head", "head box"),
            _area_fault(annotation),
        )
        if fault is not None
    ]
    for fault in faults or _extent_faults(annotation):
        yield f"{who} {fault}"


def _keypoint_fault(annotation: dict[str, Any], skeleton: Skeleton) -> str | None:
    values = annotation.get("keypoints")
    if values is None and annotation.get("iscrowd"):
        return None
    if not isinstance(values, list):
        return f"has no list of 'keypoints'; write {3 * len(skeleton)} zeros if no joint is known"
    if len(values) != 3 * len(skeleton):
        return (
            f"has {len(values)} keypoint numbers where {skeleton.name} needs {3 * len(skeleton)}: "
            f"x, y and visibility of {len(skeleton)} joints; correct or remove the annotation"
        )
    odd = _first_odd(values)
    if odd is not None:
        return (
            f"has {values[odd]!r} as the {_FIELDS[odd % 3]} of {skeleton.joints[odd // 3]}; "
            "write a finite number of pixels, or three zeros for a joint that is not annotated"
        )
    if not set(values[2::3]) <= {0, 1, 2}:
        joint = next(i for i, value in enumerate(values[2::3]) if value not in (0, 1, 2))
        return (
            f"has visibility {values[3 * joint + 2]!r} for {skeleton.joints[joint]}; "
            "write 0 (not annotated), 1 (hidden) or 2 (seen)"
        )
    return None


def _box_fault(annotation: dict[str, Any], field: str, name: str) -> str | None:
    box = annotation.get(field)
    if not box:
        return None
    if not isinstance(box, list) or len(box) != 4 or _first_odd(box) is not None:
        return f"has the {name} {box!r}; write x, y, width and height as finite numbers"
    if box[2] < 0 or box[3] < 0:
        size = f"{box[2]:g}x{box[3]:g}"
        return f"has a {name} of negative size, {size}; write x, y, width and height"
    return None


def _area_fault(annotation: dict[str, Any]) -> str | None:
    area = annotation.get("area")
    if area is None or (type(area) in (int, float) and 0 <= area < LARGEST_COORDINATE**2):
        return None
    return f"has area {area!r}; write square pixels above 0 or leave it out"


def _extent_faults(annotation: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the extent of a person whose numbers are sound one by one."""
    jointed = has_joints(annotation)
    _, _, width, height = person_box(annotation)
    if not annotation.get("bbox") and (not jointed or 0 in (width, height)):
        yield "has no box, and no joints that span one; add 'bbox' or remove the annotation"
    elif jointed and 0 in (width, height):
        yield f"has joints but a box of {width:g}x{height:g} pixels; correct its 'bbox'"
    elif jointed and annotation.get("area") == 0:
        yield "has joints but an area of 0; correct 'area' or leave it out"


def _person_oddities(
    annotation: dict[str, Any], image: dict[str, Any], skeleton: Skeleton
) -> Iterator[str]:
    who = f"annotation {annotation['id']} (image {annotation['image_id']})"
    width, height = image["width"], image["height"]
    if is_void(annotation):
        yield f"{who} has no joints and an empty box or area; it is left out, remove it"
        return
    values = annotation.get("keypoints") or []
    for number, joint in enumerate(skeleton.joints[: len(values) // 3]):
        x, y, visibility = values[3 * number : 3 * number + 3]
        inside = -BORDER <= x < width + BORDER and -BORDER <= y < height + BORDER
        if visibility and not inside:
            yield (
                f"{who} has {joint} at ({x:g}, {y:g}), outside its {width}x{height} image; "
                "correct it or set its visibility to 0"
            )
    left, top, across, down = person_box(annotation)
    if left >= width or top >= height or left + across <= 0 or top + down <= 0:
        yield f"{who} has its box wholly outside its {width}x{height} image; correct its 'bbox'"
    known = sum(map(bool, values[2::3]))
    if annotation.get("num_keypoints", known) != known:
        yield (
            f"{who} says num_keypoints {annotation['num_keypoints']!r} but {known} joints have a "
            "visibility above 0; correct one of them"
        )


def _first_odd(values: list[Any]) -> int | None:
    # Exact types: a bool is no coordinate, and a comparison with NaN is false.
    if (
        set(map(type, values)) <= {int, float}
        and min(values, default=0) > -LARGEST_COORDINATE
        and max(values, default=0) < LARGEST_COORDINATE
        and not math.isnan(sum(values))  # min and max pass over a NaN that is not the first
    ):
        return None  # all at once, ten times as fast: the fate of nearly every person
    for index, value in enumerate(values):
        if type(value) not in (int, float) or not (
            -LARGEST_COORDINATE < value < LARGEST_COORDINATE
        ):
            return index
    return None


def _series(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
