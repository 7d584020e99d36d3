"""Experiments to records: what is done is kept, the rest runs, each in a process of its own.

A worker that dies takes nothing with it but its experiment, and a run that dies takes its workers
along. Records are the only state, so running again is how one goes on.
"""

import shutil
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.jobs import Job
from bench.plan import Plan
from bench.problem import Problem
from bench.records import Record, read_record, write_record
from bench.running.crew import Crew
from bench.running.failures import cause_of_death
from bench.running.kept_records import kept, note_match, timed
from bench.running.progress import Progress
from bench.running.titles import title_of
from bench.running.worker import FAILURE_LOG, Task, unmeasured
from bench.training.checkpoints import FOLDER as CHECKPOINT_FOLDER
from bench.training.checkpoints import forget

if TYPE_CHECKING:
    from bench.running.cluster import Cluster
    from bench.running.team import Team, TeamCrew

    AnyCrew = Crew | Cluster | TeamCrew


@dataclass(frozen=True)
class Outcome:
    """What became of a job: "kept" (its record stood already), "done" or "failed" and why."""

    job: Job
    status: str
    reason: str

    @property
    def title(self) -> str:
        """How the job is called in lines for people."""
        return title_of(self.job)


@dataclass(frozen=True)
class Setting:
    """What all jobs of a run share.

    Attributes:
        folder: of all records.
        data_root: the folder of a data set on disk.
        plugin: the user's file.
        threads: of the processor, for all workers together, or for each where they are apart.
        workers: experiments that run at once; a timing runs alone.
        command: that started the run, for the records.
        lock: what ``only_run`` yielded; workers hold it too, until they are gone.
        deterministic: a GPU, too, has to give the same bits each time.
        apart: the workers are on other machines and do not share the threads of this one.
    """

    folder: Path
    data_root: Path | None
    plugin: Path | None
    threads: int
    workers: int
    command: str
    lock: int
    deterministic: bool = False
    apart: bool = False

    @property
    def share(self) -> int:
        """The threads of one worker among others.

        Fixed by the setting alone, not by how much is left to do: the number of threads decides
        the order of sums, and a run that goes on must do what an undisturbed one does.
        """
        return self.threads if self.apart else max(1, self.threads // self.workers)


def pending(plan: Plan, setting: Setting) -> tuple[int, int]:
    """Return how many jobs ``run`` has to run, and how many of them train."""

    def lacks(job: Job) -> bool:
        return kept(job, setting.folder, setting.threads, setting.deterministic) is None

    missing = [one for one in plan.steps() if lacks(one.experiment)]
    training = sum(not one.trained_by for one in missing)
    rest: list[Job] = [
        *plan.ceilings,
        *plan.spectra,
        *plan.fields,
        *plan.gates,
        *plan.annotations,
        *plan.stages,
    ]
    waiting = len(missing) + sum(map(lacks, rest))
    timing = timed(plan.latency, setting.folder) if plan.latency else None
    again = plan.latency is not None and (waiting > 0 or (timing is not None and lacks(timing)))
    return waiting + again, training


def run(
    plan: Plan, setting: Setting, progress: Progress, cluster: "Cluster | Team | None" = None
) -> list[Outcome]:
    """Bring every job to a record: trainings, what needs their weights, and then the timings.

    A failure is filed with its reason and does not stop the others; it is tried again by the
    next run.

    Args:
        plan: the jobs.
        setting: what they share.
        progress: is told how far they are.
        cluster: who does them; None for workers of this machine alone.

    Raises:
        Problem: the records folder cannot be written.
        KeyboardInterrupt: after the running workers were stopped; what is finished is kept.
    """
    share = setting.share
    crew = Crew(setting.lock) if cluster is None else cluster.crew(setting.lock)

    def task(job: Job, threads: int, trained_by: str = "") -> Task:
        match = dict(plan.matches.get(job.key, {}))
        return Task(
            job,
            setting.folder,
            setting.data_root,
            setting.plugin,
            threads,
            match,
            trained_by,
            setting.command,
            setting.deterministic,
        )

    def submit(one: Task) -> Future[Outcome]:
        return pool.submit(_bring, one, setting, crew, progress)

    # Each with the keys of what it waits for.
    waiting = [
        *((task(one.experiment, share, one.trained_by), {*one.after}) for one in plan.steps()),
        *((task(one, share), {one.experiment.key}) for one in plan.fields),
        *((task(one, share), {one.experiment.key}) for one in plan.gates),
        *((task(one, share), {one.annotator.key}) for one in plan.annotations),
    ]
    outcomes: list[Outcome] = []

    def begin() -> set[Future[Outcome]]:
        """Start what waits for nothing any more."""
        over = {one.job.key for one in outcomes}
        due = [one for one in waiting if one[1] <= over]
        for one in due:
            waiting.remove(one)
        return {submit(one) for one, _ in due}

    with ThreadPoolExecutor(setting.workers) as pool:
        try:
            untrained: list[Job] = [*plan.ceilings, *plan.spectra]
            running = begin() | {submit(task(job, share)) for job in untrained}
            while running:
                over, running = wait(running, return_when=FIRST_COMPLETED)
                for outcome in (one.result() for one in over):
                    outcomes.append(outcome)
                    running |= begin()
            timing = timed(plan.latency, setting.folder) if plan.latency else None
            for alone in ([timing] if timing else []) + list(plan.stages):
                outcomes.append(submit(task(alone, setting.threads)).result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            crew.stop()
            raise
    return _in_order(plan, outcomes)


def _in_order(plan: Plan, outcomes: list[Outcome]) -> list[Outcome]:
    """Return the outcomes of the plan's experiments as it lists them, and then the others."""
    order = {one.key: place for place, one in enumerate(plan.experiments)}
    return sorted(outcomes, key=lambda one: order.get(one.job.key, len(order)))


def _bring(task: Task, setting: Setting, crew: "AnyCrew", progress: Progress) -> Outcome:
    job = task.job
    record = kept(job, setting.folder, setting.threads, setting.deterministic)
    try:
        if record is not None:
            note_match(setting.folder, record, task.match)
            _tidy(setting.folder / job.key)
            return Outcome(job, "kept", "")
        progress.begin(job.key, title_of(job))
        record = _perform(task, crew, progress)
    except OSError as error:
        why = error.strerror or error
        raise Problem(f"cannot write {setting.folder / job.key}: {why}") from error
    failed = record["status"] != "done"
    progress.end(job.key, f"failed: {record['reason']}" if failed else "done")
    return Outcome(job, record["status"], record["reason"])


def _perform(task: Task, crew: "AnyCrew", progress: Progress) -> Record:
    """Run the worker to its end and return the record it left, or else one of its death."""

    def tell(event: dict[str, Any]) -> None:
        if "note" in event:
            print(f"{title_of(task.job)}: {event['note']}", file=sys.stderr)
        progress.update(task.job.key, event)

    place = task.folder / task.job.key
    place.mkdir(parents=True, exist_ok=True)
    _clear(place)
    log = place / FAILURE_LOG
    started, clock = datetime.now(UTC), time.monotonic()
    with log.open("wb") as errors:
        code = crew.perform(task, errors.fileno(), tell)
    record, _ = read_record(task.folder, task.job.key)
    if record is None:
        seconds = time.monotonic() - clock
        write_record(task.folder, unmeasured(task, cause_of_death(code, log), started, seconds))
        record, reason = read_record(task.folder, task.job.key)
        if record is None:
            raise OSError(reason)
    if record["status"] == "done":
        _tidy(place)
    return record


def _clear(place: Path) -> None:
    """Remove what an earlier worker left, but for the checkpoint that its training goes on from."""
    for one in place.iterdir():
        if one.name == CHECKPOINT_FOLDER:
            continue
        if one.is_dir():
            shutil.rmtree(one)
        else:
            one.unlink()


def _tidy(place: Path) -> None:
    """Remove what a finished record needs no more."""
    (place / FAILURE_LOG).unlink(missing_ok=True)
    forget(place)
