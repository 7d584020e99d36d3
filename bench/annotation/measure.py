"""A trained model marks the joints that a data set lacks, and is judged by the hidden truth."""

from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from bench.annotation.candidates import Candidate, annotated_people, find_candidates
from bench.annotation.confidence import RIGHT_WITHIN, Judged, choose_threshold, judge
from bench.annotation.file import ANNOTATIONS, write_annotations
from bench.data.datasets import open_split, open_truth
from bench.data.fitted import open_fitted
from bench.evaluate_images import predict_images, to_coco_results
from bench.experiment import DataSpec
from bench.given_boxes import box_error, given_boxes
from bench.jobs import AnnotationExperiment
from bench.measure import Report, create_model, load_trained
from bench.problem import Problem
from models.skeleton import SKELETONS

_SPLIT: Final = "train"  # what is annotated is there to learn from, and so is what decides it
#: Confidences at which coverage and error are told beside those at the chosen one.
LEVELS: Final = tuple(round(0.1 * step, 1) for step in range(10))
_PCKH: Final = f"PCKh@{RIGHT_WITHIN:g}"


def measure_annotation(
    job: AnnotationExperiment, folder: Path, root: Path | None, report: Report
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Annotate, file the annotations in ``folder/<key>/``, and return "measured" and "evidence".

    Of each joint there is the threshold that was chosen on ``job.calibrated_on``, with what it is
    worth there; how many people were given the joint; and where the truth is known, its error at
    the threshold and at every one of ``LEVELS``. Without a threshold that reaches the precision,
    nobody is given the joint.

    Args:
        job: what to annotate, and by whom.
        folder: of all records, of which that of the annotator is one.
        root: of data sets on disk.
        report: progress.

    Raises:
        Problem: the annotator's weights are missing, or the data cannot be annotated or judged.
    """
    _check(job)
    model = create_model(job.annotator)
    load_trained(model, folder, job.annotator.key)
    model.to(job.annotator.train.device)
    tried = _candidates(model, job, job.calibrated_on, root, report)
    sample = open_split(job.calibrated_on, _SPLIT, root)
    dataset = open_split(job.data, _SPLIT, root)
    found = _candidates(model, job, job.data, root, report)
    truth = open_truth(job.data, _SPLIT)
    measured: dict[str, dict[str, Any]] = {}
    evidence: dict[str, dict[str, Any]] = {}
    believed: list[Candidate] = []
    for joint in job.joints:
        trial = judge(tried, sample, sample, joint, unknown_is_wrong=False)
        threshold = choose_threshold(trial, job.precision)
        mine = [one for one in found if one.joint == joint]
        sure = [] if threshold is None else [one for one in mine if one.score >= threshold]
        believed += sure
        measured[joint] = {
            "threshold": threshold,
            "calibration": _worth(trial, threshold) | {"people": int(trial.people.sum())},
            "found": len(mine),
            "annotated": len(sure),
            "truth": None,
        }
        evidence[joint] = {"calibration": trial.to_json()}
        if truth is not None:
            hidden = judge(mine, dataset, truth, joint, unknown_is_wrong=True)
            measured[joint]["truth"] = _worth(hidden, threshold) | {
                "levels": [_worth(hidden, level) | {"confidence": level} for level in LEVELS]
            }
            evidence[joint]["truth"] = hidden.to_json()
    provenance = {
        "annotated_by": job.annotator.key,
        "model": job.annotator.model.name,
        "learnt_from": [one.name for one in job.annotator.learnt_from],
        "method": job.method,
        "precision_aimed_at": job.precision,
        "calibrated_on": job.calibrated_on.name,
        "thresholds": {joint: measured[joint]["threshold"] for joint in job.joints},
    }
    write_annotations(folder / job.key / ANNOTATIONS, dataset, believed, job.joints, provenance)
    people = sum(
        int(annotated_people(dataset.target(image)).sum()) for image in range(len(dataset))
    )
    return {"people": people, "images": len(dataset), "joints": measured}, evidence


def _check(job: AnnotationExperiment) -> None:
    own = SKELETONS[job.data.skeleton].joints
    for joint in job.joints:
        if joint in own:
            raise Problem(f"{job.data.name} annotates {joint} itself; leave it to its annotators")
        for name, what in (
            (job.annotator.skeleton, "the annotator"),
            (job.calibrated_on.skeleton, f"{job.calibrated_on.name}, on which it is tried out,"),
        ):
            if joint not in SKELETONS[name].joints:
                raise Problem(f"{what} does not know {joint}; choose another")


def _candidates(
    model: nn.Module, job: AnnotationExperiment, data: DataSpec, root: Path | None, report: Report
) -> list[Candidate]:
    annotator = job.annotator
    images = open_fitted(data, _SPLIT, root, annotator.protocol.input_size)
    # One that is shown people in boxes is shown those that the data set has.
    error = box_error(annotator.protocol.boxes)
    found = predict_images(
        model,
        images.to(torch.device(annotator.train.device)),
        precision=annotator.train.precision,
        report=lambda done, of: report(f"annotate {data.name}", done, of),
        boxes=None if error is None else given_boxes(images.targets, error),
    )
    results = to_coco_results(found, images)
    dataset = open_split(data, _SPLIT, root)
    return find_candidates(dataset, results, SKELETONS[annotator.skeleton], job.joints)


def _worth(judged: Judged, threshold: float | None) -> dict[str, Any]:
    """Return coverage and PCKh at a threshold; the latter is None where nothing is given."""
    if threshold is None or not (judged.score >= threshold).any():
        return {"coverage": 0.0, _PCKH: None}
    return {name: float(one) for name, one in judged.statistics(threshold).items()}
