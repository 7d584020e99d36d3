"""Real files of the field's data sets, where they are, and Matlab structs for tests that write."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray


def fixture(name: str) -> Path:
    """Return the folder of a data set's real sample; skip the test where there is none."""
    folder = os.environ.get("POSEARCH_DATA")
    if not folder or not (Path(folder) / "fixtures" / name).is_dir():
        pytest.skip(f"POSEARCH_DATA does not name a folder that holds fixtures/{name}")
    return Path(folder) / "fixtures" / name


def structs(rows: list[dict[str, Any]]) -> NDArray[Any]:
    """Return a Matlab struct array [1, N] for scipy to write; fields that a row lacks are empty."""
    fields = list(dict.fromkeys(field for row in rows for field in row))
    array = np.empty((1, len(rows)), dtype=[(field, object) for field in fields])
    for index, row in enumerate(rows):
        for field in fields:
            array[field][0, index] = row.get(field, np.empty((0, 0)))
    return array
