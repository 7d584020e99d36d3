"""An experiment on record, found by its key and run again as it was, after what it needs."""

import difflib
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.audit.staleness import Present, experiments_of
from bench.environment import UNKNOWN
from bench.experiment import Experiment
from bench.jobs import (
    AnnotationExperiment,
    CeilingExperiment,
    FieldExperiment,
    GateExperiment,
    Job,
    LatencyExperiment,
    SpectrumExperiment,
    StageExperiment,
)
from bench.measure import WEIGHTS
from bench.plan import Plan
from bench.plugin import load_plugin
from bench.problem import Problem
from bench.records import RECORD_FILE, Record, job_of, read_record
from bench.runner import Setting, run
from bench.running.crew import REPOSITORY
from bench.running.prepare import prepare_data
from bench.running.progress import open_progress
from bench.running.run_lock import only_run
from bench.running.titles import title_of

_PUBLISHED = REPOSITORY / "reports" / "published"
_OUT = "rerun"  # the folder beside the suites' that reruns go to
_OFFERED = 3  # keys, where one is mistyped or names several


@dataclass(frozen=True)
class Filed:
    """A record and the folder of records that it lies in."""

    folder: Path
    record: Record

    @property
    def job(self) -> Job:
        """What was run."""
        return job_of(self.record["kind"], self.record["experiment"])

    @property
    def title(self) -> str:
        """Its key, and how it is called in lines for people."""
        return f"{self.record['key']} ({title_of(self.job)})"


def find_record(key: str, out: Path) -> Filed:
    """Return the record whose key is ``key``, or alone begins with it.

    Args:
        key: hexadecimal digits.
        out: the folder of the suites' results; what is published in the checkout comes after it.

    Raises:
        Problem: there is none, there are several, or it cannot be trusted.
    """
    places: dict[str, list[Path]] = {}
    for folder in [*sorted(out.glob("*/records")), *sorted(_PUBLISHED.glob("*/records"))]:
        for path in sorted(folder.glob(f"*/{RECORD_FILE}")):
            places.setdefault(path.parent.name, []).append(folder)
    if not places:
        raise Problem(f"{out} holds no records to run again; run a suite first, or name its --out")
    matching = [one for one in places if one.startswith(key.lower())]
    if not matching:
        near = difflib.get_close_matches(key.lower(), places, n=_OFFERED, cutoff=0.0)
        offered = _offered(near, places)
        raise Problem(f"no record under {out} has a key that begins with '{key}'; near: {offered}")
    if len(matching) > 1:
        raise Problem(
            f"{len(matching)} keys begin with '{key}'; give more of it: "
            f"{_offered(matching[:_OFFERED], places)}"
        )
    return _read(matching[0], places[matching[0]])


def _read(key: str, folders: Iterable[Path]) -> Filed:
    """Return the first trusted record of ``key``."""
    reasons = []
    for folder in folders:
        record, reason = read_record(folder, key)
        if record is not None:
            return Filed(folder, record)
        reasons.append(f"{folder / key} {reason}")
    raise Problem(f"no record of {key} can be trusted: {'; '.join(reasons)}")


def _offered(keys: Iterable[str], places: dict[str, list[Path]]) -> str:
    told = []
    for key in keys:
        record, _ = read_record(places[key][0], key)
        told.append(Filed(places[key][0], record).title if record else key)
    return ", ".join(told)


@dataclass(frozen=True)
class Rerun:
    """An experiment that was run again: its record, and the new one."""

    before: Filed
    after: Filed


