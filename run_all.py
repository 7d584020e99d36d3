"""PoseArch Bench's one door: pick a suite, run what has no record yet, write the report.

python run_all.py --suite blocks
"""

import argparse
import importlib
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ablations import SUITES
from ablations.options import DEVICES, RULES, Options, choose, unknown
from ablations.presets import DEFAULT_PRESET, PRESETS
from bench.problem import Problem

if TYPE_CHECKING:
    from bench.plan import Plan
    from bench.runner import Outcome

_FOLDERS = ("--data-root", "--out")
_MOST_WORKERS = 4  # unasked; each takes one to two gigabytes
DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130  # exit codes; the last is the shell's habit


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say it in one line, without the usage."""
        raise Problem(f"{message}; see --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(_parser().parse_args(words), _noted(words))
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(
            "interrupted: what is finished is kept, and the same command goes on from there",
            file=sys.stderr,
        )
        return INTERRUPTED


def _noted(words: Sequence[str]) -> str:
    """Return the command as records note it: they travel, and this machine's folders do not."""
    noted = ["python", "run_all.py"]
    for word in words:
        flag = word.partition("=")[0]
        if noted[-1] in _FOLDERS:
            noted.append("DIR")
        else:
            noted.append(f"{flag}=DIR" if flag in _FOLDERS and flag != word else word)
    return shlex.join(noted)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(description=__doc__.splitlines()[0], allow_abbrev=False)
    add = parser.add_argument
    add("--suite", default="blocks", help=f"what is compared: {', '.join(SUITES)}")
    add("--preset", default=DEFAULT_PRESET, help=f"how much is run: {', '.join(PRESETS)}")
    add("--data", help=f"the data set; see --list; default: {_default_data()}")
    add("--data-root", type=Path, metavar="DIR", help="folder of a data set on disk")
    add("--device", default="auto", help=", ".join(DEVICES))
    add("--seeds", type=int, metavar="N", help="trainings of each variant")
    add("--blocks", default="*", metavar="PATTERN", help="which blocks, for example 'io*'")
    add("--match", default="params", help=f"what the variants share: {', '.join(RULES)}")
    add("--steps", type=int, metavar="N", help="optimiser steps")
    add("--plugin", type=Path, metavar="FILE", help="a Python file that registers blocks")
    add("--out", type=Path, default=Path("results"), metavar="DIR", help="default: results")
    add("--threads", type=int, metavar="N", help="processor threads; default: all there are")
    add("--workers", type=int, metavar="N", help="experiments at once, which share the threads")
    setting = "any field of train, data or model, for example train.learning_rate=1e-3"
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help=setting)
    doing = parser.add_mutually_exclusive_group()
    add = doing.add_argument
    add("--list", action="store_true", help="show what there is to choose from")
    add("--dry-run", action="store_true", help="show what would run, and for how long")
    add("--report-only", action="store_true", help="rebuild the report from the records")
    checked = "say which records of a folder are broken, which stale, and why"
    add("--check-records", type=Path, metavar="DIR", help=checked)
    again = "run the experiment on record under this key again, and compare the two"
    add("--rerun", metavar="KEY", help=again)
    return parser


def _default_data() -> str:
    """Return each default data set with the suites whose own it is."""
    suites: dict[str, list[str]] = {}
    for name, suite in SUITES.items():
        suites.setdefault(suite.data, []).append(name)
    return "; ".join(f"{data} for {', '.join(names)}" for data, names in suites.items())


def _run(chosen: argparse.Namespace, command: str) -> int:
    if chosen.check_records is not None:
        return _check_records(chosen)
    if chosen.rerun is not None:
        return _rerun(chosen, command)
    if chosen.suite not in SUITES:
        raise unknown("suite", chosen.suite, SUITES)
    folder = chosen.out / chosen.suite
    if chosen.report_only:
        return _report_only(chosen.suite, folder)
    options = _options(chosen)
    if chosen.list:
        return _list(chosen.suite)
    plan: Plan = importlib.import_module(f"ablations.{chosen.suite}").plan(options)
    threads = _threads(chosen.threads)
    workers = _workers(chosen.workers, threads, plan)
    if chosen.dry_run:
        from ablations.dry_run import show_plan

        show_plan(plan, folder / "records", threads, workers)
        return DONE
    outcomes = _bring(plan, folder, chosen, threads, workers, command)
    failures = [one for one in outcomes if one.reason]
    for one in failures:
        print(f"failed: {one.title}: {one.reason}", file=sys.stderr)
    return FAILED if failures else DONE


def _options(chosen: argparse.Namespace) -> Options:
    options = Options(
        preset=chosen.preset,
        data=SUITES[chosen.suite].data if chosen.data is None else chosen.data,
        data_root=chosen.data_root,
        device=chosen.device,
        seeds=chosen.seeds,
        blocks=chosen.blocks,
        match=chosen.match,
        steps=chosen.steps,
        settings=tuple(chosen.set),
    )
    choose(options, SUITES[chosen.suite].presets)  # before torch is imported
    if chosen.plugin is None:
        return options
    from bench.plugin import load_plugin

    plugin = load_plugin(chosen.plugin)
    return replace(options, plugin=plugin.digest, plugin_blocks=plugin.blocks)


