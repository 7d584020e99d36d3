"""The script behind ``tox -e regression``, on a repository of two functions."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

SCRIPT = Path(__file__).parent / "performance" / "regression.py"


@pytest.fixture
def regression() -> ModuleType:
    spec = importlib.util.spec_from_file_location("regression", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path, regression: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose commit sleeps for 1 ms and whose working tree for 30 ms."""
    root, benchmarks = tmp_path / "repository", tmp_path / "benchmarks"
    root.mkdir()
    benchmarks.mkdir()
    monkeypatch.setattr(regression, "ROOT", root)
    monkeypatch.setattr(regression, "BENCHMARKS", benchmarks)
    git(root, "init", "--quiet")
    work = root / "work_under_test.py"
    work.write_text("import time\ndef old():\n    time.sleep(0.001)\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "first")
    work.write_text("import time\ndef old():\n    time.sleep(0.03)\ndef new():\n    pass\n")
    (benchmarks / "test_old.py").write_text(
        "from work_under_test import old\ndef test_old(benchmark):\n    benchmark(old)\n"
    )
    (benchmarks / "test_new.py").write_text(
        "from work_under_test import new\ndef test_new(benchmark):\n    benchmark(new)\n"
    )
    return root


def test_slower_code_fails_and_new_benchmarks_are_left_out(
    regression: ModuleType, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert regression.main(["HEAD", "--rounds", "1"]) == regression.EXIT_SLOWER
    output = capsys.readouterr().out
    assert "measuring again: test_old" in output
    assert "1 of 1 slower by more than 15%" in output
    assert "left out: HEAD cannot run test_new" in output
    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_nothing_to_compare_is_told(
    regression: ModuleType, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert regression.main(["HEAD", "--rounds", "1", "-k", "new"]) == regression.EXIT_UNUSABLE
    assert "nothing was compared" in capsys.readouterr().err


def test_benchmarks_that_the_working_tree_fails_are_told(
    regression: ModuleType, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "work_under_test.py").write_text("def old():\n    raise OSError('broken')\n")
    assert regression.main(["HEAD", "--rounds", "1"]) == regression.EXIT_UNUSABLE
    error = capsys.readouterr().err
    assert "the working tree fails its own benchmarks" in error
    assert "broken" in error


@pytest.mark.parametrize("revision", ["no-such-revision", "--output=x"])
def test_an_unknown_revision_is_one_sentence(
    regression: ModuleType,
    repository: Path,
    capsys: pytest.CaptureFixture[str],
    revision: str,
) -> None:
    assert regression.main(["--", revision]) == regression.EXIT_UNUSABLE
    error = capsys.readouterr().err
    assert f"git knows no revision '{revision}'" in error
    assert len(error.splitlines()) == 1


def test_medians_are_pooled_before_they_are_compared(regression: ModuleType) -> None:
    base = {"same": [1.0, 1.0, 9.0], "slower": [1.0, 1.0, 1.0], "faster": [2.0]}
    tree = {"same": [1.1, 1.0, 1.1], "slower": [1.2, 0.5, 1.2], "faster": [1.0], "new": [1.0]}
    assert regression.slower(base, tree) == ["slower"]


def test_no_slower_is_success(regression: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert regression.report("HEAD", {"one": [1.0], "gone": [1.0]}, {"one": [1.14]}) == 0
    output = capsys.readouterr().out
    assert "none of 1 is slower" in output
    assert "left out: the working tree has no gone" in output


def test_the_script_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "no-such-revision"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no-such-revision" in done.stderr
