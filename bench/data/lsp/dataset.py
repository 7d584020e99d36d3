"""LSP-extended as crops around one person each, its joints in COCO's keypoint format.

``train.json`` and ``val.json`` name their files relative to the root (``images/im00001.jpg``).
Joints are Leeds Sports Pose's 14 (Johnson and Everingham, BMVC 2010 and CVPR 2011). Its pictures
show people in any orientation; visibility says known (2) or unknown (0), not whether hidden.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.data.coco.dataset import SplitFiles, coco_faults, open_coco
from bench.data.photographs import Photographs
from bench.problem import Problem
from models.skeleton import LSP14

SKELETON: Final = LSP14
LAYOUT: Final = "train.json, val.json and images/"


def annotation_files(root: Path) -> list[Path]:
    """Return the annotation files of both splits.

    Raises:
        Problem: one is missing.
    """
    return [_split_files(root, split).annotations for split in ("train", "val")]


def open_split(root: Path, split: str) -> Photographs:
    """Read a split of LSP-extended crops.

    Raises:
        Problem: a file is missing or anything in the annotations is wrong; see ``open_coco``.
    """
    return open_coco(f"lspet {split}", _split_files(root, split), SKELETON)


def faults(root: Path, split: str) -> Iterator[str]:
    """Yield everything that is wrong with a split, image files included; see ``coco_faults``.

    Raises:
        Problem: the annotation file is missing.
    """
    yield from coco_faults(_split_files(root, split), SKELETON)


def _split_files(root: Path, split: str) -> SplitFiles:
    path = root / f"{split}.json"
    if not path.is_file():
        raise Problem(f"{root} holds no {split}.json; it must hold {LAYOUT}")
    return SplitFiles(path, root)
