"""One experiment in a process of its own: ``python -m bench.running.worker``.

The job comes as one line of JSON on stdin, which then stays open: when it closes, whoever started
the worker is gone, and the worker goes too. Progress leaves as lines of JSON on stdout. The
result is the record on disk.

Where several processes do a task together (``bench.ranks``) each has a worker; the first one's
files the record, and the others tell those who started them where they fail.
"""

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.experiment import Experiment
from bench.jobs import (
    AnnotationExperiment,
    CeilingExperiment,
    FieldExperiment,
    GateExperiment,
    Job,
    LatencyExperiment,
    OtherJob,
    SpectrumExperiment,
    StageExperiment,
    models_of,
)
from bench.problem import Problem
from bench.records import RECORD_FILE, Record, job_of, kind_of, write_record
from bench.running.failures import one_sentence
from bench.running.launch import MEETING

FAILURE_LOG = "failure.log"
FAILED = "failed"  # the event by which one of several workers tells why
LOST_TOUCH = "it lost touch with the other processes"
ORPHANED = 3  # exit code of a worker whose parent has died; nobody is left to read it

Send = Callable[[dict[str, Any]], None]
Report = Callable[..., None]  # see ``bench.measure``
Findings = tuple[dict[str, Any], dict[str, Any]]  # what a record calls measured and evidence


@dataclass(frozen=True)
class Task:
    """A job and what is needed to do it here.

    Attributes:
        job: the experiment.
        folder: of all records.
        data_root: the folder of a data set on disk.
        plugin: the user's file.
        threads: of the processor, for the whole worker.
        match: how the model's size was matched; {} where it was not.
        trained_by: key of the record whose weights are measured; "" where the job trains its own.
        command: that started the run.
        deterministic: a GPU, too, has to give the same bits each time.
    """

    job: Job
    folder: Path
    data_root: Path | None
    plugin: Path | None
    threads: int
    match: dict[str, Any]
    trained_by: str
    command: str
    deterministic: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "kind": kind_of(self.job),
            "experiment": asdict(self.job),
            "folder": str(self.folder),
            "data_root": str(self.data_root) if self.data_root else None,
            "plugin": str(self.plugin) if self.plugin else None,
            "threads": self.threads,
            "match": self.match,
            "trained_by": self.trained_by,
            "command": self.command,
            "deterministic": self.deterministic,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Task":
        """Rebuild it from ``to_json`` of it."""
        return cls(
            job=job_of(values["kind"], values["experiment"]),
            folder=Path(values["folder"]),
            data_root=Path(values["data_root"]) if values["data_root"] else None,
            plugin=Path(values["plugin"]) if values["plugin"] else None,
            threads=values["threads"],
            match=values["match"],
            trained_by=values["trained_by"],
            command=values["command"],
            deterministic=values["deterministic"],
        )


def main() -> int:
    """Do the job on stdin; return 0 when its record says done, else 1."""
    task = Task.from_json(json.loads(_read_line()))
    threading.Thread(target=_die_with_parent, daemon=True).start()
    channel = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints goes to the log, not between the lines of JSON
    code = perform(task, lambda event: print(json.dumps(event), file=channel, flush=True))
    if code and _is_member():
        # Python would wait for what this process began with the others, who wait for it.
        sys.stderr.flush()
        os._exit(code)
    return code


def perform(task: Task, send: Send) -> int:
    """Measure and file the record, of a failure too; return 0 when it says done, else 1."""
    started, clock = datetime.now(UTC), time.monotonic()
    measured: dict[str, Any] = {}
    evidence: dict[str, Any] = {}
    reason = ""
    try:
        measured, evidence = _finite(_measure(task, send))
    except Exception as error:  # whatever it is, it becomes a row with its reason
        traceback.print_exc()
        reason = _told(error, send) if _is_member() else one_sentence(error)
    if _is_member() and os.environ["RANK"] != "0":
        return 1 if reason else 0
    record = outline(task, reason) | {
        "measured": measured,
        "evidence": evidence,
        "files": [] if reason else _artefacts(task.folder / task.job.key),
        "environment": _environment(),
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - clock, 3),
    }
    try:
        write_record(task.folder, record)
    except OSError as error:
        if reason:
            raise
        # A full disk may have room for what went wrong where it had none for what was measured.
        reason = one_sentence(error)
        nothing: dict[str, Any] = {"measured": {}, "evidence": {}, "files": []}
        write_record(task.folder, record | outline(task, reason) | nothing)
    return 1 if reason else 0


