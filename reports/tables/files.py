"""Tables as CSV files beside a report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

#: The table that every suite has, even where nothing finished.
RESULTS: Final = "results.csv"


def write_frames(folder: Path, frames: Mapping[str, pd.DataFrame]) -> list[Path]:
    """Write tables into a suite's folder and return their paths.

    An empty one is not written, and its file of an earlier report removed: it would mislead.

    Args:
        folder: of the suite.
        frames: name of the file -> table.
    """
    written = []
    for name, frame in frames.items():
        path = folder / name
        if len(frame) or name == RESULTS:
            frame.to_csv(path, index=False)
            written.append(path)
        else:
            path.unlink(missing_ok=True)
    return written
