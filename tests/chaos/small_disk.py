"""Runs the command line on a disk of its own that grows from run to run; prints what it saw.

``unshare -rm python small_disk.py DISK KIB[,KIB...] WORD...``: DISK, an empty folder, becomes the
place of a file system in memory that this process alone sees. A line of JSON a run.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from killed_runs import REPOSITORY, finished


def main() -> None:
    """Run with each size, and leave the results beside the disk."""
    disk, sizes, words = Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3:]
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", disk], check=True)
    for size in sizes:
        subprocess.run(["mount", "-o", f"remount,size={size}k", disk], check=True)
        command = [sys.executable, REPOSITORY / "run_all.py", *words, "--out", disk / "out"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        seen = {"size": int(size), "code": run.returncode, "errors": run.stderr.splitlines()}
        print(json.dumps(seen | {"finished": finished(disk / "out")}), flush=True)
    shutil.copytree(disk / "out", disk.with_name("out"))


if __name__ == "__main__":
    main()
