"""What is compared with what: one file a suite, declaring its experiments as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ablations import claims
from ablations.options import DEFAULT_DATA
from ablations.pipeline_presets import PIPELINE_PRESETS
from ablations.presets import PRESETS, Preset


@dataclass(frozen=True)
class Suite:
    """A question and how much may be run for its answer.

    Attributes:
        question: that its report answers.
        presets: how much may be run, by name.
        data: what it is asked of where the command line names no data set.
    """

    question: str
    presets: Mapping[str, Preset[Any]]
    data: str = DEFAULT_DATA


#: The suite ``name`` is the module ``ablations.name``, which offers ``plan(options)``, and the
#: module ``reports.name``, which offers ``write_report(folder, plan)``.
SUITES = {
    "blocks": Suite(
        "which block makes the best trunk of a single-person pose network, at equal budget?",
        PRESETS,
    ),
    "receptive_field": Suite(
        "does IOI keep more small receptive fields than inception-residual, that more than "
        "residual?",
        PRESETS,
    ),
    "gates": Suite(
        "do AIOI's gates ask for context where a joint is hidden, for detail where it is seen?",
        PRESETS,
    ),
    "depth": Suite(
        "which block gains by depth, and which saturates first?",
        PRESETS,
    ),
    "pipelines": Suite(
        "which pipeline finds more people, and what does each of its stages cost?",
        PIPELINE_PRESETS,
    ),
    "table1": Suite(
        "does Table 1 of the deck hold: is MSPAF-3 better than PAF-6, smaller and faster?",
        PIPELINE_PRESETS,
    ),
    "mspaf_blocks": Suite(
        "which block makes the best branches of the multiscale PAF?",
        PIPELINE_PRESETS,
    ),
    "table2": Suite(
        "does Table 2 of the deck hold: do top-down pipelines win on COCO-like people?",
        PIPELINE_PRESETS,
    ),
    "table3": Suite(
        "does Table 3 of the deck hold: does MSPAF-3 beat Mask R-CNN on PoseTrack-like frames?",
        PIPELINE_PRESETS,
        "synthetic-posetrack",
    ),
    "table4": Suite(
        "does Table 4 of the deck hold: what does a detector with an hourglass reach there?",
        PIPELINE_PRESETS,
        "synthetic-posetrack",
    ),
    "table5": Suite(
        "does Table 5 of the deck hold: do several training sets and longer training help?",
        PIPELINE_PRESETS,
        "synthetic-posetrack",
    ),
    "boxes": Suite(
        "by which boxes should a single-person network learn: true, detected or proposed ones?",
        PIPELINE_PRESETS,
    ),
    "crowding": Suite(
        "do crowded, blurred, small or cut people favour bottom-up pipelines?",
        PIPELINE_PRESETS,
    ),
}


@dataclass(frozen=True)
class Collection:
    """Several suites, run one after the other, each into its own folder.

    Attributes:
        question: that its report answers.
        suites: in an order in which later ones find what earlier ones have trained.
    """

    question: str
    suites: tuple[str, ...]


#: The module ``reports.name`` of each offers ``write_report(folder, plan)``, as a suite's does.
COLLECTIONS = {
    "claims": Collection("which of the deck's eight claims hold?", claims.SUITES),
    "all": Collection(
        "everything: every suite, and the claims at the end",
        (
            *("blocks", "receptive_field", "gates", "depth"),
            *("pipelines", "table1", "table2", "crowding", "mspaf_blocks", "boxes"),
            *("table4", "table3", "table5"),
        ),
    ),
}
