from pathlib import Path

import pytest
from fake_records import Suite

from reports.measured import results
from reports.pictures import drawn, people_curves


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """An empty suite whose pictures are only named, and whose intervals are quickly drawn."""

    def touch(path: Path, *_: object, **__: object) -> None:
        path.touch()

    for name in ("draw_scatter", "draw_curves", "draw_crops", "draw_images"):
        monkeypatch.setattr(drawn, name, touch)
    monkeypatch.setattr(people_curves, "draw_people", touch)
    monkeypatch.setattr(results, "RESAMPLES", 200)
    return Suite(tmp_path)
