from pathlib import Path

import pytest
from html_pages import fill_results

from reports.html.chapter import read_chapter
from reports.html.gallery import Pictures
from reports.html.index import INDEX, render, write_index
from reports.measured import results
from reports.pictures import drawn, people_curves

PUBLISHED = Path(__file__).resolve().parents[3] / "reports" / "published"


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of fake suites; the report's pictures are only named, intervals quickly drawn."""

    def touch(path: Path, *_: object, **__: object) -> None:
        path.touch()

    out = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("draw_scatter", "draw_curves", "draw_crops", "draw_images"):
            patch.setattr(drawn, name, touch)
        patch.setattr(people_curves, "draw_people", touch)
        patch.setattr(results, "RESAMPLES", 200)
        fill_results(out)
        return write_index(out)


@pytest.fixture(scope="session")
def published_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the published full runs of blocks and pipelines."""
    pictures = Pictures()
    names = ("blocks-synthetic-cpu", "pipelines-synthetic-cpu", "table1-synthetic-cpu")
    chapters = [read_chapter(PUBLISHED / name, pictures) for name in names]
    file = tmp_path_factory.mktemp("published") / INDEX
    file.write_text(render(chapters, pictures), encoding="utf-8")
    return file
