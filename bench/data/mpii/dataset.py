"""MPII Human Pose (Andriluka et al., CVPR 2014), as published or as the field's JSON split.

Read are ``mpii_human_pose_v1_u12_1.mat`` (see ``mpii.mat``) and the split with which most code is
trained: ``annot/train.json`` and ``annot/valid.json``, 22,246 and 2,958 people, with
``annot/gt_valid.mat`` for the head boxes of the second. Where both are there, the JSON is read.

Both count pixels from 1, as Matlab does; here the centre of the first pixel is (0, 0). MPII
annotates no person's box. A box is what the field's code crops before it pads: a square of 200
pixels times ``scale`` about ``center``, moved down by 15 pixels times ``scale`` lest feet are cut
off. It is known without the joints, and mostly holds the joints that MPII does not annotate. The
area is that of the extent of joints and head.

The JSON does not tell hidden joints from seen ones and leaves out people; who trains on whole
images should read the .mat.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.data.coco.dataset import SplitFiles, parsed
from bench.data.converted import Converted, convert, converted_faults, open_converted
from bench.data.mat_files import read_mat
from bench.data.mpii import mat as official
from bench.data.mpii.people import ImageNames, as_annotation
from bench.data.photographs import Photographs
from bench.problem import Problem
from models.skeleton import MPII16

SKELETON: Final = MPII16
LAYOUT: Final = (
    "annot/train.json and annot/valid.json, or mpii_human_pose_v1_u12_1.mat (or the folder that it "
    "is downloaded in); and images/"
)
_FILES: Final = {"train": "train.json", "val": "valid.json"}
_HEADS: Final = "gt_valid.mat"


def annotation_files(root: Path) -> list[Path]:
    """Return the annotation files of both splits.

    Raises:
        Problem: one is missing.
    """
    mat = _mat(root)
    if mat is not None:
        return [mat]
    files = [_json_files(root, split).annotations for split in _FILES]
    heads = files[1].with_name(_HEADS)
    return [*files, heads] if heads.is_file() else files


def open_split(root: Path, split: str) -> Photographs:
    """Read a split.

    Raises:
        Problem: a file is missing or anything in the annotations is wrong.
    """
    return open_converted(f"mpii {split}", _converted(root, split))


def faults(root: Path, split: str) -> Iterator[str]:
    """Yield everything that is wrong with a split, image files included.

    Raises:
        Problem: an annotation file is missing or cannot be read.
    """
    yield from converted_faults(_converted(root, split))


def _converted(root: Path, split: str) -> Converted:
    mat = _mat(root)
    if mat is not None:
        return official.converted(SplitFiles(mat, root / "images"), split)
    return _from_json(_json_files(root, split), split)


def _mat(root: Path) -> Path | None:
    """Return the published file, or None where there is a JSON split or no such file."""
    if any((folder / name).is_file() for folder in _folders(root) for name in _FILES.values()):
        return None
    name = "mpii_human_pose_v1_u12_1.mat"
    places = (root, root / "annot", root / "mpii_human_pose_v1_u12_2")
    return next((place / name for place in places if (place / name).is_file()), None)


def _json_files(root: Path, split: str) -> SplitFiles:
    for folder in _folders(root):
        if (folder / _FILES[split]).is_file():
            return SplitFiles(folder / _FILES[split], root / "images")
    raise Problem(f"{root} holds no annot/{_FILES[split]} and no .mat; it must hold {LAYOUT}")


def _folders(root: Path) -> tuple[Path, Path]:
    return root / "annot", root


def _from_json(files: SplitFiles, split: str) -> Converted:
    content = parsed(files.annotations)
    if not isinstance(content, list):
        raise Problem(
            f"{files.annotations} is not MPII's JSON split; it must be a list of people with "
            "'image', 'joints', 'joints_vis', 'center' and 'scale'"
        )
    mat = files.annotations.with_name(_HEADS)
    heads = _head_boxes(mat, len(content)) if split == "val" and mat.is_file() else None
    names, people, wrong = ImageNames(), [], []
    for number, entry in enumerate(content):
        fault = _entry_fault(entry)
        image = None if fault else names.number(entry["image"])
        if fault or image is None:
            wrong.append(f"person {number} {fault or names.complaint(entry['image'])}")
            continue
        keypoints: list[float] = []
        for (x, y), known in zip(entry["joints"], entry["joints_vis"], strict=True):
            keypoints += [x - 1, y - 1, 2] if known else [0, 0, 0]
        head = None if heads is None else heads[number].tolist()
        centre = [value - 1 for value in entry["center"]]
        people.append(as_annotation(number, image, keypoints, head, centre, entry["scale"]))
    return convert(files, SKELETON, names.by_number, people, wrong)


def _entry_fault(entry: Any) -> str | None:
    """Return what keeps an entry of the JSON from being converted."""
    if not isinstance(entry, dict):
        return "is no object; write 'image', 'joints', 'joints_vis', 'center' and 'scale'"
    joints, known = entry.get("joints"), entry.get("joints_vis")
    if not isinstance(joints, list) or not all(map(_is_point, joints)) or len(joints) != 16:
        return "has no 'joints' of 16 pairs of numbers; write x and y of each of MPII's joints"
    if not isinstance(known, list) or len(known) != 16 or not all(one in (0, 1) for one in known):
        return "has no 'joints_vis' of 16 numbers 0 (not annotated) or 1"
    if not _is_point(entry.get("center")):
        return f"has center {entry.get('center')!r}; write x and y in pixels"
    if not _is_number(entry.get("scale")) or not 0 < entry["scale"] < 1e4:
        return f"has scale {entry.get('scale')!r}; write the person's height over 200 pixels"
    return None


def _is_point(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _head_boxes(path: Path, people: int) -> np.ndarray[Any, Any]:
    """Return x, y, width, height of each head in the file of the field's evaluation, [N, 4]."""
    corners = np.asarray(read_mat(path, "headboxes_src"))
    if corners.dtype.kind not in "fiu" or corners.shape != (2, 2, people):
        raise Problem(
            f"{path} holds head boxes of shape {list(corners.shape)} where valid.json has {people} "
            "people; take both files from one place"
        )
    first, last = corners.astype(np.float64)
    return np.concatenate([first - 1, last - first]).T
