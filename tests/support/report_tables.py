"""Reads the tables of a report back."""

import itertools
import re


def table(report: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, without its two head lines."""
    return _cells(report, heading)[2:]


def column(report: str, heading: str, name: str) -> list[str]:
    """Return one column of the first table under a heading."""
    head, _, *rows = _cells(report, heading)
    return [row[head.index(name)] for row in rows]


def _cells(report: str, heading: str) -> list[list[str]]:
    section = report.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return cells(section)


def cells(text: str) -> list[list[str]]:
    """Return the cells of the first table in a text, with its two head lines."""
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines[first:])
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]
