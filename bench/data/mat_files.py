"""Matlab's .mat files (version 5), in which MPII and Leeds Sports Pose are published."""

from pathlib import Path
from typing import Any

from bench.problem import Problem


def read_mat(path: Path, variable: str) -> Any:
    """Return a variable of a .mat file: structs as dictionaries, arrays without sides of length 1.

    Raises:
        Problem: the file is missing or damaged, or does not hold the variable.
    """
    from scipy.io import loadmat  # half a second, and only these data sets need it

    try:
        content = loadmat(path, variable_names=[variable], simplify_cells=True)
    except Exception as error:  # scipy meets damaged files with exceptions of many types
        raise Problem(f"{path} is no readable .mat file ({error}); download it again") from error
    if variable not in content:
        raise Problem(f"{path} holds no variable '{variable}'; download it again")
    return content[variable]


def entries(value: Any) -> list[Any]:
    """Return the elements of a struct array, which may be one struct or nothing at all."""
    if isinstance(value, dict):
        return [value]
    if value is None or isinstance(value, str | float | int):
        return []
    return list(value)
