"""What is compared with what: one file a suite, declaring its experiments as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ablations.pipeline_presets import PIPELINE_PRESETS
from ablations.presets import PRESETS, Preset


@dataclass(frozen=True)
class Suite:
    """A question and how much may be run for its answer."""

    question: str
    presets: Mapping[str, Preset[Any]]


#: The suite ``name`` is the module ``ablations.name``, which offers ``plan(options)``, and the
#: module ``reports.name``, which offers ``write_report(folder, plan)``.
SUITES = {
    "blocks": Suite(
        "which block makes the best trunk of a single-person pose network, at equal budget?",
        PRESETS,
    ),
    "pipelines": Suite(
        "which bottom-up pipeline finds more people, and what does each stage of it cost?",
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
}
