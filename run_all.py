"""PoseArch Bench's one door: pick a suite, run what has no record yet, write the report.

python run_all.py --suite blocks
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ablations import COLLECTIONS, SUITES
from ablations.choices import choices
from ablations.command_line import noted, options_of, parser_of
from ablations.options import unknown
from bench.problem import Problem
from bench.running.executor import open_executor
from bench.running.launch import launch_of
from bench.running.resources import on_gpu, threads_of, workers_of

if TYPE_CHECKING:
    from bench.plan import Plan
    from bench.runner import Outcome
    from bench.running.cluster import Cluster
    from bench.running.team import Team

_PARTICULARS = {"data", "data_root", "blocks", "match", "plugin", "set"}
#: What reads records, with the options that it heeds: all others are in the records.
_HEEDED = {
    "check_records": ("data_root", "plugin"),
    "rerun": ("data_root", "plugin", "out", "threads"),
}
_CLAIMS = "claims"
DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130  # exit codes; the last is the shell's habit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        launch = launch_of(os.environ)
        if launch is None:
            return _run(_parser().parse_args(words), noted(words), None)
        from bench.running.member import follow
        from bench.running.team import open_team

        if launch.rank:
            follow(launch)  # it says nothing, for all have the same to say
            return DONE
        with open_team(launch) as team:
            return _run(_parser().parse_args(words), noted(words, launch.starter), team)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(
            "interrupted: what is finished is kept, and the same command goes on from there",
            file=sys.stderr,
        )
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    return parser_of(__doc__.splitlines()[0])


def _run(chosen: argparse.Namespace, command: str, team: "Team | None") -> int:
    if chosen.check_records is not None:
        _refuse_others(chosen, "check_records")
        return _check_records(chosen)
    if chosen.rerun is not None:
        if team is not None:
            raise Problem("--rerun runs an experiment in one process; leave torchrun out")
        _refuse_others(chosen, "rerun")
        return _rerun(chosen, command)
    if chosen.suite in COLLECTIONS:
        return _run_each(chosen, command, team)
    return _run_suite(chosen, command, team)


def _run_suite(chosen: argparse.Namespace, command: str, team: "Team | None") -> int:
    if chosen.suite not in SUITES:
        raise unknown("suite", chosen.suite, [*SUITES, *COLLECTIONS])
    folder = chosen.out / chosen.suite
    if chosen.report_only:
        return _report_only(chosen.suite, folder)
    if chosen.power:
        return _power(folder)
    options = options_of(chosen)
    if chosen.list:
        return _list(chosen.suite)
    with open_executor(chosen.executor, chosen.scheduler, team) as cluster:
        plan = importlib.import_module(f"ablations.{chosen.suite}").plan(options)
        if team is not None:
            team.check(plan, chosen.workers)
        return _run_plan(plan, folder, chosen, command, cluster)


def _run_plan(
    plan: "Plan",
    folder: Path,
    chosen: argparse.Namespace,
    command: str,
    cluster: "Cluster | Team | None",
) -> int:
    threads = threads_of(chosen.threads, cluster)
    workers = workers_of(chosen.workers, threads, plan, cluster)
    if chosen.deterministic and not on_gpu(plan):
        raise Problem(
            "--deterministic is for a GPU; a processor gives the same bits for the same seed and "
            "threads without it, so leave it out"
        )
    if chosen.dry_run:
        from ablations.dry_run import show_plan

        together = threads * workers if cluster else threads
        show_plan(plan, folder / "records", together, workers)
        return DONE
    outcomes = _bring(plan, folder, chosen, threads, workers, command, cluster)
    failures = [one for one in outcomes if one.reason]
    for one in failures:
        print(f"failed: {one.title}: {one.reason}", file=sys.stderr)
    return FAILED if failures else DONE


def _run_each(chosen: argparse.Namespace, command: str, team: "Team | None") -> int:
    """Run the suites of a collection one after the other, and report on the claims."""
    _refuse_particulars(chosen)
    if chosen.list:
        return _list(COLLECTIONS[chosen.suite].suites[0])
    codes = []
    reads_only = chosen.report_only or chosen.power
    for name in COLLECTIONS[chosen.suite].suites:
        if reads_only and not any((chosen.out / name / "records").glob("*")):
            continue  # one that never ran
        print(f"suite {name}", flush=True)
        one = argparse.Namespace(**(vars(chosen) | {"suite": name}))
        codes.append(_run_suite(one, command, team))
    if not (chosen.dry_run or chosen.power):
        from bench.plan import Plan

        _report(_CLAIMS, chosen.out / _CLAIMS, Plan(()))
    return max(codes, default=DONE)


def _refuse_particulars(chosen: argparse.Namespace) -> None:
    """Refuse what suits some of a collection's suites and not others.

    Raises:
        Problem: such an option is given.
    """
    for name in _given(chosen):
        if name in _PARTICULARS:
            raise Problem(
                f"--suite {chosen.suite} runs suites of which not all take {_flag(name)}; leave it "
                "out, or run the one that does by itself"
            )


def _refuse_others(chosen: argparse.Namespace, doing: str) -> None:
    """Refuse what would change nothing.

    Raises:
        Problem: such an option is given.
    """
    for name in _given(chosen):
        if name != doing and name not in _HEEDED[doing]:
            from reports.text.words import listed

            heeded = listed([*map(_flag, _HEEDED[doing])])
            raise Problem(
                f"{_flag(doing)} goes by what is on record, and by {heeded}; leave {_flag(name)} "
                "out"
            )


def _given(chosen: argparse.Namespace) -> list[str]:
    """Return the options that are not as they are where nobody gives them."""
    usual = vars(_parser().parse_args([]))
    return [name for name, value in vars(chosen).items() if value != usual[name]]


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _list(suite: str) -> int:
    for line in choices(suite):
        print(line)
    return DONE


def _report_only(suite: str, folder: Path) -> int:
    _report(suite, folder, _stored(folder))
    return DONE


def _power(folder: Path) -> int:
    from reports.power import power_report

    print(power_report(folder, _stored(folder)))
    return DONE


def _stored(folder: Path) -> "Plan":
    from ablations.plan import stored_plan

    plan = stored_plan(folder)
    if not plan.experiments:
        raise Problem(f"{folder / 'records'} holds no record to report; run the suite first")
    return plan


def _bring(
    plan: "Plan",
    folder: Path,
    chosen: argparse.Namespace,
    threads: int,
    workers: int,
    command: str,
    cluster: "Cluster | Team | None",
) -> "list[Outcome]":
    """Bring every experiment of the plan to a record, and write the report."""
    from ablations.plan import save_plan, sizes
    from bench.runner import Setting, pending, run
    from bench.running.prepare import prepare_data
    from bench.running.progress import open_progress
    from bench.running.run_lock import only_run

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
            deterministic=chosen.deterministic,
            apart=cluster is not None,
        )
        if plan.matches:
            print(sizes(plan))
        waiting, training = pending(plan, setting)
        if waiting:
            prepare_data(plan, chosen.data_root)
        save_plan(folder, plan)
        with open_progress(waiting, training, workers) as progress:
            outcomes = run(plan, setting, progress, cluster)
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
        threads=None if chosen.threads is None else threads_of(chosen.threads),
        command=command,
    )
    for one in needed:
        print(f"needed first: {one.before.title}: {verdict(one.before.record, one.after.record)}")
    print(f"{asked.before.title}: {asked.before.folder} beside {asked.after.folder}")
    print(side_by_side(asked.before.record, asked.after.record))
    return DONE if asked.after.record["status"] == "done" else FAILED


def _report(suite: str, folder: Path, plan: "Plan") -> None:
    from reports.html.index import write_index

    writer = importlib.import_module(f"reports.suites.{suite}")
    try:
        written = [*writer.write_report(folder, plan), write_index(folder.parent)]
    except OSError as error:
        raise Problem(
            f"cannot write the report into {folder} ({error.strerror}); mend that, then run with "
            "--report-only"
        ) from error
    for path in written:
        print(path)


if __name__ == "__main__":
    sys.exit(main())
