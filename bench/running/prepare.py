"""Data made ready before any experiment, so that bad images are bad input and no failed row."""

from pathlib import Path

from bench.data.crops import open_crops
from bench.data.fitted import open_fitted
from bench.experiment import DataSpec, Experiment
from bench.jobs import CeilingExperiment
from bench.plan import Plan
from bench.running.progress import open_progress


def prepare_data(plan: Plan, root: Path | None) -> None:
    """Fill the cache with what the plan's experiments are shown, telling how far.

    Args:
        plan: whose data are made ready; what several experiments share is made once.
        root: the folder of a data set on disk.

    Raises:
        Problem: the data cannot be read, or the cache cannot be written.
    """
    shown: list[Experiment | CeilingExperiment] = [*plan.experiments, *plan.ceilings]
    distinct: dict[tuple[DataSpec, str, int], None] = {}
    for one in shown:
        # The side of whole images; that of crops is the data's own.
        side = 0 if one.data.crop_size else one.protocol.input_size
        judged = one.judged_on if isinstance(one, Experiment) else one.data
        distinct[judged, one.protocol.split, side] = None
        if isinstance(one, Experiment):
            distinct.update(dict.fromkeys((data, "train", side) for data in one.learnt_from))
    for job in plan.annotations:
        side = job.annotator.protocol.input_size
        distinct[job.data, "train", side] = distinct[job.calibrated_on, "train", side] = None
    with open_progress(len(distinct), trainings=0, workers=1) as progress:

        def report(stage: str, done: int, of: int) -> None:
            progress.update(title, {"stage": stage, "done": done, "of": of})

        for spec, split, side in distinct:
            title = f"data: {spec.name}, {split}" + (f", {side} px" if side else "")
            progress.begin(title, title)
            if side:
                open_fitted(spec, split, root, side, report)
            else:
                open_crops(spec, split, root, report)
            progress.end(title, "done")
