"""How jobs are called in lines for people."""

from bench.experiment import Experiment
from bench.jobs import (
    AnnotationExperiment,
    CeilingExperiment,
    FieldExperiment,
    GateExperiment,
    Job,
    LatencyExperiment,
    SpectrumExperiment,
)


def title_of(job: Job) -> str:
    """Return how a job is called."""
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
    if isinstance(job, FieldExperiment | GateExperiment):
        what = "gates" if isinstance(job, GateExperiment) else "effective field"
        return f"{what} of {title_of(job.experiment)}"
    if isinstance(job, AnnotationExperiment):
        return f"{', '.join(job.joints)} of {job.data.name}, seed {job.annotator.seed}"
    if isinstance(job, LatencyExperiment):
        timed = f"latency of {len(job.experiments)} models"
    else:
        timed = f"stages of {len(job.pipelines)} pipelines"
    return timed
