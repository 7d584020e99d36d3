"""Which jobs need not be run: their records stand already, here or in another suite."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.experiment import Experiment
from bench.jobs import Job, LatencyExperiment, StageExperiment
from bench.records import Record, read_record, write_record


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


def kept(job: Job, folder: Path, threads: int, deterministic: bool) -> Record | None:
    """Return the record that makes running ``job`` needless.

    It may be one of another suite. Times that were taken with another number of threads than
    these are run again, and so are trainings that were not deterministic where they have to be.
    """
    if isinstance(job, LatencyExperiment | StageExperiment):
        record = standing(folder, job)
        timed_alike = record is not None and record["measured"].get("threads") == threads
        return record if timed_alike else None
    record = standing(folder, job) or _adopted(folder, job)
    if record is not None and deterministic and isinstance(job, Experiment):
        return record if record["environment"].get("deterministic") else None
    return record


def _adopted(folder: Path, job: Job) -> Record | None:
    """Return the record of another suite that ran the same experiment, copied to this one's."""
    for place in sorted(folder.parent.parent.glob(f"*/{folder.name}/{job.key}")):
        if place.parent != folder and standing(place.parent, job):
            partial = folder / f"{job.key}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            try:
                shutil.copytree(place, partial)
            except OSError:  # of a full disk, say; whoever runs it instead will tell
                shutil.rmtree(partial, ignore_errors=True)
                return None
            shutil.rmtree(folder / job.key, ignore_errors=True)
            partial.rename(folder / job.key)
            return standing(folder, job)
    return None


def note_match(folder: Path, record: Record, match: dict[str, Any]) -> None:
    """Note the present matching rule in a kept record.

    The rule decides which experiments are run and is no part of what one measures, so two rules
    may meet in one and the same experiment.
    """
    if record["kind"] == "accuracy" and record["measured"].get("match") != match:
        write_record(folder, record | {"measured": record["measured"] | {"match": match}})
