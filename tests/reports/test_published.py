"""What is published can be trusted like any record, and is no photograph."""

from pathlib import Path

import pytest

from bench.records import all_records

PUBLISHED = Path(__file__).resolve().parents[2] / "reports" / "published"
FOLDERS = sorted(path.parent for path in PUBLISHED.glob("*/report.md"))


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request):
    return request.param


def test_something_is_published():
    assert FOLDERS


def test_every_record_is_whole_and_done(folder):
    records, rejected = all_records(folder / "records")
    assert rejected == {}
    assert {record["status"] for record in records} == {"done"}
    assert "accuracy" in {record["kind"] for record in records}


def test_every_record_has_its_provenance(folder):
    for record in all_records(folder / "records")[0]:
        assert len(record["environment"]["commit"]) == 40
        assert record["environment"]["dirty"] in (True, False)
        assert record["command"].startswith("python run_all.py")


def test_the_index_names_every_folder(folder):
    assert f"({folder.name}/report.md)" in (PUBLISHED / "README.md").read_text()


def test_no_photograph_is_published():
    assert not list((PUBLISHED / "blocks-lspet-cpu").glob("**/*.npz"))
    assert not list((PUBLISHED / "blocks-lspet-cpu").glob("predictions_*"))
