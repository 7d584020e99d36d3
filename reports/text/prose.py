"""The sentences around a comparison: what was compared, what was found, how tables are read."""

import re
from collections.abc import Iterable, Sequence

from ablations.presets import DEFAULT_PRESET
from bench.records import Record
from reports.measured.results import AP, PCK, POSETRACK, RESAMPLES, Comparison, Variant
from reports.tables.cells import percent, signed
from reports.text.setting import schedules, view
from reports.text.words import Words

CURVES = (
    "The loss of the last stage, from which people are decoded. The sum over all stages, which is "
    "what was minimised, has more terms in networks of more stages; it stands in the records. "
    "Pipelines whose targets or strides differ minimise different quantities: such curves show "
    "when a training levelled off, not which of them is better."
)
SHEETS = (
    "The same crops for every variant, chosen without looking at the predictions. Solid: "
    "predicted. Dashed white: the truth. Red: from a joint that PCK@0.2 counts as wrong to where "
    "it is."
)
IMAGE_SHEETS = (
    "The same images for every variant, chosen without looking at the predictions. Solid: "
    "predicted, every person found in a colour of its own, whatever its score. Dashed white: the "
    "truth. A limb is drawn where both of its joints are there."
)
JOINTS = (
    "PoseTrack mAP by groups of joints, in percent; ± is half the width of the 95 % interval. The "
    "mean is over the 15 joints, so it is not that of the columns: *head* is the mean of head top, "
    "neck and nose, the others that of a left and a right joint."
)
_POSETRACK = (
    "*PoseTrack mAP* (Andriluka et al., PoseTrack, CVPR 2018, as the challenge's own evaluation "
    "settles it): the mean over the joints of each joint's average precision, where a joint that "
    "was found is right within half a head size (0.6 × the diagonal of the head box) of that joint "
    "of the person its pose fits best, any other is wrong, and ignore regions do not count."
)
INTERVALS_HEADING = "## What the intervals cover, and what they do not"


def head(comparisons: Sequence[Comparison], words: Words) -> str:
    """Return title and first paragraph."""
    title = f"# {words.title}: {subject(comparisons)}"
    if not comparisons:
        return f"{title}\n\nNothing was planned, so there is nothing to report."
    text = words.question
    if len(comparisons) > 1:
        text += (
            f" There are {len(comparisons)} protocols here; each has tables of its own, and "
            "nothing is ranked across them."
        )
    return f"{title}\n\n{text}"


def subject(comparisons: Sequence[Comparison]) -> str:
    """Return the data sets, the preset and the input size, for titles."""
    named = [spec.name for one in comparisons for spec in (one.data, one.tested)]
    data = ", ".join(dict.fromkeys(named)) or "nothing"
    presets = dict.fromkeys(_preset(run.record) for one in comparisons for run in one.runs)
    seen = dict.fromkeys(f"{one.protocol.input_size} px {view(one)}s" for one in comparisons)
    return ", ".join([data, *(f"{preset} preset" for preset in presets), *seen])


def findings(comparison: Comparison, words: Words, untimed: str) -> str:
    """Return what a reader in a hurry takes home, as a list.

    Args:
        comparison: that the findings are of.
        words: of the suite.
        untimed: why there is no latency; "" where there is.
    """
    ranked = comparison.ranked
    lines = [*_best(comparison), *_against_reference(comparison)] if ranked else []
    if not ranked:
        lines.append(f"- No {words.thing} finished, so there is nothing to compare.")
    lines += _zero_skill(comparison, words) if comparison.baseline else _above_zero(comparison)
    unfinished = sum(len(one.unfinished) for one in comparison.variants)
    planned = sum(len(one.experiments) for one in comparison.variants)
    if unfinished:
        lines.append(f"- **{unfinished} of {planned} experiments did not finish;** see below.")
    if untimed:
        lines.append(f"- Latency is not reported: {untimed}.")
    return "\n".join(["**In short**", "", *lines])


def reading(comparison: Comparison, latency: str) -> str:
    """Return how the main table is read; ``latency`` is how its latency columns are."""
    *others, last = ["AP (OKS, by pycocotools)", *comparison.statistics[1:]]
    scores = f"{', '.join(others)} and {last}" if others else last
    text = (
        f"{scores} in percent; ± is half the width of the 95 % interval. "
        "*tied*: the paired 95 % interval of the difference in AP from the best contains 0. "
        "*behind*: it does not."
    )
    if PCK not in comparison.statistics:
        text += " *AP above 0*: whether all of its interval is."
    if POSETRACK in comparison.statistics:
        text += f" {_POSETRACK}"
    return f"{text} {latency}".rstrip()


