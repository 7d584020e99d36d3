"""Walk a data set on disk and list what is wrong: ``python -m bench.data.validate NAME DIR``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.data.contact_sheet import draw_sheet
from bench.data.datasets import dataset_faults, describe_data, open_split
from bench.problem import Problem

_PICTURES: Final = 24  # on the contact sheet


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every fault of a data set, one a line, and then how many there are.

    Every annotation is checked and every image decoded. ``--sheet`` also draws some people of the
    training split, if it can be read in spite of its faults.

    Returns:
        0 where nothing is wrong, 1 where something is, 2 where there is no such data set or folder
        or the sheet cannot be written.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.data.validate", description=__doc__)
    parser.add_argument("name", help="the data set, as --data takes it")
    parser.add_argument("root", type=Path, help="its folder, as --data-root takes it")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw some of its people there")
    options = parser.parse_args(arguments)
    count = 0
    try:
        for fault in dataset_faults(options.name, options.root):
            print(fault)
            count += 1
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 2
    found = f"{count} fault{'' if count == 1 else 's'}" if count else "nothing wrong"
    print(f"{options.name} in {options.root}: {found}")
    if options.sheet is not None:
        try:
            _draw(options.name, options.root, options.sheet)
        except Problem as problem:
            print(f"no sheet: {problem}", file=sys.stderr)
            return 1 if count else 2
    return 1 if count else 0


def _draw(name: str, root: Path, path: Path) -> None:
    spec = describe_data(
        name, root, train_images=_PICTURES, val_images=1, image_size=0, crop_size=0, seed=0
    )
    images = open_split(spec, "train", root)
    try:
        draw_sheet(path, images, list(range(len(images))))
    except (OSError, ValueError) as error:  # Pillow knows formats by the name's ending
        raise Problem(f"{path} cannot be written ({error}); name a .png in a folder") from error


if __name__ == "__main__":
    sys.exit(main())
