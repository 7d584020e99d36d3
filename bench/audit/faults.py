"""What is wrong with records that were written as they stand: in themselves and between them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import isclose
from typing import Any

from bench.experiment import DataSpec, Experiment
from bench.jobs import (
    AnnotationExperiment,
    FieldExperiment,
    GateExperiment,
    LatencyExperiment,
)
from bench.measure import WEIGHTS
from bench.metrics.boxes import BoxMatches
from bench.metrics.oks import OksMatches
from bench.metrics.pck import PckCounts
from bench.metrics.posetrack import PosetrackMatches
from bench.records import Record, job_of

#: Returns the trusted record of a key, or None and the reason why there is none.
Find = Callable[[str], tuple[Record | None, str]]

#: What a finished record of each kind has measured, at the least.
_MEASURED = {
    "accuracy": ("cost", "accuracy", "training"),
    "ceiling": ("accuracy", "steps"),
    "spectrum": ("chains",),
    "field": ("fields",),
    "gates": ("gates", "joints"),
    "annotation": ("people", "joints"),
    "latency": ("models", "threads"),
    "stages": ("pipelines", "threads"),
}
# Another version of numpy may take sums of a few thousand numbers in another order.
_ROUNDING = 1e-9


def faults(record: Record, find: Find) -> list[str]:
    """Return what is wrong with one trusted record, one clause a fault.

    Args:
        record: whose digests and key are right.
        find: the records that it may refer to.
    """
    if record["status"] == "failed":
        return [] if record["reason"] else ["it failed without a reason"]
    if record["status"] != "done":
        return [f"its status is '{record['status']}' instead of done or failed"]
    missing = [name for name in _MEASURED[record["kind"]] if name not in record["measured"]]
    if missing:
        return [f"it is done, and has not measured {', '.join(missing)}"]
    return [*_unproven(record), *_lost(record, find)]


def left_out(record: Record) -> list[str]:
    """Return the artefacts that a run leaves and a finished record was filed without.

    Results may be published without weights, which are large, or without what shows photographs.
    """
    if record["kind"] != "accuracy" or record["status"] != "done":
        return []
    trains = not record["measured"].get("trained_by")
    usual = ("detections.json", "samples.npz", *(("learning_curve.csv", WEIGHTS) if trains else ()))
    return [name for name in usual if name not in record["files"]]


def disagreements(records: Sequence[Record]) -> list[str]:
    """Return what keeps records from being ranked together that ask the same, one sentence each.

    Those ask the same that agree on data set, sizes, boxes and views. They then have to agree on
    the data's digest, the rule of scores and the decoder's version too, and to have been judged
    on the same people.

    Args:
        records: trusted ones of one folder.
    """
    questions: dict[object, dict[str, list[Record]]] = {}
    people: dict[object, dict[tuple[int, ...], list[Record]]] = {}
    for record in records:
        if record["kind"] != "accuracy" or record["status"] != "done":
            continue
        one = Experiment.from_dict(record["experiment"])
        questions.setdefault(_question(one), {}).setdefault(_versions(one), []).append(record)
        alike = (one.judged_on, one.protocol.split)
        judged = tuple(record["evidence"].get("oks", {}).get("positives", ()))
        people.setdefault(alike, {}).setdefault(judged, []).append(record)
    found = [
        "these ask the same and were not measured alike: "
        + "; ".join(f"{versions} in {_keys(those)}" for versions, those in groups.items())
        for groups in questions.values()
        if len(groups) > 1
    ]
    return found + [
        "these name the same images and were judged on different people: "
        + "; ".join(f"{sum(judged)} people in {_keys(those)}" for judged, those in groups.items())
        for groups in people.values()
        if len(groups) > 1
    ]


def _unproven(record: Record) -> Iterator[str]:
    """Yield each accuracy that is not what the record's own evidence gives."""
    if "accuracy" not in record["measured"]:
        return
    try:
        given = _scored(record["evidence"])
    except (LookupError, TypeError, ValueError):
        yield "its evidence cannot be read"
        return
    for name, value in record["measured"]["accuracy"].items():
        if name not in given:
            yield f"it has no evidence for its {name}"
        elif not isclose(value, given[name], rel_tol=0.0, abs_tol=_ROUNDING):
            yield f"its {name} is {value!r}, and its evidence gives {given[name]!r}"


def _scored(evidence: dict[str, Any]) -> dict[str, float]:
    found = OksMatches.from_json(evidence["oks"]).statistics()
    if "pck" in evidence:
        found |= PckCounts.from_json(evidence["pck"]).statistics()
    if "posetrack" in evidence:
        found |= PosetrackMatches.from_json(evidence["posetrack"]).statistics()
    if "boxes" in evidence:
        found |= BoxMatches.from_json(evidence["boxes"]).statistics()
    return {name: float(value) for name, value in found.items()}


def _lost(record: Record, find: Find) -> Iterator[str]:
    """Yield each record that this one rests on and that is not there."""
    job = job_of(record["kind"], record["experiment"])
    if isinstance(job, FieldExperiment | GateExperiment):
        yield from _unusable("it looks at the weights of", job.experiment.key, find)
    if isinstance(job, AnnotationExperiment):
        yield from _unusable("it annotates with the weights of", job.annotator.key, find)
    if isinstance(job, LatencyExperiment):
        planned = {one.key for one in job.experiments}
        for key in record["measured"]["models"]:
            if key not in planned:
                yield f"it times {key}, which its experiment does not name"
            yield from _unusable("it times the weights of", key, find)
    if not isinstance(job, Experiment):
        return
    if job.starts_from:
        yield from _unusable("it starts from the weights of", job.starts_from, find)
    for part in job.mixture:
        if part.annotated_by:
            yield from _unusable("it learns from the annotations of", part.annotated_by, find)
    trainer = record["measured"].get("trained_by")
    if trainer:
        yield from _unusable("it measures the weights of", trainer, find)
        other, _ = find(trainer)
        trained = other and job_of(other["kind"], other["experiment"])
        if isinstance(trained, Experiment) and trained.training_key != job.training_key:
            yield f"it measures the weights of {trainer}, which was trained in another way"


def _unusable(told: str, key: str, find: Find) -> Iterator[str]:
    record, reason = find(key)
    if record is None:
        yield f"{told} {key}, whose record is missing: {reason}"
    elif record["status"] != "done":
        yield f"{told} {key}, which failed: {record['reason']}"


def _question(one: Experiment) -> object:
    """Return what an experiment asks, without the versions of what it was asked with."""
    protocol = replace(one.protocol, score_rule="", decoder="")
    return _undated(one.data), _undated(one.judged_on), protocol


def _undated(spec: DataSpec) -> DataSpec:
    return replace(spec, digest="")


def _versions(one: Experiment) -> str:
    digests = dict.fromkeys((one.data.digest, one.judged_on.digest))
    data = " and ".join(digest[:12] for digest in digests)
    return f"data {data}, score: {one.protocol.score_rule}, decoder {one.protocol.decoder}"


def _keys(records: Sequence[Record]) -> str:
    return ", ".join(f"{one['key']} ({one['experiment']['variant']})" for one in records)
