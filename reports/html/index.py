"""``index.html`` over all suites of a results folder: one file, no outside requests."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ablations import SUITES
from reports.html import charts
from reports.html.chapter import TIES, Chapter, read_chapter
from reports.html.gallery import RANKS, Pictures
from reports.paper.claims import CLAIMS
from reports.paper.verdicts import FAILS, HOLDS, OPEN
from reports.pictures.canvas import colour_of
from reports.sections import REPORT

INDEX = "index.html"
#: Words that a cell or verdict may be, and the tone that they are shown in.
TONES = {
    HOLDS: "good",
    FAILS: "bad",
    OPEN: "open",
    "better": "good",
    "worse": "bad",
    "tied within noise": "open",
    "best": "good",
    "tied": "open",
    "behind": "bad",
}
_TEMPLATES = Path(__file__).parent / "templates"
_FIRST = "claims"  # the suite that answers what the others are asked for


def write_index(out: Path) -> Path:
    """Write the page over every suite that has a report, and return its path.

    Args:
        out: the results folder; each folder in it that holds a report is a suite.
    """
    pictures = Pictures()
    chapters = [read_chapter(path.parent, pictures) for path in _reports(out)]
    page = out / INDEX
    partial = page.with_suffix(".partial")
    partial.write_text(render(chapters, pictures), encoding="utf-8")
    partial.replace(page)
    return page


def render(chapters: Sequence[Chapter], pictures: Pictures) -> str:
    """Return the page; every text of a report or record is escaped.

    Args:
        chapters: in the page's order.
        pictures: that their galleries show.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tone"] = _tone
    environment.filters["colour"] = colour_of
    return environment.get_template("index.html.j2").render(
        chapters=chapters,
        pictures=pictures.uris,
        width=charts.WIDTH,
        height=charts.HEIGHT,
        ranks=[*RANKS.values()],
        ties=TIES,
        deck=CLAIMS,
        questions={name: suite.question for name, suite in SUITES.items()},
    )


def _reports(out: Path) -> list[Path]:
    """Return the reports in the order of the suites, those of other folders last."""
    order = [_FIRST, *(name for name in SUITES if name != _FIRST)]

    def place(path: Path) -> tuple[int, str]:
        name = path.parent.name
        return (order.index(name) if name in order else len(order), name)

    return sorted(out.glob(f"*/{REPORT}"), key=place)


def _tone(text: str) -> str:
    """Return the tone of a verdict; "" of a text that is none."""
    if text in TONES:
        return TONES[text]
    # A verdict in words has several, as where two ways of counting disagree.
    found = {tone for word, tone in TONES.items() if word in (HOLDS, FAILS, OPEN) and word in text}
    return found.pop() if len(found) == 1 and text.startswith((HOLDS, FAILS, OPEN)) else ""
