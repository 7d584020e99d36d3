"""Walk a data set on disk and list what is wrong: ``python -m bench.data.validate NAME DIR``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.data.datasets import dataset_faults
from bench.problem import Problem


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every fault of a data set, one a line, and then how many there are.

    Every annotation is checked and every image decoded.

    Returns:
        0 where nothing is wrong, 1 where something is, 2 where there is no such data set or folder.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.data.validate", description=__doc__)
    parser.add_argument("name", help="the data set: coco or lspet")
    parser.add_argument("root", type=Path, help="its folder, as --data-root takes it")
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
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
