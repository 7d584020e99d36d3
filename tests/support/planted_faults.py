"""Faults of a COCO keypoints file: how to plant each, and what the sentence about it says."""

import math
from collections.abc import Callable
from typing import Any

from coco_files import content, person

Plant = Callable[[dict[str, Any]], object]


def change(entry: str, number: int, **values: Any) -> Plant:
    """Return a function that sets fields of one image or annotation."""
    return lambda given: given[entry][number].update(values)


def joint(index: int, value: Any) -> Plant:
    """Return a function that sets one keypoint number of annotation 71."""
    return lambda given: given["annotations"][0]["keypoints"].__setitem__(index, value)


def drop(entry: str, number: int, field: str) -> Plant:
    return lambda given: given[entry][number].pop(field)


def add(**values: Any) -> Plant:
    """Return a function that adds annotation 90, of image 3."""
    return lambda given: given["annotations"].append(person(90, 3, **values))


BLANK = {"keypoints": [0] * 51, "num_keypoints": 0}

# What is planted, and what the sentence must name: the id, the value, the mend.
UNREADABLE: dict[str, tuple[Plant, str]] = {
    "no images": (lambda given: given.pop("images"), "lacks the list 'images'"),
    "images no list": (lambda given: given.update(images={}), "lacks the list 'images'"),
    "no categories": (lambda given: given.pop("categories"), "lacks the list 'categories'"),
    "no person": (change("categories", 0, name="dog"), "no category named 'person'"),
    "no joint names": (drop("categories", 0, "keypoints"), "has no 'keypoints'; use the keypoints"),
    "joint order": (
        lambda given: given["categories"][0]["keypoints"].reverse(),
        "joint 0 of its category 'person' is 'right_ankle' where coco17 has 'nose'; reorder",
    ),
    "image without id": (drop("images", 1, "id"), "entry 1 of 'images' has no whole number"),
    "image twice": (
        lambda given: given["images"].append(given["images"][0]),
        "image 7 is listed twice",
    ),
    "image without name": (drop("images", 2, "file_name"), "image 5 has no 'file_name'"),
    "image without width": (drop("images", 2, "width"), "image 5 has width None"),
    "image of height 0": (change("images", 0, height=0), "image 7 has height 0"),
    "annotation without id": (
        change("annotations", 0, id="71"),
        "entry 0 of 'annotations' has no whole number",
    ),
    "annotation twice": (add(id=72), "annotation 72 is listed twice"),
    "no category id": (
        drop("annotations", 0, "category_id"),
        "annotation 71 has no whole number as 'category_id'",
    ),
    "foreign image": (
        change("annotations", 0, image_id=999),
        "annotation 71 belongs to image 999, which 'images' does not list",
    ),
    "no image id": (drop("annotations", 0, "image_id"), "annotation 71 belongs to image None"),
    "too few numbers": (
        lambda given: given["annotations"][0]["keypoints"].pop(),
        "annotation 71 (image 7) has 50 keypoint numbers where coco17 needs 51",
    ),
    "too many joints": (
        lambda given: given["annotations"][0]["keypoints"].extend([1, 1, 2]),
        "annotation 71 (image 7) has 54 keypoint numbers where coco17 needs 51",
    ),
    "no keypoints": (
        drop("annotations", 0, "keypoints"),
        "annotation 71 (image 7) has no list of 'keypoints'; write 51 zeros",
    ),
    "nan": (joint(15, math.nan), "annotation 71 (image 7) has nan as the x of left_shoulder"),
    "infinity": (joint(16, -math.inf), "has -inf as the y of left_shoulder"),
    "text": (joint(15, "12"), "has '12' as the x of left_shoulder"),
    "null": (joint(3, None), "has None as the x of left_eye"),
    "truth value": (joint(3, True), "has True as the x of left_eye"),
    "beyond float": (joint(4, 10**400), "as the y of left_eye"),
    "visibility 3": (joint(17, 3), "has visibility 3 for left_shoulder; write 0"),
    "visibility 0.9": (joint(17, 0.9), "has visibility 0.9 for left_shoulder"),
    "iscrowd 2": (change("annotations", 0, iscrowd=2), "annotation 71 (image 7) has iscrowd 2"),
    "negative box": (
        change("annotations", 0, bbox=[30, 20, -12, 9]),
        "annotation 71 (image 7) has a box of negative size, -12x9",
    ),
    "empty box": (
        change("annotations", 0, bbox=[3, 2, 12, 0]),
        "annotation 71 (image 7) has joints but a box of 12x0 pixels",
    ),
    "box of three": (change("annotations", 0, bbox=[3, 2, 12]), "has the box [3, 2, 12]"),
    "box with nan": (change("annotations", 0, bbox=[3, 2, math.nan, 4]), "has the box [3, 2, nan"),
    "negative head box": (
        change("annotations", 0, bbox_head=[3, 2, -1, 4]),
        "annotation 71 (image 7) has a head box of negative size, -1x4",
    ),
    "head box of text": (
        change("annotations", 0, bbox_head=["3", 2, 1, 4]),
        "annotation 71 (image 7) has the head box ['3', 2, 1, 4]",
    ),
    "negative area": (change("annotations", 0, area=-4), "has area -4"),
    "area nan": (change("annotations", 0, area=math.nan), "has area nan"),
    "empty area": (change("annotations", 0, area=0), "has joints but an area of 0"),
    "neither box nor joints": (add(**BLANK, bbox=[]), "annotation 90 (image 3) has no box"),
    "one joint, no box": (
        add(keypoints=[5, 5, 2] + [0] * 48, num_keypoints=1, bbox=None),
        "annotation 90 (image 3) has no box, and no joints that span one",
    ),
    "nobody": (lambda given: given["annotations"].clear(), "nobody in it has a joint"),
    "only crowds": (
        lambda given: [one.update(iscrowd=1) for one in given["annotations"]],
        "nobody in it has a joint",
    ),
    "missing file": (
        change("images", 1, file_name="gone.png"),
        "the file of image 3,",
    ),
}

# Tolerated when read, yet nobody can have meant it.
ODD: dict[str, tuple[Plant, str]] = {
    "joint outside": (
        joint(15, 43),
        "annotation 71 (image 7) has left_shoulder at (43, 10), outside its 40x30 image",
    ),
    "joint above": (joint(16, -4), "has left_shoulder at (15, -4), outside its 40x30 image"),
    "box outside": (
        change("annotations", 0, bbox=[50, 2, 10, 10]),
        "annotation 71 (image 7) has its box wholly outside its 40x30 image",
    ),
    "wrong number": (
        change("annotations", 0, num_keypoints=3),
        "annotation 71 (image 7) says num_keypoints 3 but 16 joints",
    ),
    "empty person": (
        add(**BLANK, bbox=[9.98, 18.5, 15.5, 0.0], area=0.0),
        "annotation 90 (image 3) has no joints and an empty box",
    ),
}


def planted(plant: Plant) -> dict[str, Any]:
    given = content()
    plant(given)
    return given
