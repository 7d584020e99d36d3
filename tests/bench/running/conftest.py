"""What runs are made with."""

import pytest
from quick_runs import quick_setting


@pytest.fixture
def setting(tmp_path):
    with quick_setting(tmp_path) as made:
        yield made
