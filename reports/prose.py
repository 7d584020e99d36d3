"""The sentences of a report: what was compared, what was found, and what the numbers mean."""

import re
from collections.abc import Iterable, Sequence

from ablations.presets import DEFAULT_PRESET
from bench.experiment import TrainSpec
from bench.records import Record
from reports.results import AP, PCK, RESAMPLES, Comparison, Timing, Variant
from reports.tables import percent, signed

RULES = {
    "params": "the parameters of the whole network",
    "macs": "the multiply-adds of the whole network",
    "blocks": "the number of blocks and the width",
}

COST = (
    "One GMAC is a thousand million multiply-adds, one GFLOP a thousand million floating-point "
    "operations; a multiply-add is two of them. Both count the convolutions, linear layers and "
    "matrix products of one pass through the network, decoding not included, of the very model "
    "whose accuracy stands above. Activations are the numbers that those operations put out. *Not "
    "counted* are the other operations that the counter met, with their calls."
)
SHEETS = (
    "The same crops for every variant, chosen without looking at the predictions. Solid: "
    "predicted. Dashed white: the truth. Red: from a joint that PCK@0.2 counts as wrong to where "
    "it is."
)
INTERVALS_HEADING = "## What the intervals cover, and what they do not"


def head(comparisons: Sequence[Comparison]) -> str:
    """Return title and first paragraph."""
    title = f"# Blocks compared: {subject(comparisons)}"
    if not comparisons:
        return f"{title}\n\nNothing was planned, so there is nothing to report."
    text = (
        "Each block is the trunk of one and the same single-person pose network. Does the block "
        "help, by how much, at what cost, and how sure is that?"
    )
    if len(comparisons) > 1:
        text += (
            f" There are {len(comparisons)} protocols here; each has tables of its own, and "
            "nothing is ranked across them."
        )
    return f"{title}\n\n{text}"


def subject(comparisons: Sequence[Comparison]) -> str:
    """Return the data sets, the preset and the crop size, for titles."""
    data = ", ".join(dict.fromkeys(one.data.name for one in comparisons)) or "nothing"
    crops = "/".join(dict.fromkeys(str(one.data.crop_size) for one in comparisons))
    presets = dict.fromkeys(_preset(record) for record in _records(comparisons))
    named = [data, *(f"{preset} preset" for preset in presets)]
    return ", ".join(named + ([f"{crops} px crops"] if crops else []))


def setting(comparison: Comparison) -> str:
    """Return protocol, data, training and matching rule, one line each."""
    data = comparison.data
    scenes = f" of {data.image_size} px, renderer seed {data.seed}" if data.image_size else ""
    train_images = f"{data.train_images:,}" if data.train_images else "all"
    val_images = f"{comparison.images:,}" if comparison.images else "an unknown number of"
    lines = [
        f"- **Protocol:** {comparison.protocol}. PCK@0.2 is of the person's extent, the longer "
        "side of the ground-truth box.",
        f"- **Data:** {data.name}, {train_images} training and {val_images} validation "
        f"images{scenes}; {_people(comparison)}joints of {data.skeleton}.",
        f"- **Training:** {_training(comparison)}",
        f"- **Matching rule:** {_matching(comparison)}",
    ]
    return "\n".join(lines)


def findings(comparison: Comparison, timing: Timing) -> str:
    """Return what a reader in a hurry takes home, as a list."""
    ranked = comparison.ranked
    lines = [*_best(comparison), *_against_reference(comparison)] if ranked else []
    if not ranked:
        lines.append("- No block finished, so there is nothing to compare.")
    lines += _zero_skill(comparison)
    unfinished = sum(len(one.unfinished) for one in comparison.variants)
    planned = sum(len(one.experiments) for one in comparison.variants)
    if unfinished:
        lines.append(f"- **{unfinished} of {planned} experiments did not finish;** see below.")
    if timing.record is None:
        lines.append(f"- Latency is not reported: {timing.reason}.")
    return "\n".join(["**In short**", "", *lines])


def reading(comparison: Comparison, timing: Timing) -> str:
    """Return how the main table is read."""
    text = (
        f"AP (OKS, by pycocotools) and {PCK} in percent; ± is half the width of the 95 % interval. "
        "*tied*: the paired 95 % interval of the difference in AP from the best contains 0. "
        "*behind*: it does not."
    )
    if timing.record is not None:
        text += f" {_timing(timing)}"
    return text


