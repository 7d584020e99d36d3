"""The suite ``boxes``: by which boxes a single-person network should learn, at equal budget."""

from dataclasses import replace

from ablations import top_down, whole_images
from ablations.options import Options, refuse_blocks
from ablations.presets import SMOKE
from ablations.whole_images import Setting
from bench.experiment import Experiment, ModelSpec, Protocol
from bench.given_boxes import FOUND, TRUTH, truth_within
from bench.plan import Plan

#: The experiment that trains the detector, which all others start from.
DETECTOR = "detector"
#: Ways of training the single-person half that claim 5 is about.
LEARNT_FROM = ("truth", "detected", "proposals")
# Standard deviations of a side's error, as shares of the box, that are learnt from and judged on: a
# good detector's, a fair one's, and beyond. Of boxes with errors of 0.2 a third overlap their
# person by less than half, of those with 0.3 seven in ten.
_JITTERS = (0.05, 0.1, 0.2)
_ERRORS = (0.05, 0.1, 0.2, 0.3)
_SMOKE_ERRORS = (0.1,)  # of both kinds
# Boxes of an image that teach in a step, at most. An image has one to six people and dozens of
# proposals: without a limit, the latter would also teach more often.
_CROPS = 2


def plan(options: Options) -> Plan:
    """Return the detector and, from its weights, the single-person half on each kind of boxes.

    Each half is judged on the detector's boxes, on true ones, and on true ones with errors.

    Raises:
        Problem: an option that cannot be met.
    """
    refuse_blocks(options, "boxes")
    setting = whole_images.settle(options)
    smoke = options.preset == SMOKE
    learnt = _models(setting, _SMOKE_ERRORS if smoke else _JITTERS)
    errors = _SMOKE_ERRORS if smoke else _ERRORS
    side = setting.size.input_size
    found, *given = (
        whole_images.protocol(side, boxes=boxes)
        for boxes in (FOUND, TRUTH, *map(truth_within, errors))
    )
    seeds = range(setting.preset.seeds)
    learns = top_down.detector_hourglass(setting.size, learns="detector")
    detectors = [_experiment(setting, DETECTOR, learns, found, seed) for seed in seeds]
    halves = [
        replace(_experiment(setting, name, model, seen, one.seed), starts_from=one.key)
        for seen in (found, *given)
        for one in detectors
        for name, model in learnt.items()
    ]
    return Plan((*detectors, *halves))


def _models(setting: Setting, jitters: tuple[float, ...]) -> dict[str, ModelSpec]:
    """Return the pipeline in every way of training its single-person half."""
    ways = [(name, name, 0.0) for name in LEARNT_FROM]
    ways += [(f"truth ±{jitter:g}", "truth", jitter) for jitter in jitters]
    return {
        name: top_down.detector_hourglass(
            setting.size, learns="person", boxes=boxes, jitter=jitter, crops_per_image=_CROPS
        )
        for name, boxes, jitter in ways
    }


def _experiment(
    setting: Setting, variant: str, model: ModelSpec, seen: Protocol, seed: int
) -> Experiment:
    train = whole_images.schedule(setting, model)
    return Experiment(variant, model, setting.data, train, seen, seed)
