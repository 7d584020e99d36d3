"""Experiments to records: what is done is kept, the rest runs, each in a process of its own.

A worker that dies takes nothing with it but its experiment, and a run that dies takes its workers
along. Records are the only state, so running again is how one goes on.
"""

import fcntl
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.crew import Crew
from bench.experiment import (
    CeilingExperiment,
    Experiment,
    FieldExperiment,
    Job,
    LatencyExperiment,
    SpectrumExperiment,
    StageExperiment,
)
from bench.plan import Plan
from bench.problem import Problem
from bench.progress import Progress
from bench.records import Record, read_record, write_record
from bench.worker import FAILURE_LOG, Task, outline

# A killed run's worker notices within moments; a run that is alive holds on for longer.
_LOCK_SECONDS = 5.0


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
        threads: of the processor, for all workers together.
        workers: experiments that run at once; a timing runs alone.
        command: that started the run, for the records.
        lock: what ``only_run`` yielded; workers hold it too, until they are gone.
    """

    folder: Path
    data_root: Path | None
    plugin: Path | None
    threads: int
    workers: int
    command: str
    lock: int


@contextmanager
def only_run(folder: Path) -> Iterator[int]:
    """Hold the results folder for this run alone; yield the lock's file descriptor.

    The lock belongs to the processes that hold it, so it cannot be left behind.

    Raises:
        Problem: another run holds it, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("a")
    except OSError as error:
        raise Problem(
            f"cannot write the results folder {folder} ({error.strerror}); choose another --out"
        ) from error
    with file:
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Problem(
                        f"another run is writing to {folder}; wait for it, or choose another --out"
                    ) from None
                time.sleep(0.1)
        yield file.fileno()


def standing(folder: Path, job: Job) -> Record | None:
    """Return the trusted record of a finished job; None where it must be run."""
    record, _ = read_record(folder, job.key)
    return record if record is not None and record["status"] == "done" else None


def timed(latency: LatencyExperiment, folder: Path) -> LatencyExperiment | None:
    """Return ``latency`` of the first finished seed of each variant; None where there is none.

    The seeds of a variant are one and the same network to a clock.
    """
    first: dict[str, Experiment] = {}
    for experiment in latency.experiments:
        if experiment.variant not in first and standing(folder, experiment):
            first[experiment.variant] = experiment
    return replace(latency, experiments=tuple(first.values())) if first else None


def pending(plan: Plan, setting: Setting) -> tuple[int, int]:
    """Return how many jobs ``run`` has to run, and how many of them train."""
    missing = [one for one in plan.steps() if _kept(one.experiment, setting) is None]
    training = sum(not one.trained_by for one in missing)
    rest: list[Job] = [*plan.ceilings, *plan.spectra, *plan.fields, *plan.stages]
    waiting = len(missing) + sum(_kept(job, setting) is None for job in rest)
    timing = timed(plan.latency, setting.folder) if plan.latency else None
    again = plan.latency is not None and (
        waiting > 0 or (timing is not None and _kept(timing, setting) is None)
    )
    return waiting + again, training


def run(plan: Plan, setting: Setting, progress: Progress) -> list[Outcome]:
    """Bring every job to a record: trainings, what needs their weights, and then the timings.

    A failure is filed with its reason and does not stop the others; it is tried again by the
    next run.

    Raises:
        Problem: the records folder cannot be written.
        KeyboardInterrupt: after the running workers were stopped; what is finished is kept.
    """
    # Fixed by the setting alone, not by how much is left to do: the number of threads decides the
    # order of sums, and a run that goes on must do what an undisturbed one does.
    share = max(1, setting.threads // setting.workers)
    crew = Crew(setting.lock)

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
        )

    def submit(one: Task) -> Future[Outcome]:
        return pool.submit(_bring, one, setting, crew, progress)

    steps = plan.steps()
    outcomes: list[Outcome] = []

    def begin(after: str) -> set[Future[Outcome]]:
        """Start what waits for the weights of the experiment ``after``."""
        due = [task(one.experiment, share, one.trained_by) for one in steps if one.after == after]
        due += [task(one, share) for one in plan.fields if one.experiment.key == after]
        return {submit(one) for one in due}

    with ThreadPoolExecutor(setting.workers) as pool:
        try:
            untrained: list[Job] = [*plan.ceilings, *plan.spectra]
            running = begin("") | {submit(task(job, share)) for job in untrained}
            while running:
                over, running = wait(running, return_when=FIRST_COMPLETED)
                for outcome in (one.result() for one in over):
                    outcomes.append(outcome)
                    running |= begin(outcome.job.key)
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


