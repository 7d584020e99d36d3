import json
import os
import platform
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from bench import environment
from bench.environment import describe_environment, has_bf16


def test_it_is_plain_json_and_says_what_runs_here() -> None:
    described = json.loads(json.dumps(describe_environment(), allow_nan=False))
    assert described["python"] == platform.python_version()
    assert described["torch"] == torch.__version__
    assert described["numpy"] == np.__version__
    assert described["threads"] == torch.get_num_threads()
    assert described["cores"] >= 1
    assert described["processor"]
    assert (described["gpu"] is None) == (not torch.cuda.is_available())
    assert described["fvcore"][0].isdigit() and described["pycocotools"][0].isdigit()


def test_it_names_neither_host_nor_user_nor_folder() -> None:
    described = describe_environment()
    own = [str(value) for key, value in described.items() if key not in ("processor", "os", "gpu")]
    words = {platform.node(), os.environ.get("USER", ""), str(Path.cwd()), str(Path(os.sep))}
    assert not [word for word in words if word and any(word in value for value in own)]


# Abridged from the kernel's own files: AMD Zen 4, AMD Zen 3, Sapphire Rapids, Neoverse V1 and N1.
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512_bf16 avx512vbmi", True),
        ("flags\t\t: fpu sse4_2 avx avx2 vaes", False),
        ("flags\t\t: fpu avx512f amx_bf16 amx_tile amx_int8", True),
        ("Features\t: fp asimd sve svebf16 i8mm bf16 dgh", True),
        ("Features\t: fp asimd crc32 atomics asimddp", False),
    ],
)
def test_bf16_is_read_from_the_processors_flags(
    line: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n{line}\n")
    monkeypatch.setattr(environment, "_PROCESSOR_FILE", tmp_path / "cpuinfo")
    assert has_bf16("cpu") is expected
    assert describe_environment()["processor"] == "Some CPU @ 2 GHz"


def test_a_system_without_that_file_is_described_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "_PROCESSOR_FILE", tmp_path / "absent")
    described = describe_environment()
    assert described["processor"]
    assert described["bf16"] in (True, False)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *identity, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_commit_and_changes_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):  # a hook's, which would win
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(environment, "_CHECKOUT", tmp_path)

    def commit() -> tuple[str, bool | None]:
        described = describe_environment()
        return described["commit"], described["dirty"]

    assert commit() == ("unknown", None)  # no repository
    git(tmp_path, "init", "-q")
    assert commit() == ("unknown", None)  # nothing committed
    (tmp_path / "file").write_text("1")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-q", "-m", "one")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert commit() == (head, False)
    (tmp_path / "out.csv").write_text("a run's own output")
    assert commit() == (head, False)
    (tmp_path / "block.py").write_text("new code")
    assert commit() == (head, True)
    (tmp_path / "block.py").unlink()
    (tmp_path / "file").write_text("2")
    assert commit() == (head, True)
    (tmp_path / "installed").mkdir()
    monkeypatch.setattr(environment, "_CHECKOUT", tmp_path / "installed")
    assert commit() == ("unknown", None)  # a copy inside someone else's repository
