"""The data sets by name: what a run of one will read, and the opened splits."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from bench.data import crowdpose
from bench.data.coco import dataset as coco
from bench.data.contract import PoseDataset
from bench.data.lsp import dataset as lspet
from bench.data.lsp import mat as lsp
from bench.data.mpii import dataset as mpii
from bench.data.photographs import Photographs
from bench.data.posetrack18 import dataset as posetrack18
from bench.data.synthetic.dataset import SyntheticScenes, open_synthetic
from bench.data.synthetic.factor_checks import Factors, checked_factors, moved
from bench.data.synthetic.factors import DOMAINS
from bench.experiment import DataSpec
from bench.problem import Problem
from models.registry import unknown_name
from models.skeleton import Skeleton

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


_ADAPTERS: Final[dict[str, Adapter]] = {
    "coco": coco,
    "mpii": mpii,
    "crowdpose": crowdpose,
    "posetrack18": posetrack18,
    "lsp": lsp,
    "lspet": lspet,
}

DATASET_NAMES: Final = (*DOMAINS, *_ADAPTERS)


def describe_data(
    name: str,
    root: Path | None,
    *,
    train_images: int,
    val_images: int,
    image_size: int,
    crop_size: int,
    seed: int,
    factors: Factors = (),
) -> DataSpec:
    """Return what a run on data set ``name`` reads, after checking that it can be read.

    Of photographs, 0 images means all of them, people or not; another number means that many of
    the images in which somebody has a joint, drawn by a fixed shuffle that no seed changes, and
    never more than there are: the number in the result is the number that is read. ``image_size``
    and ``seed`` are the renderer's and enter only a rendered data set; the digest is its version.
    For photographs it is the sha256 over the annotation files of both splits; the image files do
    not enter it.

    ``factors`` are names and values of ``SceneFactors`` that are to differ from the rendered data
    set's own; those that do not differ are left out of the result.

    Raises:
        Problem: the name is unknown, a count is negative, rendered data is asked for without a
            number of images, a factor is unknown or cannot take its value, or the files under
            ``root`` are missing or wrong in any way that ``open_split`` would refuse.
    """
    if name not in DATASET_NAMES:
        raise Problem(unknown_name("data set", name, DATASET_NAMES))
    domain = DOMAINS.get(name)
    counts = {"train": train_images, "val": val_images}
    for split, count in counts.items():
        if count < 0:
            raise Problem(f"{split}_images is {count}; give 0 for all images or a number above 0")
        if domain and count == 0:
            raise Problem(
                f"{split}_images is 0, but scenes are rendered without end; give a number"
            )
    if domain:
        skeleton, digest = domain.skeleton, domain.version
        factors = checked_factors(domain, factors)
    elif factors:
        raise Problem(f"data set '{name}' is photographs and has no factor '{factors[0][0]}'")
    else:
        adapter, folder = _ADAPTERS[name], checked_root(name, root)
        skeleton, digest = adapter.SKELETON.name, _digest(adapter.annotation_files(folder))
        image_size = seed = 0
        for split in SPLITS:
            available = len(adapter.open_split(folder, split).annotated_images())
            counts[split] = min(counts[split], available)
    return DataSpec(
        name=name,
        skeleton=skeleton,
        train_images=counts["train"],
        val_images=counts["val"],
        image_size=image_size,
        crop_size=crop_size,
        seed=seed,
        digest=digest,
        factors=factors,
    )


def open_split(
    spec: DataSpec, split: str, root: Path | None, report: Callable[[int, int], None] | None = None
) -> PoseDataset:
    """Return the split "train" or "val" of the data that ``describe_data`` described.

    ``report`` is called with (scenes done, scenes in all) while scenes are rendered.

    Raises:
        Problem: the files under ``root`` are missing or wrong, or are not those of ``spec``.
    """
    count = spec.train_images if split == "train" else spec.val_images
    if spec.name in DOMAINS:
        domain = moved(DOMAINS[spec.name], spec.factors)
        return open_synthetic(
            split, count, spec.image_size, spec.seed, domain=domain, report=report
        )
    adapter, folder = _ADAPTERS[spec.name], checked_root(spec.name, root)
    if _digest(adapter.annotation_files(folder)) != spec.digest:
        raise Problem(
            f"the annotation files under {folder} are not those that the experiment was planned "
            "with; restore them or plan the run again"
        )
    images = adapter.open_split(folder, split)
    return images.draw(count) if count else images


def open_truth(spec: DataSpec, split: str) -> PoseDataset | None:
    """Return a split with every joint of everybody, also what its annotators leave unmarked.

    None for photographs, of which nobody knows more than was annotated.
    """
    images = open_split(spec, split, None) if spec.name in DOMAINS else None
    return images.truth() if isinstance(images, SyntheticScenes) else None


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
    """Return the folder of data set ``name``: ``root``, or the one of that name in it.

    So one ``root`` can hold the several data sets of a mixture.

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
    return root / name if (root / name).is_dir() else root


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
