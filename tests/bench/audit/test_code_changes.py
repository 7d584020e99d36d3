import shutil
import subprocess

import pytest

from bench.audit.code_changes import changes_since
from bench.environment import UNKNOWN

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def checkout(tmp_path):
    """A checkout with one commit: a file in models/, one in bench/, one in neither."""

    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(tmp_path), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    for room in ("models", "bench", "reports"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "one.py").write_text("a = 1\n")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    return tmp_path, git("rev-parse", "HEAD")


def test_nothing_changed_is_nothing_to_say(checkout):
    folder, commit = checkout
    (folder / "reports" / "one.py").write_text("a = 2\n")
    (folder / "models" / "notes.txt").write_text("no code")
    assert changes_since(commit, False, folder) == []


def test_changed_removed_and_new_files_are_counted_by_room(checkout):
    folder, commit = checkout
    (folder / "models" / "one.py").write_text("a = 1\nb = 2\nc = 3\n")
    (folder / "models" / "new.py").write_text("d = 4\n")
    (folder / "bench" / "one.py").unlink()
    short = commit[:7]
    assert changes_since(commit, False, folder) == [
        f"since commit {short} 2 source files under models/ changed (+3 -0 lines): one.py, new.py; "
        f"git diff --stat {short} -- models",
        f"since commit {short} 1 source file under bench/ changed (+0 -1 lines): one.py; "
        f"git diff --stat {short} -- bench",
    ]


def test_the_most_changed_files_are_named_and_the_others_counted(checkout):
    folder, commit = checkout
    for lines in range(1, 8):
        (folder / "models" / f"new{lines}.py").write_text("a = 1\n" * lines)
    (told,) = changes_since(commit, False, folder)
    assert "7 source files" in told
    assert "new7.py, new6.py, new5.py, new4.py, new3.py and 2 more" in told


def test_a_dirty_or_unknown_commit_is_said(checkout):
    folder, commit = checkout
    assert changes_since(commit, True, folder) == [
        f"it was made from files that differ from their commit {commit[:7]}"
    ]
    (told,) = changes_since("0" * 40, False, folder)
    assert "its commit 0000000 is unknown here" in told
    (told,) = changes_since(UNKNOWN, None, folder)
    assert "names no commit" in told


def test_a_copy_inside_another_checkout_knows_nothing(checkout):
    folder, commit = checkout
    (told,) = changes_since(commit, False, folder / "models")
    assert "without a git checkout nobody can know" in told


def test_without_git_nothing_is_known(checkout, monkeypatch):
    folder, commit = checkout
    monkeypatch.setenv("PATH", "")
    (told,) = changes_since(commit, False, folder)
    assert "without a git checkout nobody can know" in told
