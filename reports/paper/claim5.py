"""The deck's fifth claim, part by part: what is claimed, what was measured, and whether it holds.

Training the single-person network on detector boxes alone does poorly, for they are inaccurate.
Training it on proposal boxes acts as augmentation and does better.
"""

from typing import Any, Final

from ablations.boxes import LEARNT_FROM
from reports.measured.results import AP, Comparison, Estimate, Variant
from reports.paper.verdicts import OPEN, Part, difference_verdict
from reports.tables.cells import UNKNOWN, signed
from reports.text.words import data_name

TRUTH, DETECTED, PROPOSALS = LEARNT_FROM
#: What the claim sets beside each other: of each pair, the AP of the first minus the second's.
PAIRS: Final = ((PROPOSALS, DETECTED), (TRUTH, DETECTED), (PROPOSALS, TRUTH))
_PARTS: Final = (
    ("detector boxes alone do poorly", (TRUTH, DETECTED), "true boxes are better"),
    ("proposals do better", (PROPOSALS, DETECTED), "proposals are better than detector boxes"),
)


def parts(comparison: Comparison | None) -> list[Part]:
    """Return the claim's two parts with a verdict each.

    Args:
        comparison: the ways of training, judged on the detector's boxes; None where there is none.
    """
    return [_part(comparison, *one) for one in _PARTS]


def difference(comparison: Comparison | None, pair: tuple[str, str]) -> Estimate | None:
    """Return AP of the first of ``pair`` minus the second's, paired; None where one is missing."""
    one, other = (_finished(comparison, name) for name in pair)
    return None if one is None or other is None else one.difference(other, AP)


def untaught(comparison: Comparison | None) -> list[str]:
    """Return the ways of training that left nothing: AP's interval contains 0."""
    taught = [_finished(comparison, name) for name in LEARNT_FROM]
    return [one.name for one in taught if one is not None and not one.taught]


def verdicts_read(comparison: Comparison | None) -> str:
    """Return how the verdicts are decided, on what, and how far they carry."""
    text = (
        "A part *holds* where the paired 95 % interval of the difference in AP, on the detector's "
        "boxes, lies above 0, and *does not hold* where it lies below. It is *not decided* where "
        "the interval contains 0, where one of the two is missing, or where one of them learnt "
        "nothing (the interval of its AP contains 0)."
    )
    if comparison is None:
        return text
    text += f" {_decided_on(comparison)}"
    nothing = untaught(comparison)
    if nothing:
        text += (
            f" **Learnt next to nothing in this budget: {', '.join(nothing)}**, so the difference "
            "says more of the budget than of the boxes."
        )
    return text


def _part(comparison: Comparison | None, what: str, pair: tuple[str, str], claimed: str) -> Part:
    measured = difference(comparison, pair)
    told = UNKNOWN if measured is None else f"{pair[0]} − {pair[1]}: {signed(measured)} points"
    learnt = not set(pair) & set(untaught(comparison))
    return Part(what, "", claimed, told, difference_verdict(measured) if learnt else OPEN)


def _finished(comparison: Comparison | None, name: str) -> Variant | None:
    return comparison.finished(name) if comparison else None


def _decided_on(comparison: Comparison) -> str:
    one = comparison.variants[0].experiments[0]
    seeds = max((len(variant.runs) for variant in comparison.variants), default=0)
    data = comparison.data
    trained = f"{data.train_images:,}" if data.train_images else "all"
    crops = one.model.arguments["crops_per_image"]
    text = (
        f"**This was decided on {data_name(data)}: {trained} training and {comparison.images:,} "
        f"validation images at {comparison.protocol.input_size} px, with "
        f"{_networks(one.model.arguments)}, each trained for {one.train.steps:,} steps of "
        f"{one.train.batch_size} images, and {_seeds(seeds)}.** The deck publishes neither its "
        "detector nor the size of its hourglass; with others it may be otherwise. At most "
        f"{crops} boxes of an image teach in a step, so an image with fewer people teaches less "
        "often by true boxes than by proposals."
    )
    if seeds == 1:
        text += (
            " With one training of each, the verdict is on these trained models; on the ways of "
            "training only several seeds can decide (`--seeds 3`)."
        )
    return text


def _networks(arguments: dict[str, Any]) -> str:
    person = arguments["person"]
    told = [f"{name} {person[name]}" for name in ("stacks", "width") if name in person]
    size = f" ({', '.join(told)})" if told else ""
    return (
        f"a `{arguments['backbone']}` detector and `{person['name']}`{size} on crops of "
        f"{person['crop_size']} px"
    )


def _seeds(number: int) -> str:
    return "one seed" if number == 1 else f"{number} seeds"