def rerun(
    filed: Filed,
    out: Path,
    *,
    root: Path | None = None,
    plugin: Path | None = None,
    threads: int | None = None,
    command: str,
) -> list[Rerun]:
    """Run the experiment of ``filed`` again, after those whose weights it needs; it comes last.

    Nothing on record is taken over or written over: the new records lie in ``out/rerun/<key>/``,
    in place of those of an earlier rerun. Only a latency is timed on the weights on record, for
    it is the clock that is run again.

    Args:
        filed: of ``find_record``.
        out: the folder of the suites' results.
        root: the folder of a data set on disk.
        plugin: the user's file.
        threads: of the processor; None for as many as the record names.
        command: that asked for it, for the new records.

    Raises:
        Problem: today's code, data or machine cannot run that very experiment, what it needs is
            not on record, or the folder cannot be written.
    """
    present = Present(root, load_plugin(plugin).digest if plugin else "")
    again = [*_needed(filed), filed]
    timed = _timed(filed)
    for one in again:
        _refuse_another(one, present)
    # No folder of a suite is called like this, so a run takes no record over from one.
    folder = out / _OUT / filed.record["key"]
    with only_run(folder) as lock:
        for earlier in folder.iterdir():
            if earlier.is_dir():
                shutil.rmtree(earlier)
        for one in timed:
            shutil.copytree(one.folder / one.record["key"], folder / one.record["key"])
        setting = Setting(
            folder=folder,
            data_root=root,
            plugin=plugin.resolve() if plugin else None,
            # As many as then, for they decide the order of sums.
            threads=threads or filed.record["environment"].get("threads", 1),
            workers=1,
            command=command,
            lock=lock,
            deterministic=filed.record["environment"].get("deterministic", False),
        )
        plan = _plan(again)
        if plan.experiments or plan.ceilings:  # others see no data, or none but these
            prepare_data(plan, root)
        trainings = sum(not one.trained_by for one in plan.steps())
        with open_progress(len(again), trainings, workers=1) as progress:
            run(plan, setting, progress)
    return [Rerun(one, _read(one.record["key"], [folder])) for one in again]


def _needed(filed: Filed) -> list[Filed]:
    """Return the jobs that ``filed`` rests on, each once, those first that others rest on."""
    job = filed.job
    keys: tuple[str, ...] = ()
    if isinstance(job, Experiment):
        trainer = filed.record["measured"].get("trained_by")
        keys = (trainer,) if trainer else job.needs
    elif isinstance(job, FieldExperiment | GateExperiment):
        keys = (job.experiment.key,)
    elif isinstance(job, AnnotationExperiment):
        keys = (job.annotator.key,)
    found: dict[str, Filed] = {}
    for key in keys:
        one = _read(key, _around(filed.folder))
        found |= {other.record["key"]: other for other in (*_needed(one), one)}
    return list(found.values())


def _timed(filed: Filed) -> list[Filed]:
    """Return the records whose weights a latency times."""
    job = filed.job
    if not isinstance(job, LatencyExperiment):
        return []
    found = [_read(one.key, _around(filed.folder)) for one in job.experiments]
    for one in found:
        if WEIGHTS not in one.record["files"]:
            raise Problem(
                f"{filed.title} cannot be run again: the weights of {one.title} were not kept; "
                "run their suite again"
            )
    return found


def _around(folder: Path) -> list[Path]:
    """Return ``folder``, and those of the suites that it may have taken records from."""
    return [folder, *sorted(folder.parent.parent.glob(f"*/{folder.name}"))]


def _plan(again: Sequence[Filed]) -> Plan:
    jobs = [one.job for one in again]
    latencies = [job for job in jobs if isinstance(job, LatencyExperiment)]
    return Plan(
        tuple(job for job in jobs if isinstance(job, Experiment)),
        latencies[0] if latencies else None,
        {one.record["key"]: one.record["measured"].get("match", {}) for one in again},
        ceilings=tuple(job for job in jobs if isinstance(job, CeilingExperiment)),
        stages=tuple(job for job in jobs if isinstance(job, StageExperiment)),
        spectra=tuple(job for job in jobs if isinstance(job, SpectrumExperiment)),
        fields=tuple(job for job in jobs if isinstance(job, FieldExperiment)),
        gates=tuple(job for job in jobs if isinstance(job, GateExperiment)),
        annotations=tuple(job for job in jobs if isinstance(job, AnnotationExperiment)),
    )


def _refuse_another(one: Filed, present: Present) -> None:
    """Refuse to run what would not be the experiment on record."""
    for reason in present.unchecked(one.job):
        raise Problem(f"{one.title} cannot be run again: {reason}")
    for reason in present.outdated(one.job):
        commit = one.record["environment"].get("commit", UNKNOWN)
        raise Problem(
            f"{one.title} cannot be run again as it was: {reason}; it was made at commit {commit}"
        )
    processes = one.record["measured"].get("training", {}).get("processes", 1)
    if processes > 1:
        raise Problem(
            f"{one.title} was trained by {processes} processes together, and is run again by one; "
            "start its command with another --out instead"
        )
    if "cuda" in _devices(one.job):
        import torch

        if not torch.cuda.is_available():
            raise Problem(
                f"{one.title} was run on a GPU, and torch sees no CUDA device here; run it on a "
                "machine with one"
            )


def _devices(job: Job) -> list[str]:
    if isinstance(job, StageExperiment):
        return [job.device]
    return [one.train.device for one in experiments_of(job) if isinstance(one, Experiment)]