def outline(task: Task, reason: str) -> dict[str, Any]:
    """Return the part of a record that is known without measuring; done where no reason is."""
    return {
        "key": task.job.key,
        "kind": kind_of(task.job),
        "status": "failed" if reason else "done",
        "reason": reason,
        "experiment": asdict(task.job),
        "command": task.command,
    }


def unmeasured(task: Task, reason: str, started: datetime, seconds: float) -> Record:
    """Return the record of a task whose worker left none, or one that does not say why."""
    return outline(task, reason) | {
        "measured": {},
        "evidence": {},
        "files": [],
        "environment": {},
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
    }


def _measure(task: Task, send: Send) -> Findings:
    import torch

    from bench import measure
    from bench.plugin import load_plugin
    from bench.ranks import meeting

    torch.set_num_threads(task.threads)
    if task.deterministic:
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # which torch asks for with the next line
        torch.use_deterministic_algorithms(True)
    if task.plugin is not None:
        _check_plugin(task.job, load_plugin(task.plugin).digest)

    def report(stage: str, done: int, of: int, **facts: float | str) -> None:
        send({"event": "progress", "stage": stage, "done": done, "of": of, **facts})

    if isinstance(task.job, Experiment):
        with meeting(os.environ.get(MEETING, ""), task.job.train.device):
            measured, evidence = measure.measure_accuracy(
                task.job, task.folder, task.data_root, task.trained_by, report
            )
        return measured | {"match": task.match}, evidence
    return _measure_other(task.job, task, report)


def _measure_other(job: OtherJob, task: Task, report: Report) -> Findings:
    if isinstance(job, LatencyExperiment):
        from bench.measure import measure_latency

        return measure_latency(job, task.folder, report)
    if isinstance(job, StageExperiment):
        from bench.stages.timing import measure_stages

        return measure_stages(job, report)
    if isinstance(job, CeilingExperiment):
        from bench.ceilings.ceiling import measure_ceiling

        return measure_ceiling(job, task.data_root, report)
    if isinstance(job, SpectrumExperiment):
        from bench.receptive_fields.measure import measure_spectrum

        return measure_spectrum(job, report)
    return _measure_trained(job, task, report)


def _measure_trained(
    job: AnnotationExperiment | FieldExperiment | GateExperiment, task: Task, report: Report
) -> Findings:
    """Measure what a network does that another job has trained."""
    if isinstance(job, FieldExperiment):
        from bench.receptive_fields.measure import measure_field

        return measure_field(job, task.folder, task.data_root, report)
    if isinstance(job, GateExperiment):
        from bench.gates.measure import measure_gates

        return measure_gates(job, task.folder, task.data_root, report)
    from bench.annotation.measure import measure_annotation

    return measure_annotation(job, task.folder, task.data_root, report)


def _finite(found: Findings) -> Findings:
    try:
        json.dumps(found, allow_nan=False)
    except ValueError:
        raise Problem("a measured value is not a finite number; see the learning curve") from None
    return found


def _check_plugin(job: Job, digest: str) -> None:
    if any(model.plugin not in ("", digest) for model in models_of(job)):
        raise Problem("the plugin's file was changed after the run had started; run it again")


def _is_member() -> bool:
    """Return whether this is one of several workers that do a task together."""
    return MEETING in os.environ


def _told(error: Exception, send: Send) -> str:
    """Return what went wrong, and tell it to those who started this worker."""
    from bench.ranks import lost_touch

    lost = lost_touch(error)
    reason = LOST_TOUCH if lost else one_sentence(error)
    send({"event": FAILED, "reason": reason, "lost": lost})
    return reason


def _artefacts(place: Path) -> list[str]:
    own = (RECORD_FILE, FAILURE_LOG)
    return [path.name for path in place.iterdir() if path.is_file() and path.name not in own]


def _environment() -> dict[str, Any]:
    from bench.environment import describe_environment

    return describe_environment()


def _read_line() -> bytes:
    """Read stdin's first line and not a byte more, past Python's buffer."""
    line = bytearray()
    while (byte := os.read(0, 1)) not in (b"", b"\n"):
        line += byte
    return bytes(line)


def _die_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(ORPHANED)


if __name__ == "__main__":
    sys.exit(main())
