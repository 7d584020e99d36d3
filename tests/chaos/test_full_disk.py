"""A disk that is full at one place after another: a sentence each time, and nothing is lost."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from killed_runs import REPOSITORY, SMALL, finish, results

SHARES = (0.05, 0.2, 0.4, 0.6, 0.8)  # of the room that a run takes
AMPLE = 4
OWN_MOUNTS = ["unshare", "-rm"]  # a user's own file systems, where the system allows them


def may_mount(place: Path) -> bool:
    """Return whether this process may have a file system of its own."""
    if shutil.which(OWN_MOUNTS[0]) is None:
        return False
    trial = [*OWN_MOUNTS, "mount", "-t", "tmpfs", "none", str(place)]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


@pytest.mark.timeout(3600)
def test_a_full_disk_is_one_sentence_and_loses_no_finished_record(tmp_path):
    disk, cache = tmp_path / "disk", tmp_path / "cache"
    disk.mkdir()
    if not may_mount(disk):
        pytest.skip("this system does not let its users mount a small disk")
    finish(SMALL, tmp_path / "whole", cache)
    expected = results(tmp_path / "whole")
    taken = sum(path.stat().st_blocks for path in (tmp_path / "whole").rglob("*")) / 2  # KiB
    sizes = ",".join(str(max(4, round(share * taken))) for share in (*SHARES, AMPLE))
    script = str(Path(__file__).with_name("small_disk.py"))
    paths = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "tests" / "support")])
    runs = subprocess.run(
        [*OWN_MOUNTS, sys.executable, script, str(disk), sizes, *SMALL],
        env=os.environ | {"PYTHONPATH": paths, "POSEARCH_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    seen = [json.loads(line) for line in runs.stdout.splitlines()]
    kept: dict[str, str] = {}
    for one in seen:
        assert {key: one["finished"].get(key) for key in kept} == kept, one
        kept = one["finished"]
        # One sentence, or one for each experiment that failed.
        assert all(line.startswith(("error: ", "failed: ")) for line in one["errors"]), one
        assert one["code"] == (0 if not one["errors"] else one["code"]), one
    told = [line for one in seen for line in one["errors"]]
    assert any("No space left on device" in line for line in told)
    assert any(0 < len(one["finished"]) < 3 for one in seen)  # it was full in the middle, too
    assert (seen[-1]["code"], seen[-1]["errors"]) == (0, [])
    assert results(tmp_path / "out") == expected
