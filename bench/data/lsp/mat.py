"""Leeds Sports Pose and its extension as they are published: ``joints.mat`` and ``images/``.

LSP (Johnson and Everingham, BMVC 2010) holds ``joints`` [3, 14, 2000]: the first half is to learn
from, the second to judge by. All joints are annotated; the third row is 1 for hidden ones, though
the file's note says the opposite (the field's code turns it as well). LSP-extended (CVPR 2011)
holds ``joints`` [14, 3, 10000], its third column 1 for annotated joints; it has no second split, so
the last tenth is held out here. The layout tells the two apart.

Coordinates are taken to count from 1, as everything in Matlab does *(inferred)*. A person's box is
the extent of its joints.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.data.coco.dataset import SplitFiles
from bench.data.coco.format import extent
from bench.data.converted import Converted, convert, converted_faults, open_converted
from bench.data.mat_files import read_mat
from bench.data.photographs import Photographs
from bench.problem import Problem
from models.skeleton import LSP14

SKELETON: Final = LSP14
LAYOUT: Final = "joints.mat and images/, of LSP or of LSP-extended"
_JOINTS: Final = len(LSP14)


def annotation_files(root: Path) -> list[Path]:
    """Return the one file that annotates both splits.

    Raises:
        Problem: it is missing.
    """
    return [_files(root).annotations]


def open_split(root: Path, split: str) -> Photographs:
    """Read a split.

    Raises:
        Problem: a file is missing or anything in the annotations is wrong.
    """
    return open_converted(f"lsp {split}", _converted(_files(root), split))


def faults(root: Path, split: str) -> Iterator[str]:
    """Yield everything that is wrong with a split, image files included.

    Raises:
        Problem: the annotation file is missing or cannot be read.
    """
    yield from converted_faults(_converted(_files(root), split))


def _files(root: Path) -> SplitFiles:
    if not (root / "joints.mat").is_file():
        raise Problem(f"{root} holds no joints.mat; it must hold {LAYOUT}")
    return SplitFiles(root / "joints.mat", root / "images")


def _converted(files: SplitFiles, split: str) -> Converted:
    keypoints, extended = _keypoints(files.annotations)
    count = len(keypoints)
    first_held_out = count - count // (10 if extended else 2)
    chosen = range(first_held_out) if split == "train" else range(first_held_out, count)
    digits = 5 if extended else 4
    names = {number + 1: f"im{number + 1:0{digits}d}.jpg" for number in chosen}
    people = []
    for number in chosen:
        values: list[float] = keypoints[number].flatten().tolist()
        person: dict[str, Any] = {"id": number + 1, "image_id": number + 1, "keypoints": values}
        people.append({**person, "bbox": extent(values)})
    return convert(files, SKELETON, names, people, [])


def _keypoints(path: Path) -> tuple[NDArray[np.float64], bool]:
    """Return x, y, visibility [N, 14, 3], pixels counted from 0, and whether it is LSP-extended."""
    joints = np.asarray(read_mat(path, "joints"))
    extended = joints.shape[:2] == (_JOINTS, 3)
    if (
        joints.ndim != 3
        or joints.dtype.kind not in "fiu"
        or not (extended or joints.shape[:2] == (3, _JOINTS))
    ):
        raise Problem(
            f"{path} holds joints of shape {list(joints.shape)}; LSP's are [3, 14, N] and "
            "LSP-extended's [14, 3, N]"
        )
    keypoints = (joints.transpose(2, 0, 1) if extended else joints.transpose(2, 1, 0)).astype(float)
    odd = np.flatnonzero(~np.isin(keypoints[..., 2], (0, 1)).all(axis=1))
    if len(odd):
        raise Problem(
            f"{path}: image {odd[0] + 1} has a third number other than 0 or 1; download it again"
        )
    flag = keypoints[..., 2]
    keypoints[..., 2] = 2 * flag if extended else 2 - flag
    keypoints[..., :2] -= 1
    return np.where(keypoints[..., 2:] > 0, keypoints, 0), extended
