"""Is the working tree slower than another revision? ``tox -e regression -- REV`` answers it.

The working tree's benchmarks are run against both code bases in turn, several rounds in one job,
so that a machine that slows down or speeds up does so for both. What looks slower is measured
again before it is called slower.

Exit status: 0 nothing is slower, 1 something is slower, 2 no comparison could be made.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = Path(__file__).resolve().parent
ALLOWED = 0.15  # share by which a median may be slower: above the noise of a quiet machine
ROUNDS = 4  # for each code base; their order alternates from round to round
EXIT_SLOWER, EXIT_UNUSABLE = 1, 2

#: Seconds by benchmark name, one median a round.
Medians = dict[str, list[float]]


class ComparisonError(Exception):
    """No comparison can be made; the message is one sentence for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the working tree with a revision; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("revision", metavar="REV", help="a commit, tag or branch to compare with")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default: {ROUNDS}")
    parser.add_argument("-k", dest="keyword", default="", help="pytest's -k: only these benchmarks")
    options = parser.parse_args(arguments)
    try:
        return _compare(options.revision, options.rounds, options.keyword)
    except ComparisonError as problem:
        print(problem, file=sys.stderr)
        return EXIT_UNUSABLE


def _compare(revision: str, rounds: int, keyword: str) -> int:
    commit = resolve(revision)
    with tempfile.TemporaryDirectory(prefix="regression-") as temporary:
        scratch = Path(temporary)
        benchmarks = scratch / "benchmarks"
        benchmarks.mkdir()
        # A copy away from the repository: no conftest.py or pyproject.toml of either code base
        # then decides how the benchmarks are run.
        for file in BENCHMARKS.glob("test_*.py"):
            shutil.copy(file, benchmarks)
        with worktree(commit, scratch / "base") as base_root:
            bases = {revision: base_root, "working tree": ROOT}
            medians = measure(bases, benchmarks, rounds, keyword)
            base, tree = medians[revision], medians["working tree"]
            suspects = [name for name in slower(base, tree) if name in base]
            if suspects:
                print(f"measuring again: {', '.join(suspects)}", flush=True)
                chosen = " or ".join(sorted({_function(name) for name in suspects}))
                again = measure(bases, benchmarks, rounds, chosen)
                for name in suspects:
                    base[name] += again[revision].get(name, [])
                    tree[name] += again["working tree"].get(name, [])
    return report(revision, base, tree)


def resolve(revision: str) -> str:
    """Return the full commit id of ``revision``.

    Raises:
        ComparisonError: git does not know it.
    """
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode != 0:
        raise ComparisonError(
            f"git knows no revision '{revision}'; name a commit, tag or branch of this repository"
        )
    return found.stdout.strip()


@contextmanager
def worktree(commit: str, folder: Path) -> Iterator[Path]:
    """Check ``commit`` out into ``folder`` for as long as the context lasts.

    Raises:
        ComparisonError: git cannot make the worktree.
    """
    added = _git("worktree", "add", "--detach", str(folder), commit)
    if added.returncode != 0:
        raise ComparisonError(f"git cannot check out {commit}: {added.stderr.strip()}")
    try:
        yield folder
    finally:
        _git("worktree", "remove", "--force", str(folder))


def measure(
    bases: dict[str, Path], benchmarks: Path, rounds: int, keyword: str
) -> dict[str, Medians]:
    """Run the benchmarks against every code base in turn; return the medians of each."""
    medians: dict[str, Medians] = {label: {} for label in bases}
    for index in range(rounds):
        order = list(bases) if index % 2 == 0 else list(reversed(bases))
        for label in order:
            print(f"round {index + 1} of {rounds}: {label}", flush=True)
            for name, median in _run(bases[label], benchmarks, keyword).items():
                medians[label].setdefault(name, []).append(median)
    return medians


def _run(code: Path, benchmarks: Path, keyword: str) -> dict[str, float]:
    """Run the benchmarks once with the packages of ``code``; return seconds by name.

    What the code base cannot import or run is absent from the result.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "benchmark.json"
        command = [sys.executable, "-m", "pytest", str(benchmarks), "--rootdir", str(benchmarks)]
        command += ["-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
        command += ["-c", os.devnull, "-k", keyword, f"--benchmark-json={output}"]
        # Short and many: rounds of processes average over more of the machine's moods.
        command += ["--benchmark-max-time=0.4", "--benchmark-min-rounds=7"]
        environment = os.environ | {"PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1"}
        # Inside a parallel test run, pytest-benchmark would take itself for a part of it and rest.
        environment.pop("PYTEST_XDIST_WORKER", None)
        finished = subprocess.run(
            command, cwd=code, env=environment, capture_output=True, text=True, check=False
        )
        if code == ROOT and finished.returncode != 0:
            raise ComparisonError(
                "the working tree fails its own benchmarks; pytest said:\n"
                + (finished.stdout + finished.stderr).strip()[-2000:]
            )
        if not output.exists() or not output.stat().st_size:
            return {}
        found = json.loads(output.read_text())["benchmarks"]
    return {one["name"]: one["stats"]["median"] for one in found}


def slower(base: Medians, tree: Medians) -> list[str]:
    """Return the names whose pooled median grew by more than ``ALLOWED``."""
    return [name for name in base if name in tree and _ratio(base, tree, name) > 1 + ALLOWED]


def report(revision: str, base: Medians, tree: Medians) -> int:
    """Print the table and the verdict; return the exit status.

    Raises:
        ComparisonError: there is no benchmark that both code bases run.
    """
    shared = sorted(name for name in base if name in tree)
    worse = set(slower(base, tree))
    if shared:
        width = max(len(name) for name in shared)
        print(f"\n{'benchmark':<{width}}  {revision[:12]:>12}  {'working tree':>12}  {'change':>7}")
    for name in shared:
        change = 100 * (_ratio(base, tree, name) - 1)
        print(
            f"{name:<{width}}  {_milliseconds(base[name]):>12}  {_milliseconds(tree[name]):>12}  "
            f"{change:>+6.1f}%{'  SLOWER' if name in worse else ''}"
        )
    for name in sorted(tree.keys() - base.keys()):
        print(f"left out: {revision} cannot run {name}")
    for name in sorted(base.keys() - tree.keys()):
        print(f"left out: the working tree has no {name}")
    if not shared:
        raise ComparisonError(f"nothing was compared: {revision} can run none of these benchmarks")
    if worse:
        print(f"\n{len(worse)} of {len(shared)} slower by more than {ALLOWED:.0%}")
        return EXIT_SLOWER
    print(f"\nnone of {len(shared)} is slower by more than {ALLOWED:.0%}")
    return 0


def _ratio(base: Medians, tree: Medians, name: str) -> float:
    return statistics.median(tree[name]) / statistics.median(base[name])


def _milliseconds(medians: list[float]) -> str:
    return f"{1000 * statistics.median(medians):.3f} ms"


def _function(name: str) -> str:
    return name.split("[", 1)[0]


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False
    )


if __name__ == "__main__":
    sys.exit(main())
