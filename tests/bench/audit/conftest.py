import pytest

from models import registry


@pytest.fixture
def records(tmp_path):
    """The records' folder of a suite."""
    return tmp_path / "results" / "blocks" / "records"


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    """What a plugin or a test registers is gone after it."""
    for one in (registry._blocks, registry._pipelines):
        monkeypatch.setattr(one, "_factories", dict(one._factories))
