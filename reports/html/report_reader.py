"""A suite's ``report.md`` read back: sections, and in them prose, tables and pictures.

The page shows what the report says, word for word, so that a suite needs nothing but its report to
stand on the page, and the two cannot disagree.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

# HTML in a report stays text: names of blocks and reasons of failures are anybody's.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_CLAIM = re.compile(r"(?P<claim>Claim \d+.*): (?P<verdict>.+)")


@dataclass(frozen=True)
class Prose:
    """Paragraphs, lists and code."""

    html: Markup
    kind: ClassVar = "prose"


@dataclass(frozen=True)
class Picture:
    """A picture file beside the report."""

    file: str
    told: str
    kind: ClassVar = "picture"


@dataclass(frozen=True)
class Cell:
    """A cell of a table, and its text without markup."""

    html: Markup
    text: str


@dataclass(frozen=True)
class Column:
    """A heading of a table, and whether its cells are numbers."""

    name: str
    numeric: bool


@dataclass(frozen=True)
class Table:
    """A table; every row has a cell a column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kind: ClassVar = "table"

    def place(self, name: str) -> int | None:
        """Return where a column stands; None where there is none of the name."""
        names = [column.name for column in self.columns]
        return names.index(name) if name in names else None


Part = Prose | Picture | Table


@dataclass(frozen=True)
class Section:
    """A heading of the second level and what stands below it."""

    heading: str
    parts: tuple[Part, ...]

    @property
    def claim(self) -> tuple[str, str] | None:
        """The claim and the verdict on it; None where the section is not about one."""
        found = _CLAIM.fullmatch(self.heading)
        return (found["claim"], found["verdict"]) if found else None


@dataclass(frozen=True)
class Report:
    """A report: its title, what stands before the first section, and the sections."""

    title: str
    lead: tuple[Part, ...]
    sections: tuple[Section, ...]


def read_report(text: str) -> Report:
    """Return the report that is written in Markdown."""
    title = ""
    headings: list[str] = []
    parts: list[list[Part]] = [[]]
    for block in _blocks(_MARKDOWN.parse(text)):
        if block[0].type == "heading_open" and block[0].tag == "h1":
            title = _text(block[1])
        elif block[0].type == "heading_open" and block[0].tag == "h2":
            headings.append(_text(block[1]))
            parts.append([])
        else:
            parts[-1] += _parts(block)
    lead, *rest = (tuple(some) for some in parts)
    sections = (Section(*one) for one in zip(headings, rest, strict=True))
    return Report(title, lead, tuple(sections))


def text_cell(text: str) -> Cell:
    """Return a cell of plain text."""
    return Cell(Markup.escape(text), text)


def _blocks(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the tokens of each block of the outermost level."""
    block: list[Token] = []
    depth = 0
    for token in tokens:
        block.append(token)
        depth += token.nesting
        if depth == 0:
            yield block
            block = []


def _parts(block: list[Token]) -> list[Part]:
    if block[0].type == "table_open":
        return [_table(block)]
    if block[0].type == "paragraph_open":
        children = block[1].children or []
        if len(children) == 1 and children[0].type == "image":
            return [Picture(str(children[0].attrs["src"]), children[0].content)]
    return [Prose(Markup(_MARKDOWN.renderer.render(block, _MARKDOWN.options, {})))]


def _table(block: list[Token]) -> Table:
    columns: list[Column] = []
    rows: list[list[Cell]] = []
    for opening, inline in pairwise(block):
        if opening.type == "th_open":
            numeric = "right" in str(opening.attrs.get("style", ""))
            columns.append(Column(_text(inline), numeric))
        elif opening.type == "tr_open" and columns:
            rows.append([])
        elif opening.type == "td_open":
            html = _MARKDOWN.renderer.render([inline], _MARKDOWN.options, {})
            rows[-1].append(Cell(Markup(html), _text(inline)))
    return Table(tuple(columns), tuple(tuple(row) for row in rows))


def _text(inline: Token) -> str:
    return "".join(child.content for child in inline.children or []).strip()
