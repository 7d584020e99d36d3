"""One suite as a chapter of the page: its report, with drawings for pictures and links for names.

Tables and words are the report's; drawings and galleries are built from the same results.
"""

import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from markupsafe import Markup
from PIL import Image

from ablations.plan import stored_plan
from reports.html.charts import Chart
from reports.html.drawings import accuracy_charts, people_charts, training_charts
from reports.html.gallery import Gallery, Pictures, data_uri, gallery
from reports.html.record_rows import RecordTable, record_table
from reports.html.report_reader import (
    Cell,
    Column,
    Part,
    Picture,
    Section,
    Table,
    read_report,
    text_cell,
)
from reports.html.ties import tie_groups
from reports.measured.collection import Results, collect
from reports.measured.options import repeats_training
from reports.measured.results import AP, Comparison
from reports.sections import REPORT
from reports.tables.cells import percent
from reports.tables.comparisons import STANDING
from reports.text.words import Words, inference, where

TIES = "tie group"
ACCURACY, TRAINING, PEOPLE, GALLERY = "accuracy", "training", "people", "gallery"
#: Sections that a reader looks up, so that they are folded until asked for.
_FOLDED = ("Cost", "Matching", "What the intervals cover", "Where and how this was measured")
#: What stands for the pictures of these files: the page draws them itself.
_DRAWN = {
    re.compile(r"accuracy_vs_(latency|macs)"): ACCURACY,
    re.compile(r"learning_curves"): TRAINING,
    re.compile(r"latency_vs_people"): PEOPLE,
    re.compile(r"predictions_"): GALLERY,
}
_NUMBER = re.compile(r"\d+")
# Gathering asks for them, and this page words nothing itself.
_UNSPOKEN = Words(title="", question="", thing="variant", reference="", shape=())
_WIDEST = 1400  # pixels of a picture that the page does not draw itself
_COLOURS = 128  # ample for a plot, and a third of the file


@dataclass(frozen=True)
class Charts:
    """Drawings side by side; the caption tells their comparison from others."""

    caption: str
    charts: tuple[Chart, ...]
    kind: ClassVar = "charts"


@dataclass(frozen=True)
class Still:
    """A picture of the report as it is."""

    uri: str
    told: str
    kind: ClassVar = "still"


Shown = Part | Charts | Gallery | Still


@dataclass(frozen=True)
class Passage:
    """A section of the page.

    Attributes:
        anchor: where links lead to.
        heading: of it.
        parts: what is shown.
        folded: whether it opens only when asked.
        claim: of the deck, and the verdict on it; None where it is about none.
        suite: that it comes from.
    """

    anchor: str
    heading: str
    parts: tuple[Shown, ...]
    folded: bool
    claim: tuple[str, str] | None
    suite: str

    @property
    def number(self) -> int:
        """That of the claim; 0 where it is about none."""
        return int(_NUMBER.findall(self.claim[0])[0]) if self.claim else 0


@dataclass(frozen=True)
class Chapter:
    """A suite."""

    name: str
    title: str
    lead: tuple[Shown, ...]
    passages: tuple[Passage, ...]
    records: RecordTable

    @property
    def claims(self) -> list[Passage]:
        """The passages on the deck's claims."""
        return [one for one in self.passages if one.claim]


def read_chapter(folder: Path, pictures: Pictures) -> Chapter:
    """Return the chapter of a suite's folder, which holds a report and, if it can, its records.

    Args:
        folder: of the suite.
        pictures: of the page; those that the chapter shows are added.
    """
    report = read_report((folder / REPORT).read_text(encoding="utf-8"))
    name = folder.name
    results = collect(folder, stored_plan(folder), _UNSPOKEN)
    records = record_table(folder)
    known = {row.what: f"{name}-record-{row.key}" for row in reversed(records.rows)}
    tables = [part for one in report.sections for part in one.parts if isinstance(part, Table)]
    ranked = {id(one): _comparison_of(one, results.comparisons) for one in tables}
    shown = [one for one in results.comparisons if any(one is found for found in ranked.values())]
    drawn = _Drawn(folder, results, _first_of_trainings(shown), pictures)
    passages = [
        Passage(
            anchor=f"{name}-{number}-{_slug(section.heading)}",
            heading=section.heading,
            parts=tuple(_shown(section, ranked, known, drawn)),
            folded=section.heading.startswith(_FOLDED),
            claim=section.claim,
            suite=name,
        )
        for number, section in enumerate(report.sections, start=1)
    ]
    return Chapter(name, report.title, report.lead, tuple(passages), records)