def _threads(asked: int | None) -> int:
    if asked is not None and asked < 1:
        raise Problem(f"--threads must be at least 1, not {asked}")
    if asked is None and hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))  # what this process may use; not on every system
    return asked or os.cpu_count() or 1


def _workers(asked: int | None, threads: int, plan: "Plan") -> int:
    """Return how many experiments run at once.

    Two workers of one thread each trained 1.4 times as many images a second as one worker of two
    threads. One worker more than threads keeps all of them busy when the last experiments are
    fewer than threads: five blocks on two threads then wait for no round that is half empty. But
    each holds the data, and a GPU is best left to one.
    """
    if asked is not None and asked < 1:
        raise Problem(f"--workers must be at least 1, not {asked}")
    on_gpu = any(one.train.device == "cuda" for one in plan.experiments)
    return asked or (1 if on_gpu or threads == 1 else min(threads + 1, _MOST_WORKERS))


def _list(suite: str) -> int:
    from bench.data.datasets import DATASET_NAMES
    from models import list_blocks, list_pipelines

    questions = {name: one.question for name, one in SUITES.items()}
    purposes = {name: preset.purpose for name, preset in SUITES[suite].presets.items()}
    for kind, entries in (("suites", questions), (f"presets of suite {suite}", purposes)):
        print(f"{kind}:")
        for name, text in entries.items():
            print(f"  {name:<12} {text}")
    print(f"data sets: {', '.join(DATASET_NAMES)}")
    print(f"blocks: {', '.join(list_blocks())}")
    print(f"pipelines: {', '.join(list_pipelines())}")
    return DONE


def _report_only(suite: str, folder: Path) -> int:
    from ablations.plan import stored_plan

    plan = stored_plan(folder)
    if not plan.experiments:
        raise Problem(f"{folder / 'records'} holds no record to report; run the suite first")
    _report(suite, folder, plan)
    return DONE


def _bring(
    plan: "Plan",
    folder: Path,
    chosen: argparse.Namespace,
    threads: int,
    workers: int,
    command: str,
) -> "list[Outcome]":
    """Bring every experiment of the plan to a record, and write the report."""
    from ablations.plan import save_plan, sizes
    from bench.prepare import prepare_data
    from bench.progress import open_progress
    from bench.runner import Setting, only_run, pending, run

    records = folder / "records"
    with only_run(records) as lock:
        setting = Setting(
            folder=records,
            data_root=chosen.data_root,
            plugin=chosen.plugin.resolve() if chosen.plugin else None,
            threads=threads,
            workers=workers,
            command=command,
            lock=lock,
        )
        if plan.matches:
            print(sizes(plan))
        waiting, training = pending(plan, setting)
        if waiting:
            prepare_data(plan, chosen.data_root)
        save_plan(folder, plan)
        with open_progress(waiting, training, workers) as progress:
            outcomes = run(plan, setting, progress)
        kept = sum(outcome.status == "kept" for outcome in outcomes)
        if kept:
            print(f"{kept} of {len(outcomes)} experiments were on record already")
        _report(chosen.suite, folder, plan)
    return outcomes


def _check_records(chosen: argparse.Namespace) -> int:
    from bench.audit.check import check_records

    check = check_records(chosen.check_records, chosen.data_root, chosen.plugin)
    for finding in check.findings:
        print(finding)
    print(check.summary)
    return DONE if check.is_sound else FAILED


def _rerun(chosen: argparse.Namespace, command: str) -> int:
    from bench.audit.rerun import find_record, rerun
    from bench.audit.side_by_side import side_by_side, verdict

    filed = find_record(chosen.rerun, chosen.out)
    *needed, asked = rerun(
        filed,
        chosen.out,
        root=chosen.data_root,
        plugin=chosen.plugin,
        threads=None if chosen.threads is None else _threads(chosen.threads),
        command=command,
    )
    for one in needed:
        print(f"needed first: {one.before.title}: {verdict(one.before.record, one.after.record)}")
    print(f"{asked.before.title}: {asked.before.folder} beside {asked.after.folder}")
    print(side_by_side(asked.before.record, asked.after.record))
    return DONE if asked.after.record["status"] == "done" else FAILED


def _report(suite: str, folder: Path, plan: "Plan") -> None:
    writer = importlib.import_module(f"reports.{suite}")
    try:
        written = writer.write_report(folder, plan)
    except OSError as error:
        raise Problem(
            f"cannot write the report into {folder} ({error.strerror}); mend that, then run with "
            "--report-only"
        ) from error
    for path in written:
        print(path)


if __name__ == "__main__":
    sys.exit(main())
