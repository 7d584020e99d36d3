"""The page in Chromium: nothing goes wrong or out, and it does what it offers.

Where ``POSEARCH_SCREENSHOTS`` names a folder, pictures of the published page are left there.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed; it comes with the extra 'test'"
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW = 1280, 390


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is on this machine")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def opened(browser: Any, page_file: Path) -> Iterator[Any]:
    """Open a page in a window of a width; what goes wrong or out fails the test."""
    contexts, faults, expected = [], [], []

    def open_page(width: int = WIDE, file: Path = page_file, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: faults.append(request.url))
        expected.append(file.as_uri())
        page.goto(expected[-1])
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [one for one in faults if not one.startswith("data:")] == expected


def column(page: Any, name: str) -> list[str]:
    """Return the cells of a column of the first table of the blocks, as they stand."""
    return page.evaluate(
        """name => {
            const table = document.querySelector("#blocks table.sortable");
            const at = [...table.tHead.rows[0].cells].findIndex(
                one => one.textContent.trim() === name);
            return [...table.tBodies[0].rows].filter(row => !row.hidden)
                .map(row => row.cells[at].textContent.trim());
        }""",
        name,
    )


def test_headings_sort_by_number_and_by_word(opened: Any) -> None:
    page = opened()
    table = page.locator("#blocks table.sortable").first
    assert column(page, "block")[0] == "ioi"
    heading = table.get_by_role("button", name="latency b1, ms")
    heading.click()
    assert [float(one.split()[0]) for one in column(page, "latency b1, ms")[:-1]] == [5, 4, 3, 2]
    assert column(page, "latency b1, ms")[-1] == "–"  # nothing is last, whichever way
    heading.click()
    assert [float(one.split()[0]) for one in column(page, "latency b1, ms")[:-1]] == [2, 3, 4, 5]
    assert column(page, "latency b1, ms")[-1] == "–"
    assert table.locator("[aria-sort]").get_attribute("aria-sort") == "ascending"
    table.get_by_role("button", name="block", exact=True).press("Enter")
    names = column(page, "block")
    assert names == sorted(names)


def test_a_filter_keeps_the_rows_that_hold_every_word(opened: Any) -> None:
    page = opened()
    field = page.locator("#blocks .filter input").first
    field.fill("residual BEHIND")
    assert sorted(column(page, "block")) == ["inception_residual", "residual"]
    assert page.locator("#blocks .filter output").first.inner_text() == "2 of 5"
    field.fill("")
    assert len(column(page, "block")) == 5


def test_a_mark_tells_its_numbers_to_mouse_and_keyboard(opened: Any) -> None:
    page = opened()
    mark, tip = page.locator("#blocks .mark").first, page.locator("#tip")
    mark.scroll_into_view_if_needed()
    mark.hover()
    assert "AP" in tip.inner_text() and "±" in tip.inner_text()
    page.mouse.move(0, 0)
    assert tip.is_hidden()
    mark.focus()
    assert tip.inner_text().startswith(("residual", "ioi", "inception_residual"))
    page.keyboard.press("Escape")
    assert tip.is_hidden()


def test_a_name_leads_to_its_folded_record(opened: Any) -> None:
    page = opened()
    page.locator("#blocks table.sortable th a").first.click()
    row = page.locator("tr:target")
    assert row.is_visible()
    assert "ground-truth boxes" in row.inner_text()


def test_pictures_show_and_hide_what_is_asked(opened: Any) -> None:
    page = opened()
    truth = page.locator("#blocks .shot .truth").first
    assert truth.is_visible()
    page.locator("#blocks [data-hides=truth]").uncheck()
    assert truth.is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_published_page_fits_its_window(
    opened: Any, published_file: Path, width: int, scheme: str
) -> None:
    page = opened(width, published_file, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(253, 253, 251)"
    assert light == (scheme == "light")
    if folder := os.environ.get("POSEARCH_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"page_{width}_{scheme}.png")
        page.locator("figure svg").first.evaluate(
            "drawing => drawing.closest('figure').scrollIntoView({behavior: 'instant'})"
        )
        page.wait_for_timeout(500)  # until it is painted
        page.screenshot(path=Path(folder) / f"charts_{width}_{scheme}.png")


def test_the_theme_can_be_chosen(opened: Any) -> None:
    page = opened(color_scheme="light")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_paper_has_no_controls_and_nothing_folded(opened: Any) -> None:
    page = opened()
    page.emulate_media(media="print")
    assert page.locator(".filter").first.is_hidden()
    assert page.locator("nav").is_hidden()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("main details:not([open])").count() == 0
