"""A PoseTrack18 file, one a video: its slots for joints, and what it may leave out filled in."""

from pathlib import Path
from typing import Any, Final

from bench.data.coco.dataset import parsed
from bench.data.photographs import read_size
from bench.problem import Problem
from models.skeleton import COCO17, POSETRACK15, Skeleton

#: The slots of a person's ``keypoints`` in the files; PoseTrack's neck is their "head_bottom".
SLOTS: Final = Skeleton(
    "posetrack18's layout",
    ("nose", "head_bottom", "head_top", "left_ear", "right_ear", *COCO17.joints[5:]),
    (),
    (),
)
#: The slot of each joint of posetrack15.
PLACES: Final = tuple(
    SLOTS.joints.index("head_bottom" if joint == "neck" else joint) for joint in POSETRACK15.joints
)
Content = dict[str, Any]


def is_content(content: object) -> bool:
    """Return whether parsed JSON has a list of frames and one of people."""
    return isinstance(content, dict) and all(
        isinstance(content.get(name), list) for name in ("images", "annotations")
    )


def entry_id(entry: object, name: str = "id") -> int | None:
    """Return a whole number of an entry; None where it has none of that name."""
    number = entry.get(name) if isinstance(entry, dict) else None
    return number if type(number) is int else None


def read_video(path: Path, root: Path) -> Any:
    """Return a video's file, parsed, with what may be left out of it filled in; not checked.

    Frames that are not labelled or hold nobody are gone, and so is who has neither joints nor a
    box; a video in which nobody has a joint keeps no frame. A frame without width and height gets
    those of the video's first image that can be read, a person without joints 17 that are not
    annotated. What is malformed stays as it is.

    Raises:
        Problem: the file cannot be read or is no JSON.
    """
    content = parsed(path)
    if not is_content(content):
        return content
    unlabelled = {entry_id(frame) for frame in content["images"] if _is_unlabelled(frame)}
    people = [
        one
        for one in content["annotations"]
        if entry_id(one, "image_id") not in unlabelled - {None}
    ]
    peopled = {entry_id(one, "image_id") for one in people} | {None}
    frames = [
        one for one in content["images"] if not _is_unlabelled(one) and entry_id(one) in peopled
    ]
    people = [_jointed(one) for one in people if not _is_void(one)]
    if not any(map(may_have_joints, people)):
        frames, people = [], []
    return {**content, "images": _sized(frames, root), "annotations": people}


def may_have_joints(person: object) -> bool:
    """Return False where somebody surely has no joint; what is malformed may have some."""
    values = person.get("keypoints") if isinstance(person, dict) else True
    return any(values[2::3]) if isinstance(values, list) else bool(values)


def _is_unlabelled(frame: object) -> bool:
    return isinstance(frame, dict) and frame.get("is_labeled") is False


def _is_void(person: object) -> bool:
    return isinstance(person, dict) and not person.get("bbox") and not may_have_joints(person)


def _jointed(person: Any) -> Any:
    if isinstance(person, dict) and not person.get("keypoints"):
        return {**person, "keypoints": [0] * (3 * len(SLOTS))}
    return person


def _sized(frames: list[Any], root: Path) -> list[Any]:
    # All frames of a video are of one size, so one image is opened rather than all of them.
    lacking = [frame for frame in frames if lacks_size(frame)]
    sizes = (_size_of(root / str(frame.get("file_name"))) for frame in lacking)
    height, width = next(filter(None, sizes), (None, None))
    if height is None:
        return frames
    return [
        {**frame, "width": width, "height": height} if lacks_size(frame) else frame
        for frame in frames
    ]


def lacks_size(frame: object) -> bool:
    """Return whether a frame says neither its width nor its height."""
    return isinstance(frame, dict) and not {"width", "height"} & frame.keys()


def _size_of(path: Path) -> tuple[int, int] | None:
    try:
        return read_size(path)
    except Problem:
        return None  # another frame's will do, and the check of the files names this one