def differences(comparison: Comparison, words: Words) -> str:
    """Return how the table of differences is read, and how far it carries."""
    seeds = {len(one.runs) for one in comparison.ranked}
    text = (
        "Differences in percentage points with both ends of their paired 95 % interval: both "
        "models are judged on the same resampled images, so what makes an image hard for both "
        "cancels."
    )
    if seeds == {1}:
        text += (
            f" **Each {words.thing} was trained once here.** *better* then says that this trained "
            f"model beats that one on such images; whether the {words.thing} does, only several "
            "seeds can tell (`--seeds 3`)."
        )
    return text


def intervals(comparisons: Sequence[Comparison]) -> str:
    """Return in plain words what the intervals cover and what not."""
    counts = {len(variant.runs) for one in comparisons for variant in one.ranked}
    covered = (
        f"**Covered: which images were drawn.** {RESAMPLES:,} times, as many validation images as "
        "there are were drawn with replacement, all people of an image together, and every "
        "number was computed again; the interval holds the middle 95 %. It says how far a number "
        "could lie elsewhere had other images of the same kind been taken."
    )
    if max(counts, default=1) > 1:
        covered += (
            " **Covered in part: the training seed.** Where a row has several seeds, they were "
            "drawn again too. With few of them this shows too little: the variance between S "
            "seeds comes out (S − 1) / S of what it is, a half with two."
        )
    shared = all(len(schedules(one)) <= 1 for one in comparisons)
    tuned = " (all variants share one, tuned for none of them in particular)" if shared else ""
    missing = (
        "**Not covered:** "
        + ("the training seed of rows that have only one; " if 1 in counts else "")
        + f"other data sets; other budgets, learning rates or augmentation{tuned}; other "
        "machines, for the times. The level is not corrected for the number of comparisons: of "
        "twenty pairs that are equal in truth, about one is called different."
    )
    return f"{covered}\n\n{missing}"


def _score(variant: Variant, comparison: Comparison) -> str:
    return ", ".join(f"{name} {percent(variant.estimate(name))}" for name in comparison.statistics)


def _best(comparison: Comparison) -> list[str]:
    best, *others = comparison.ranked
    if not others:
        return [f"- Only **{best.name}** finished: {_score(best, comparison)}."]
    tied = [
        one.name
        for one in others
        if (gap := one.difference(best, AP)) is not None and gap.verdict == "tied within noise"
    ]
    tie = f"tied with it within noise: {', '.join(tied)}" if tied else "nothing is tied with it"
    return [f"- Highest AP: **{best.name}** ({_score(best, comparison)}); {tie}."]


def _against_reference(comparison: Comparison) -> list[str]:
    reference = comparison.reference
    verdicts: dict[str, list[str]] = {}
    for one in comparison.ranked:
        if reference is None or one is reference:
            continue
        if (difference := one.difference(reference, AP)) is not None:
            text = f"{one.name} ({signed(difference)})"
            verdicts.setdefault(difference.verdict, []).append(text)
    if reference is None or not verdicts:
        return []
    order = ("better", "tied within noise", "worse")
    told = [f"{word}: {', '.join(verdicts[word])}" for word in order if word in verdicts]
    once = {len(one.runs) for one in comparison.ranked} == {1}
    basis = "images; one training each" if once else "images and seeds"
    return [f"- AP against **{reference.name}**, paired over {basis}: {'; '.join(told)}."]


def _zero_skill(comparison: Comparison, words: Words) -> list[str]:
    baseline = comparison.baseline
    if baseline is None:
        return []
    score = _score(baseline, comparison)
    line = f"- Zero skill, the mean pose of the training {view(comparison)}s, scores {score}"
    if not comparison.ranked:
        return [f"{line}."]
    low = [one.name for one in comparison.ranked if not _above(one, baseline, comparison)]
    told = (
        f"not clearly above it: **{', '.join(low)}**"
        if low
        else f"every {words.thing} lies above it"
    )
    return [f"{line}; {told}."]


def _above(variant: Variant, baseline: Variant, comparison: Comparison) -> bool:
    gaps = [variant.difference(baseline, statistic) for statistic in comparison.statistics]
    return all(gap is not None and gap.above_zero for gap in gaps)


def _above_zero(comparison: Comparison) -> list[str]:
    """Return whether anything was learnt, where no row of zero skill tells."""
    if not comparison.ranked:
        return []
    low = [one.name for one in comparison.ranked if not one.taught]
    if low:
        return [f"- AP's interval contains zero, so next to nothing was learnt: {_bold(low)}."]
    return ["- The interval of every AP excludes zero."]


def _bold(names: Iterable[str]) -> str:
    return f"**{', '.join(names)}**"


def _preset(record: Record) -> str:
    named = re.search(r"--preset[ =](\S+)", record["command"])
    return named.group(1) if named else DEFAULT_PRESET
