"""PoseTrack18 as it is downloaded: one json a video, in COCO's format with more and less in it.

More: a head box for each person, and polygons in which people are not annotated. Less: frames that
nobody labelled, and frames without their width and height. The 17 joint slots of COCO hold the 15
joints of PoseTrack; the two ears are never used.

Read are the frames that are labelled and in which somebody is annotated: the challenge's own
evaluation (poseval) leaves out every frame whose list of people is empty. A person who has neither
joints nor a box is left out. Coordinates are handed on as they are written, also those outside of
the image, which the annotations have on purpose (the top of a cut-off head) and by mistake.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from bench.data.cache import file_digest
from bench.data.coco.arrays import by_image, flat_arrays, head_corners
from bench.data.coco.checks import content_faults
from bench.data.coco.dataset import refusal
from bench.data.coco.format import person_category
from bench.data.coco.image_files import decoding_faults, file_faults
from bench.data.contract import Target
from bench.data.photographs import Photographs
from bench.data.posetrack18.checks import extra_faults, oddities
from bench.data.posetrack18.format import (
    PLACES,
    SLOTS,
    Content,
    entry_id,
    is_content,
    lacks_size,
    read_video,
)
from bench.problem import Problem
from models.skeleton import POSETRACK15

SKELETON: Final = POSETRACK15
LAYOUT: Final = (
    "annotations/train/ and annotations/val/ with a json for each video, and images/ as the "
    "'file_name' of each frame says"
)


@dataclass(eq=False)
class PosetrackFrames(Photographs):
    """The labelled frames of all videos of a split.

    Attributes:
        ignore_polygons: image id -> [R, V, 2] corners, as the contract has them; only images that
            have any.
    """

    ignore_polygons: Mapping[int, NDArray[np.float32]] = field(default_factory=dict)

    def target(self, index: int) -> Target:
        """Return the people of frame ``index`` and the polygons in which nothing is judged."""
        target = super().target(index)
        polygons = self.ignore_polygons.get(target["image_id"])
        if polygons is not None:
            target["ignore_polygons"] = torch.from_numpy(polygons.copy())
        return target


def annotation_files(root: Path) -> list[Path]:
    """Return the annotation files of both splits.

    Raises:
        Problem: a split has none.
    """
    return [path for split in ("train", "val") for path in video_files(root, split)]


def video_files(root: Path, split: str) -> list[Path]:
    """Return the annotation files of a split, one a video, in order of their names.

    Raises:
        Problem: there is none.
    """
    paths = sorted((root / "annotations" / split).glob("*.json"))
    if not paths:
        raise Problem(f"{root} holds no json in annotations/{split}/; it must hold {LAYOUT}")
    return paths


def open_split(root: Path, split: str) -> PosetrackFrames:
    """Read the labelled frames of a split.

    The annotations are checked completely and the image files for existence. Width and height of
    frames that do not say them are those of the video's first image. Ids must be unique over all
    videos. Who has joints must have a head box in the split "val", for nothing could
    judge them otherwise.

    Raises:
        Problem: a file is missing or torn, or the first thing that is wrong in one.
    """
    contents, owners = [], _Owners()
    for path in video_files(root, split):
        content = read_video(path, root)
        for fault in _video_faults(content, root, split, path, owners):
            raise refusal(path, fault)
        contents.append(content)
    if not any(content["images"] for content in contents):
        raise Problem(
            f"nobody in {root / 'annotations' / split} has a joint in a labelled frame; use the "
            "files with annotated keypoints"
        )
    return _flattened(root, split, contents)


def faults(root: Path, split: str) -> Iterator[str]:
    """Yield everything that is wrong with a split, and every image that cannot be decoded.

    Raises:
        Problem: the split has no annotation file.
    """
    owners = _Owners()
    for path in video_files(root, split):
        try:
            content = read_video(path, root)
        except Problem as problem:
            yield str(problem)
            continue
        for fault in _video_faults(content, root, split, path, owners):
            yield f"{path}: {fault}"
        if not is_content(content):
            continue
        for fault in oddities(content):
            yield f"{path}: {fault}"
        yield from decoding_faults(content["images"], root)


class _Owners:
    """Which file an id was first met in."""

    def __init__(self) -> None:
        self._files: dict[str, dict[int | None, Path]] = {"images": {}, "annotations": {}}

    def repeated(self, content: Content, path: Path) -> Iterator[str]:
        """Yield what is wrong with the ids of a video beside those of the videos before it."""
        for name, files in self._files.items():
            for number in {entry_id(one) for one in content[name]} - {None}:
                earlier = files.setdefault(number, path)
                if earlier != path:
                    yield (
                        f"entry {number} of '{name}' has the id of one in {earlier.name}; give "
                        "each an id of its own over all videos"
                    )


def _video_faults(
    content: Any, root: Path, split: str, path: Path, owners: _Owners
) -> Iterator[str]:
    if is_content(content) and not content["images"]:
        return  # a video without labels has nothing that could be wrong
    if is_content(content) and any(map(lacks_size, content["images"])):
        yield (
            f"it does not say the size of its frames, and none of their images under {root} can be "
            "read; put them there"
        )
        return
    yield from content_faults(content, SLOTS)
    if is_content(content):
        yield from extra_faults(content, judged=split == "val")
        yield from file_faults(content["images"], root)
        yield from owners.repeated(content, path)


def _flattened(root: Path, split: str, contents: list[Content]) -> PosetrackFrames:
    frames = [frame for content in contents for frame in content["images"]]
    people = by_image(
        frames,
        [
            person
            for content in contents
            for person in content["annotations"]
            if person["category_id"] == person_category(content["categories"])
        ],
    )
    slots = np.array([person["keypoints"] for person in people], dtype=np.float32)
    keypoints = slots.reshape(-1, len(SLOTS), 3)[:, PLACES]
    keypoints[keypoints[:, :, 2] == 0] = 0
    digest = hashlib.sha256()
    for path in video_files(root, split):
        digest.update(file_digest(path).encode())
    polygons = {frame["id"]: _polygons(frame) for frame in frames}
    return PosetrackFrames(
        name=f"posetrack18 {split}",
        skeleton=SKELETON,
        digest=digest.hexdigest(),
        folder=root,
        keypoints=keypoints,
        head_boxes=head_corners(people),
        ignore_polygons={one: corners for one, corners in polygons.items() if len(corners)},
        **flat_arrays(frames, people),
    )


def _polygons(frame: Content) -> NDArray[np.float32]:
    """Return [R, V, 2]; a polygon with fewer than V corners repeats its last."""
    pairs = zip(
        frame.get("ignore_regions_x") or (), frame.get("ignore_regions_y") or (), strict=True
    )
    polygons = [np.column_stack(pair).astype(np.float32) for pair in pairs if len(pair[0])]
    most = max(map(len, polygons), default=0)
    padded = [np.pad(one, ((0, most - len(one)), (0, 0)), mode="edge") for one in polygons]
    return np.array(padded, dtype=np.float32).reshape(len(padded), most, 2)
