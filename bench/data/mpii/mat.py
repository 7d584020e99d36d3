"""MPII as it is published: one Matlab struct, ``RELEASE``, with the people of 24,987 images.

The joints of the images with ``img_train`` 0 are not public. Of the others, the field's split is
only told by its JSON files; here about a tenth is held out by a fixed rule, whole videos at a time,
for MPII's images are frames of videos and one person may be in several.

People without joints stay, with the head box that they mostly have: they are unknown, not absent.
"""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np

from bench.data.coco.dataset import SplitFiles
from bench.data.converted import Converted, convert
from bench.data.mat_files import entries, read_mat
from bench.data.mpii.people import ImageNames, as_annotation
from bench.problem import Problem
from models.skeleton import MPII16

_HELD_OUT: Final = 26  # of 256: a tenth


def converted(files: SplitFiles, split: str) -> Converted:
    """Return the split "train" or "val" of a ``mpii_human_pose_v1_u12_1.mat``.

    Raises:
        Problem: the file cannot be read or is not MPII's.
    """
    release = _release(files.annotations, files.annotations.stat().st_mtime_ns)
    if not isinstance(release, dict) or not {"annolist", "img_train"} <= set(release):
        raise Problem(
            f"{files.annotations}: its RELEASE has no 'annolist' and 'img_train'; download MPII's "
            "annotations again"
        )
    images = entries(release["annolist"])
    public = np.atleast_1d(release["img_train"]).tolist()
    if len(images) != len(public):
        raise Problem(
            f"{files.annotations}: {len(images)} images in 'annolist' but {len(public)} in "
            "'img_train'; download MPII's annotations again"
        )
    names, people, wrong = ImageNames(), [], []
    number = 0
    for entry, known in zip(images, public, strict=True):
        name = _field(_field(entry, "image"), "name")
        if known != 1 or is_held_out(entry, name) != (split == "val"):
            continue
        image = names.number(name)
        if image is None:
            wrong.append(f"an entry of 'annolist' {names.complaint(name)}")
            continue
        for rect in entries(_field(entry, "annorect")):
            number += 1
            fault = next(_rect_faults(rect), None)
            if fault is not None:
                wrong.append(f"person {number} (image {image}) {fault}")
                continue
            annotation = _annotation(number, image, rect)
            if annotation["bbox"] != [0, 0, 0, 0]:
                people.append(annotation)
    return convert(files, MPII16, names.by_number, people, wrong)


@lru_cache(maxsize=1)
def _release(path: Path, modified: int) -> Any:
    # Both splits are in one file, which takes ten seconds to read and is not read again before it
    # is ``modified``. Nothing here changes what is read.
    return read_mat(path, "RELEASE")


def is_held_out(entry: Any, name: Any) -> bool:
    """Return whether an image of ``annolist`` is of the split "val"; the videos decide.

    An image of no video counts as one of its own. The rule sorts by a hash, so it is the same
    everywhere and an image that is removed changes nobody else's split.
    """
    video = _number(_field(entry, "vididx"))
    key = PurePath(str(name)).stem if video is None else f"video {video:g}"
    return sha256(key.encode()).digest()[0] < _HELD_OUT


def _annotation(number: int, image: int, rect: dict[str, Any]) -> dict[str, Any]:
    keypoints = [0.0] * (3 * len(MPII16))
    for point in entries(_field(_field(rect, "annopoints"), "point")):
        joint = int(point["id"])
        # Where it is not said (neck and head top never say it) the joint is taken as seen.
        hidden = _number(point.get("is_visible")) == 0
        keypoints[3 * joint : 3 * joint + 3] = [point["x"] - 1, point["y"] - 1, 1 if hidden else 2]
    corners = _head(rect)
    head = [0.0, 0.0, 0.0, 0.0]
    if corners is not None:
        x1, y1, x2, y2 = corners
        head = [min(x1, x2) - 1, min(y1, y2) - 1, abs(x2 - x1), abs(y2 - y1)]
    place = _field(rect, "objpos")
    x, y = _number(_field(place, "x")), _number(_field(place, "y"))
    scale = _number(_field(rect, "scale"))
    centre = None if x is None or y is None else (x - 1, y - 1)
    annotation = as_annotation(number, image, keypoints, head if corners else None, centre, scale)
    return {**annotation, "bbox_head": head}


def _rect_faults(rect: Any) -> Iterator[str]:
    """Yield what keeps an entry of ``annorect`` from being converted."""
    if not isinstance(rect, dict):
        yield "is no struct; download MPII's annotations again"
        return
    scale = _number(_field(rect, "scale"))
    if scale is not None and not 0 < scale < 1e4:
        yield f"has scale {scale:g}; write the person's height over 200 pixels"
    seen: set[float] = set()
    for point in entries(_field(_field(rect, "annopoints"), "point")):
        joint = _number(_field(point, "id"))
        if joint is None or joint not in range(len(MPII16)):
            yield f"has a joint with id {_field(point, 'id')!r}; MPII's are 0 to 15"
        elif joint in seen:
            yield f"has joint {joint:g} ({MPII16.joints[int(joint)]}) twice; remove one"
        elif _number(_field(point, "x")) is None or _number(_field(point, "y")) is None:
            yield f"has no place for joint {joint:g}; write x and y"
        else:
            seen.add(joint)


def _head(rect: dict[str, Any]) -> tuple[float, float, float, float] | None:
    x1, y1, x2, y2 = (_number(_field(rect, side)) for side in ("x1", "y1", "x2", "y2"))
    if x1 is None or y1 is None or x2 is None or y2 is None:
        return None
    return x1, y1, x2, y2


def _field(value: Any, name: str) -> Any:
    """Return a struct's field; None where there is no struct or no such field."""
    return value.get(name) if isinstance(value, dict) else None


def _number(value: Any) -> float | None:
    """Return a number; None for what Matlab leaves empty. Some numbers are written as text."""
    if isinstance(value, str):
        return float(value) if value.strip().isdecimal() else None
    if isinstance(value, np.ndarray):
        return None
    return None if value is None else float(value)