def differences(comparison: Comparison) -> str:
    """Return how the table of differences is read, and how far it carries."""
    seeds = {len(one.runs) for one in comparison.ranked}
    text = (
        "Differences in percentage points with both ends of their paired 95 % interval: both "
        "models are judged on the same resampled images, so what makes an image hard for both "
        "cancels."
    )
    if seeds == {1}:
        text += (
            " **Each block was trained once here.** *better* then says that this trained model "
            "beats that one on such images; whether the block does, only several seeds can tell "
            "(`--seeds 3`)."
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
    missing = (
        "**Not covered:** "
        + ("the training seed of rows that have only one; " if 1 in counts else "")
        + "other data sets; other budgets, learning rates or augmentation (all variants share "
        "one, tuned for none of them in particular); other machines, for the times. The level is "
        "not corrected for the number of comparisons: of twenty pairs that are equal in truth, "
        "about one is called different."
    )
    return f"{covered}\n\n{missing}"


def _best(comparison: Comparison) -> list[str]:
    best, *others = comparison.ranked
    score = f"AP {percent(best.estimate(AP))}, {PCK} {percent(best.estimate(PCK))}"
    if not others:
        return [f"- Only **{best.name}** finished: {score}."]
    tied = [
        one.name
        for one in others
        if (gap := one.difference(best, AP)) is not None and gap.verdict == "tied within noise"
    ]
    tie = f"tied with it within noise: {', '.join(tied)}" if tied else "nothing is tied with it"
    return [f"- Highest AP: **{best.name}** ({score}); {tie}."]


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


def _zero_skill(comparison: Comparison) -> list[str]:
    baseline = comparison.baseline
    if baseline is None:
        return []
    score = f"AP {percent(baseline.estimate(AP))}, {PCK} {percent(baseline.estimate(PCK))}"
    line = f"- Zero skill, the mean pose of the training crops, scores {score}"
    if not comparison.ranked:
        return [f"{line}."]
    low = [one.name for one in comparison.ranked if not _above(one, baseline)]
    told = f"not clearly above it: **{', '.join(low)}**" if low else "every block lies above it"
    return [f"{line}; {told}."]


def _above(variant: Variant, baseline: Variant) -> bool:
    gaps = [variant.difference(baseline, statistic) for statistic in (AP, PCK)]
    return all(gap is not None and gap.verdict == "better" for gap in gaps)


def _people(comparison: Comparison) -> str:
    for variant in comparison.variants:
        for run in variant.runs[:1]:
            return f"{sum(run.record['evidence']['oks']['positives']):,} people in validation; "
    return ""


def _training(comparison: Comparison) -> str:
    trained = [one for one in comparison.variants if not one.is_baseline]
    specs = list(dict.fromkeys(e.train for one in trained for e in one.experiments))
    if not specs:
        return "only the baseline was planned."
    if len(specs) > 1:
        return f"**differs between rows** ({len(specs)} settings; see `results.csv`)."
    return _schedule(specs[0])


def _schedule(train: TrainSpec) -> str:
    return (
        f"{train.steps:,} steps of {train.batch_size} crops, AdamW at {train.learning_rate:g} "
        f"(weight decay {train.weight_decay:g}), {100 * train.warmup:g} % warm-up, then a cosine "
        "to 0; "
        f"rotation ±{train.rotation:g}°, zoom ×{train.scale:g}, shift {100 * train.shift:g} %, "
        f"{'mirrored' if train.flip else 'not mirrored'}; {train.precision} on {train.device}; "
        "the same for every block."
    )


def _matching(comparison: Comparison) -> str:
    matches = [
        (variant.name, run.measured["match"])
        for variant in comparison.variants
        for run in variant.runs[:1]
        if run.measured.get("match")
    ]
    if not matches:
        return "none is recorded."
    rules = dict.fromkeys(match["rule"] for _, match in matches)
    shared = " and ".join(f"`{rule}` (equal: {RULES.get(rule, rule)})" for rule in rules)
    name, worst = max(matches, key=lambda item: abs(item[1]["mismatch"]))
    mixed = " **Rows were matched by different rules.**" if len(rules) > 1 else ""
    off = f"{100 * worst['mismatch']:+.1f} % ({name})"
    return f"{shared}; the largest residual mismatch is {off}.{mixed}"


def _timing(timing: Timing) -> str:
    assert timing.record is not None
    measured = timing.record["measured"]
    samples = max(
        (times["samples"] for model in measured["models"].values() for times in model.values()),
        default=0,
    )
    text = (
        "Latency is that of a call of the whole pipeline, normalised crops in, joints out: the "
        f"median of {samples} rounds and in brackets their 5th to 95th percentile; b1 is a call of "
        "1 crop. All models (the first finished seed of each) were timed in one run, in turn: "
        f"{measured['device']}, {_threads(measured['threads'])}, {measured['precision']}, "
        f"{measured['memory_format']}. Reading and cropping images is not part of it."
    )
    if measured["disturbed"]:
        text += " **The machine was disturbed while timing: do not trust small differences.**"
    return text


def _threads(number: int) -> str:
    return f"{number} thread{'' if number == 1 else 's'}"


def _preset(record: Record) -> str:
    named = re.search(r"--preset[ =](\S+)", record["command"])
    return named.group(1) if named else DEFAULT_PRESET


def _records(comparisons: Iterable[Comparison]) -> list[Record]:
    return [run.record for one in comparisons for variant in one.variants for run in variant.runs]
