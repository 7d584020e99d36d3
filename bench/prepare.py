"""Data made ready before any experiment, so that bad images are bad input and no failed row."""

from collections.abc import Iterable
from pathlib import Path

from bench.data.crops import open_crops
from bench.data.datasets import SPLITS
from bench.experiment import DataSpec
from bench.progress import open_progress


def prepare_data(specs: Iterable[DataSpec], root: Path | None) -> None:
    """Fill the cache with the crops of both splits, telling how far it is.

    Args:
        specs: the data sets; one that comes again is prepared once.
        root: the folder of a data set on disk.

    Raises:
        Problem: the data cannot be read, or the cache cannot be written.
    """
    distinct = list(dict.fromkeys(specs))
    with open_progress(len(distinct) * len(SPLITS), workers=1) as progress:

        def report(stage: str, done: int, of: int) -> None:
            progress.update(title, {"stage": stage, "done": done, "of": of})

        for spec in distinct:
            for split in SPLITS:
                title = f"data: {spec.name}, {split}"
                progress.begin(title, title)
                open_crops(spec, split, root, report)
                progress.end(title, "done")
