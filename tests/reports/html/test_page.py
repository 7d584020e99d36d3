"""The page over all suites of a folder."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from html_pages import EVIL

from reports.html.chapter import TIES
from reports.html.index import write_index
from reports.html.report_reader import Table, read_report
from reports.tables.comparisons import STANDING

PUBLISHED = Path(__file__).resolve().parents[3] / "reports" / "published"
MOST_BYTES = 5_000_000
VOID = {"meta", "link", "input", "img", "br", "hr"}


class Outline(HTMLParser):
    """What a page links to, and whether its elements are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"]] if values.get("id") else []  # type: ignore[list-item]
        for name in ("href", "src", "data", "action", "srcset"):
            if values.get(name):
                self.links.append(str(values[name]))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("p", "li"):
            assert self._open[-1] == tag, (self._open[-3:], tag)
        if self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture
def page(page_file: Path) -> str:
    return page_file.read_text(encoding="utf-8")


@pytest.fixture
def published(published_file: Path) -> str:
    return published_file.read_text(encoding="utf-8")


def test_every_link_leads_somewhere_on_the_page(page: str) -> None:
    outline = Outline(page)
    assert len(set(outline.ids)) == len(outline.ids)
    inside = {link.removeprefix("#") for link in outline.links if link.startswith("#")}
    assert inside <= set(outline.ids)
    outside = [one for one in outline.links if not one.startswith(("#", "data:"))]
    assert outside == []
    assert "@import" not in page and "url(" not in page


def test_what_a_report_or_record_says_is_escaped(page: str) -> None:
    assert EVIL not in page
    assert "&lt;script&gt;alert" in page
    assert page.count("<script") == 1  # the page's own


def test_claims_come_first_with_their_evidence(page: str) -> None:
    claims = page.split('<section class="chapter" id="claims">')[1]
    claims = claims.split('<section class="chapter"')[0]
    answer, part = claims.index("not decided"), claims.index("Part by part")
    assert answer < part < claims.index("Claim 3, as far as")
    assert 'href="#table1"' in claims
    assert "0.543 of PAF-6&#39;s" in claims or "0.543 of PAF-6's" in claims
    assert '<span class="tone good"><strong>holds</strong></span>' in claims


def test_every_row_has_its_record(page: str) -> None:
    linked = re.findall(r'<a href="#(blocks-record-\w+)">', page)
    assert len(set(linked)) == 5
    row = page.split(f'<tr id="{linked[0]}">')[1].split("</tr>", maxsplit=1)[0]
    assert "ground-truth boxes" in row
    assert "600 steps of 32" in row


def test_what_the_page_draws_stands_for_the_pictures(page: str) -> None:
    titles = re.findall(r"<figcaption>([^<]+)</figcaption>", page)
    assert "AP against latency: a call of 1 crop" in titles
    assert "AP at equal multiply-adds" in titles
    assert "Decoding: latency against people, 128 px" in titles
    alone = "Loss of the last stage while training"
    # Suite `pipelines` has losses of different kinds, and its chart says so.
    assert alone in titles
    assert f"{alone}; each pipeline has a loss of its own, so levels do not compare" in titles
    assert page.count('class="gallery') == 2
    assert 'class="still"' not in page


def test_an_empty_folder_is_a_page_that_says_so(tmp_path: Path) -> None:
    assert "No suite has been run yet" in write_index(tmp_path).read_text(encoding="utf-8")


def test_full_runs_of_blocks_and_pipelines_are_light(published: str) -> None:
    assert len(published.encode()) < MOST_BYTES


def test_published_rows_share_a_letter_where_the_report_calls_them_tied(published: str) -> None:
    ranking, differences = (
        next(part for part in section.parts if isinstance(part, Table))
        for section in read_report(published_report()).sections
        if section.heading in ("Accuracy", "Differences from residual")
    )
    assert ranking.place(STANDING) is not None
    chapter = published.split('id="blocks-synthetic-cpu"')[1]
    head, *rows = [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in re.findall(r"<tr.*?</tr>", chapter, re.DOTALL)[: len(ranking.rows) + 1]
    ]
    letters = {row[0]: set(row[head.index(TIES)]) for row in rows}
    verdict = differences.place("by AP")
    assert verdict is not None and len(differences.rows) > 1
    for row in differences.rows:
        tied = row[verdict].text == "tied within noise"
        assert bool(letters[row[0].text] & letters["residual"]) == tied


def published_report() -> str:
    return (PUBLISHED / "blocks-synthetic-cpu" / "report.md").read_text(encoding="utf-8")
