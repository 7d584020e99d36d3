"""The data sets by name: what a run of one will read, and the opened splits."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from bench.data import coco, lsp
from bench.data.contract import PoseDataset
from bench.data.photographs import Photographs
from bench.experiment import DataSpec
from bench.problem import Problem
from models.registry import unknown_name
from models.skeleton import COCO17, Skeleton

SPLITS: Final = ("train", "val")


class Adapter(Protocol):
    """What the module of a data set on disk offers."""

    @property
    def SKELETON(self) -> Skeleton:  # noqa: N802 - a module's constant
        """The joints that it annotates."""

    @property
    def LAYOUT(self) -> str:  # noqa: N802 - a module's constant
        """What its folder must hold, for messages."""

    def annotation_files(self, root: Path) -> list[Path]:
        """Return every file that decides the annotations of both splits, in a fixed order."""

    def open_split(self, root: Path, split: str) -> Photographs:
        """Return the whole split, its annotations checked and its image files all there."""

    def faults(self, root: Path, split: str) -> Iterator[str]:
        """Yield everything that is wrong with a split, one sentence each."""


_ADAPTERS: Final[dict[str, Adapter]] = {"coco": coco, "lspet": lsp}

DATASET_NAMES: Final = ("synthetic", *_ADAPTERS)


def describe_data(
    name: str,
    root: Path | None,
    *,
    train_images: int,
    val_images: int,
    image_size: int,
    crop_size: int,
    seed: int,
) -> DataSpec:
    """Return what a run on data set ``name`` reads, after checking that it can be read.

    Of photographs, 0 images means all of them, people or not; another number means that many of
    the images in which somebody has a joint, drawn by a fixed shuffle that no seed changes, and
    never more than there are: the number in the result is the number that is read. ``image_size``
    and ``seed`` are the renderer's and enter only a synthetic data set; the digest is its version.
    For photographs it is the sha256 over the annotation files of both splits; the image files do
    not enter it.

    Raises:
        Problem: the name is unknown, a count is negative, synthetic data is asked for without a
            number of images, or the files under ``root`` are missing or wrong in any way that
            ``open_split`` would refuse.
    """
    if name not in DATASET_NAMES:
        raise Problem(unknown_name("data set", name, DATASET_NAMES))
    counts = {"train": train_images, "val": val_images}
    for split, count in counts.items():
        if count < 0:
            raise Problem(f"{split}_images is {count}; give 0 for all images or a number above 0")
        if name == "synthetic" and count == 0:
            raise Problem(
                f"{split}_images is 0, but scenes are rendered without end; give a number"
            )
    if name == "synthetic":
        from bench.data.synthetic import RENDERER_VERSION

        skeleton, digest = COCO17, RENDERER_VERSION
    else:
        adapter, folder = _ADAPTERS[name], checked_root(name, root)
        skeleton, digest = adapter.SKELETON, _digest(adapter.annotation_files(folder))
        image_size = seed = 0
        for split in SPLITS:
            available = len(adapter.open_split(folder, split).annotated_images())
            counts[split] = min(counts[split], available)
    return DataSpec(
        name=name,
        skeleton=skeleton.name,
        train_images=counts["train"],
        val_images=counts["val"],
        image_size=image_size,
        crop_size=crop_size,
        seed=seed,
        digest=digest,
    )


def open_split(
    spec: DataSpec, split: str, root: Path | None, report: Callable[[int, int], None] | None = None
) -> PoseDataset:
    """Return the split "train" or "val" of the data that ``describe_data`` described.

    ``report`` is called with (scenes done, scenes in all) while synthetic ones are rendered.

    Raises:
        Problem: the files under ``root`` are missing or wrong, or are not those of ``spec``.
    """
    count = spec.train_images if split == "train" else spec.val_images
    if spec.name == "synthetic":
        from bench.data.synthetic import open_synthetic

        return open_synthetic(split, count, spec.image_size, spec.seed, report=report)
    adapter, folder = _ADAPTERS[spec.name], checked_root(spec.name, root)
    if _digest(adapter.annotation_files(folder)) != spec.digest:
        raise Problem(
            f"the annotation files under {folder} are not those that the experiment was planned "
            "with; restore them or plan the run again"
        )
    images = adapter.open_split(folder, split)
    return images.draw(count) if count else images


def dataset_faults(name: str, root: Path) -> Iterator[str]:
    """Yield everything that is wrong with the files of a data set, one sentence each.

    Raises:
        Problem: the name is unknown or not that of a data set on disk, or ``root`` is no folder.
    """
    if name not in _ADAPTERS:
        raise Problem(unknown_name("data set on disk", name, _ADAPTERS))
    folder = checked_root(name, root)
    for split in SPLITS:
        try:
            yield from _ADAPTERS[name].faults(folder, split)
        except Problem as problem:
            yield str(problem)


def checked_root(name: str, root: Path | None) -> Path:
    """Return ``root``, the folder of data set ``name``.

    Raises:
        Problem: it is not given, or is not a folder.
    """
    layout = _ADAPTERS[name].LAYOUT
    if root is None:
        raise Problem(
            f"data set '{name}' is read from disk; give --data-root, a folder of {layout}"
        )
    if not root.is_dir():
        raise Problem(f"--data-root {root} is not a folder; give the one that holds {layout}")
    return root


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