def _bring(task: Task, setting: Setting, crew: Crew, progress: Progress) -> Outcome:
    job = task.job
    record = _kept(job, setting)
    try:
        if record is not None:
            _note_match(setting.folder, record, task.match)
            return Outcome(job, "kept", "")
        progress.begin(job.key, title_of(job))
        record = _perform(task, crew, progress)
    except OSError as error:
        raise Problem(f"cannot write {setting.folder / job.key}: {error}") from error
    failed = record["status"] != "done"
    progress.end(job.key, f"failed: {record['reason']}" if failed else "done")
    return Outcome(job, record["status"], record["reason"])


def _kept(job: Job, setting: Setting) -> Record | None:
    """Return the record that makes running ``job`` needless.

    Times that were taken with another number of threads than is asked for do not.
    """
    if not isinstance(job, LatencyExperiment | StageExperiment):
        return standing(setting.folder, job) or _adopted(setting.folder, job)
    record = standing(setting.folder, job)
    if record is None:
        return None
    return record if record["measured"].get("threads") == setting.threads else None


def _adopted(folder: Path, job: Job) -> Record | None:
    """Return the record of another suite that ran the same experiment, copied to this one's."""
    for place in sorted(folder.parent.parent.glob(f"*/{folder.name}/{job.key}")):
        if place.parent != folder and standing(place.parent, job):
            partial = folder / f"{job.key}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(place, partial)
            shutil.rmtree(folder / job.key, ignore_errors=True)
            partial.rename(folder / job.key)
            return standing(folder, job)
    return None


def _note_match(folder: Path, record: Record, match: dict[str, Any]) -> None:
    """Note the present matching rule in a kept record.

    The rule decides which experiments are run and is no part of what one measures, so two rules
    may meet in one and the same experiment.
    """
    if record["kind"] == "accuracy" and record["measured"].get("match") != match:
        write_record(folder, record | {"measured": record["measured"] | {"match": match}})


def title_of(job: Job) -> str:
    """Return how a job is called in lines for people."""
    if isinstance(job, Experiment):
        views = "" if len(job.protocol.scales) == 1 else f", {len(job.protocol.scales)} scales"
        views += ", flip" if job.protocol.flip else ""
        given = not job.data.crop_size and job.protocol.boxes != "none"
        views += f", {job.protocol.boxes} boxes" if given else ""
        moved = ", ".join(f"{name} {value}" for name, value in job.judged_on.factors)
        views += f", on {moved}" if job.tested and moved else ""
        return f"{job.variant}{views}, seed {job.seed}"
    if isinstance(job, CeilingExperiment):
        return f"ceiling of {job.variant}"
    if isinstance(job, SpectrumExperiment):
        return f"paths of {job.block}"
    if isinstance(job, FieldExperiment):
        return f"effective field of {title_of(job.experiment)}"
    if isinstance(job, LatencyExperiment):
        return f"latency of {len(job.experiments)} models"
    return f"stages of {len(job.pipelines)} pipelines"


def _perform(task: Task, crew: Crew, progress: Progress) -> Record:
    """Run the worker to its end and return the record it left, or else one of its death."""
    place = task.folder / task.job.key
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    log = place / FAILURE_LOG
    started, clock = datetime.now(UTC), time.monotonic()
    with log.open("wb") as errors:
        code = crew.perform(
            task, errors.fileno(), lambda event: progress.update(task.job.key, event)
        )
    record, _ = read_record(task.folder, task.job.key)
    if record is None:
        death = outline(task, _cause_of_death(code, log)) | {
            "measured": {},
            "evidence": {},
            "files": [],
            "environment": {},
            "started": started.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - clock, 3),
        }
        write_record(task.folder, death)
        record, reason = read_record(task.folder, task.job.key)
        if record is None:
            raise OSError(reason)
    if record["status"] == "done":
        log.unlink()
    return record


def _cause_of_death(code: int, log: Path) -> str:
    if code < 0:
        name = signal.Signals(-code).name
        memory = "; the machine may have run out of memory" if -code == signal.SIGKILL else ""
        return f"the worker was killed by signal {-code} ({name}){memory}"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = f": {lines[-1].strip()}" if lines else ""
    return f"the worker ended with exit code {code} and left no record{last}"
