"""What runs are made with."""

import pytest
from quick_runs import write_plugin

from bench.runner import Setting
from bench.running.run_lock import only_run


@pytest.fixture
def setting(tmp_path):
    plugin = tmp_path / "quick.py"
    write_plugin(plugin)
    folder = tmp_path / "results" / "suite" / "records"
    with only_run(folder) as lock:
        yield Setting(folder, None, plugin, 1, 1, "python run_all.py", lock)