class _Drawn:
    """What the page draws in place of a report's pictures, all of a kind at its first picture."""

    def __init__(
        self, folder: Path, results: Results, comparisons: Sequence[Comparison], pictures: Pictures
    ) -> None:
        self._folder = folder
        self._pictures = pictures
        several = len(comparisons) > 1

        def caption(one: Comparison) -> str:
            return f"{where(one)}, {inference(one.protocol)}" if several else ""

        def of(draw: Callable[[Comparison], list[Chart]]) -> list[Shown]:
            found = ((one, draw(one)) for one in comparisons)
            return [Charts(caption(one), tuple(charts)) for one, charts in found if charts]

        places = results.places
        people = [people_charts(one, places) for one in results.stages]
        shelves = (gallery(folder, one, caption(one), pictures) for one in comparisons)
        self._waiting: dict[str, list[Shown]] = {
            ACCURACY: of(lambda one: accuracy_charts(one, results.clocks)),
            TRAINING: of(lambda one: training_charts(folder, one)),
            PEOPLE: [Charts("", tuple(charts)) for charts in people if charts],
            GALLERY: [shelf for shelf in shelves if shelf],
        }
        self._known = {kind for kind, shown in self._waiting.items() if shown}

    def draws(self, kind: str, section: Section) -> bool:
        """Return whether the page draws a section's pictures of a kind itself."""
        return kind in self._known and any(
            _kind(part) == kind for part in section.parts if isinstance(part, Picture)
        )

    def instead_of(self, picture: Picture) -> list[Shown]:
        """Return what to show for a picture; nothing where it was drawn with an earlier one."""
        kind = _kind(picture)
        if kind in self._known:
            return self._waiting.pop(kind, [])
        return _still(self._folder / picture.file, picture.told)


def _kind(picture: Picture) -> str:
    """Return what the page draws in place of a picture; "" where it shows the picture itself."""
    kinds = (kind for pattern, kind in _DRAWN.items() if pattern.match(picture.file))
    return next(kinds, "")


def _first_of_trainings(comparisons: Sequence[Comparison]) -> list[Comparison]:
    return [
        one
        for number, one in enumerate(comparisons)
        if not repeats_training(one, comparisons[:number])
    ]


def _comparison_of(table: Table, comparisons: Iterable[Comparison]) -> Comparison | None:
    """Return the comparison whose ranking a table shows: the same rows with the same AP."""
    place = table.place(AP)
    if place is None or table.place(STANDING) is None:
        return None
    rows = {(row[0].text, row[place].text) for row in table.rows}
    for one in comparisons:
        ranked = {(variant.name, percent(variant.estimate(AP))) for variant in one.ranked}
        if ranked and ranked <= rows:
            return one
    return None


def _shown(
    section: Section,
    ranked: dict[int, Comparison | None],
    known: dict[str, str],
    drawn: _Drawn,
) -> list[Shown]:
    shown: list[Shown] = []
    told_here = drawn.draws(GALLERY, section)  # how to read the report's own sheets is not for ours
    for part in section.parts:
        if isinstance(part, Picture):
            shown += drawn.instead_of(part)
        elif isinstance(part, Table):
            comparison = ranked[id(part)]
            table = part if comparison is None else _with_ties(part, tie_groups(comparison))
            shown.append(_linked(table, known))
        elif not told_here:
            shown.append(part)
    return shown


def _with_ties(table: Table, letters: dict[str, str]) -> Table:
    """Return a ranking with the letters that tied rows share, after how they stand."""
    standing = table.place(STANDING)
    if standing is None or not letters:
        return table
    after = standing + 1

    def widened(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return (*row[:after], text_cell(letters.get(row[0].text, "")), *row[after:])

    columns = (*table.columns[:after], Column(TIES, numeric=False), *table.columns[after:])
    return Table(columns, tuple(widened(row) for row in table.rows))


def _linked(table: Table, known: dict[str, str]) -> Table:
    """Return a table whose first cells lead to the records of what they name."""

    def linked(cell: Cell) -> Cell:
        anchor = known.get(cell.text)
        if anchor is None:
            return cell
        return Cell(Markup('<a href="#{}">{}</a>').format(anchor, cell.html), cell.text)

    return Table(table.columns, tuple((linked(row[0]), *row[1:]) for row in table.rows))


def _still(path: Path, told: str) -> list[Shown]:
    """Return a picture file, small enough for the page; none where it is missing."""
    if path.parent.resolve() != path.resolve().parent or not path.exists():
        return []
    with Image.open(path) as picture:
        small = picture.convert("RGB")
    small.thumbnail((_WIDEST, 10 * _WIDEST))
    file = io.BytesIO()
    small.quantize(_COLOURS).save(file, "PNG", optimize=True)
    return [Still(data_uri(file.getvalue(), "image/png"), told)]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40]
