"""The suite ``table5``: one network, taught by one data set or by several, for less or longer.

Every row is MSPAF-3, judged on PoseTrack. The deck counts training in w, ten thousand iterations;
here a preset's steps stand for its 5w, and all other lengths are in proportion.
"""

from dataclasses import dataclass, replace
from typing import Final

from ablations import bottom_up, top_down, whole_images
from ablations.options import Options, refuse_blocks, unknown
from ablations.pipeline_presets import PipelineSize
from ablations.whole_images import Setting
from bench.annotation.candidates import ANNOTATION_VERSION
from bench.data.datasets import describe_data
from bench.experiment import DataSpec, Experiment, ModelSpec, Part
from bench.given_boxes import TRUTH
from bench.jobs import AnnotationExperiment
from bench.plan import Plan

#: What is tested on -> the sets beside it: those that mark no nose, and those that teach it.
SETS: Final = {
    "synthetic-posetrack": ("synthetic-mpii", "synthetic-coco"),
    "posetrack18": ("mpii", "coco"),
}
#: The rows.
ALONE, MIXED, NOSE = "posetrack 5w", "mixed 5w", "mixed+nose 5w"
LONG, TUNED = "mixed+nose 11w", "coco 5w, tuned 6w"
#: No rows: that which the last one goes on from, and who marks noses for the others.
PRETRAINED, ANNOTATOR = "coco 5w", "nose annotator"

DECK_5W: Final = 50_000  # iterations
_LONG: Final = 2.2  # 11w over 5w
_TUNED: Final = _LONG - 1  # so that pretraining and tuning together are 11w too
#: Preset -> steps that stand for 5w. All rows together are 7.4 times as many: 47,000 images at the
#: cpu preset, of which two cores train 19 to 27 a second.
STEPS: Final = {"smoke": 4, "cpu": 800, "gpu": 6000, "paper": DECK_5W}

# Of the preset's rendered training images, COCO gets all. The real sets have 64,000 images with
# people (COCO), 17,000 (MPII) and 16,000 labelled frames (PoseTrack); but these come in runs of
# thirty neighbours, and thirty neighbours teach less than thirty photographs: that they are worth
# a third of their number is an estimate.
_SHARES: Final = {"synthetic-posetrack": 0.1, "synthetic-mpii": 0.3, "synthetic-coco": 1.0}
_LEAST_IMAGES: Final = 8
_JOINTS: Final = ("nose",)
_PRECISION: Final = 0.9  # nine in ten of the machine's noses shall be right


@dataclass(frozen=True)
class Sets:
    """The data of a run: where the rows are judged, the set without noses, and the one with."""

    posetrack: DataSpec
    mpii: DataSpec
    coco: DataSpec


def plan(options: Options) -> Plan:
    """Return the rows of every seed, what they need, and the annotation of noses.

    Raises:
        Problem: an option that cannot be met.
    """
    refuse_blocks(options, "table5")
    if options.data not in SETS:
        raise unknown("data set of table5", options.data, SETS)
    setting = whole_images.settle(options)
    sets = _sets(options, setting)
    base = options.steps or STEPS[options.preset]
    trained: list[Experiment] = []
    annotations = []
    for seed in range(setting.preset.seeds):
        annotation = _annotation(setting, sets, seed)
        trained += [annotation.annotator, *_rows(setting, sets, annotation, base, seed)]
        annotations.append(annotation)
    return Plan(tuple(trained), annotations=tuple(annotations))


def rows(size: PipelineSize) -> dict[str, ModelSpec]:
    """Return the rows of Table 5 at a preset's size: one and the same model."""
    return dict.fromkeys((ALONE, MIXED, NOSE, LONG, TUNED), bottom_up.mspaf3(size))


def _annotation(setting: Setting, sets: Sets, seed: int) -> AnnotationExperiment:
    """Return the annotation of MPII's noses by a single-person network that COCO has taught.

    Where people are is known of those who are to be annotated. Shown their boxes, such a network
    marked 264 of 1,887 noses at a PCKh of 0.90; mspaf3, which has to find them first, was sure
    enough of one.
    """
    # Half a head is three pixels of the cpu preset's images, and of crops of the usual side a cell
    # of the heatmap is four: at twice the side PCKh was 0.90, at the usual one 0.73.
    size = replace(setting.size, person_size=2 * setting.size.person_size)
    model = top_down.detector_hourglass(size, learns="person", boxes="truth")
    train = whole_images.schedule(setting, model)
    seen = whole_images.protocol(size.input_size, boxes=TRUTH)
    annotator = Experiment(ANNOTATOR, model, sets.coco, train, seen, seed)
    return AnnotationExperiment(
        annotator, sets.mpii, _JOINTS, sets.posetrack, _PRECISION, ANNOTATION_VERSION
    )


def _rows(
    setting: Setting, sets: Sets, annotation: AnnotationExperiment, base: int, seed: int
) -> list[Experiment]:
    """Return what the last row goes on from, and the rows in table order."""
    model = rows(setting.size)[ALONE]

    def trained(variant: str, length: float, *parts: Part) -> Experiment:
        train = replace(setting.train, steps=max(1, round(base * length)))
        seen = whole_images.protocol(setting.size.input_size)
        return Experiment(variant, model, sets.posetrack, train, seen, seed, mixture=parts)

    pretrained = replace(trained(PRETRAINED, 1.0, Part(sets.coco, 1.0)), data=sets.coco)
    # A third of the images each: the deck does not say.
    posetrack, mpii, coco = (Part(one, 1.0) for one in (sets.posetrack, sets.mpii, sets.coco))
    nosed = replace(mpii, annotated_by=annotation.key, adds=_JOINTS)
    tuned = trained(TUNED, _TUNED, posetrack, nosed)
    return [
        pretrained,
        trained(ALONE, 1.0),
        trained(MIXED, 1.0, posetrack, mpii, coco),
        trained(NOSE, 1.0, posetrack, nosed, coco),
        trained(LONG, _LONG, posetrack, nosed, coco),
        replace(tuned, starts_from=pretrained.key),
    ]


def _sets(options: Options, setting: Setting) -> Sets:
    data = setting.data

    def described(name: str) -> DataSpec:
        images = data.train_images
        if name in _SHARES:
            images = max(_LEAST_IMAGES, round(images * _SHARES[name]))
        elif name != data.name:
            images = 0  # all of a set of photographs
        return describe_data(
            name,
            options.data_root,
            train_images=images,
            val_images=data.val_images,
            image_size=data.image_size,
            crop_size=data.crop_size,
            seed=data.seed,
        )

    return Sets(*map(described, (data.name, *SETS[data.name])))
