"""The sentences on how a comparison was made: protocol, data, models, training, matching rule."""

from bench.experiment import DataSpec, TrainSpec
from reports.measured.results import PCK, Comparison
from reports.text.words import Words, data_name

RULES = {
    "params": "the parameters of the whole network",
    "macs": "the multiply-adds of the whole network",
    "blocks": "the number of blocks and the width",
}


def setting(comparison: Comparison, words: Words) -> str:
    """Return protocol, data, training and matching rule, one line each."""
    extent = (
        f" {PCK} is of the person's extent, the longer side of the ground-truth box."
        if PCK in comparison.statistics
        else ""
    )
    lines = [
        f"- **Protocol:** {comparison.protocol}.{extent}",
        f"- **Data:** {_data(comparison)}; {_people(comparison)}joints of "
        f"{comparison.tested.skeleton}.",
        *_models(comparison, words),
        f"- **Training:** {_training(comparison, words)}",
        *_processes(comparison),
        f"- **Matching rule:** {_matching(comparison)}",
    ]
    return "\n".join(lines)


def same_weights(comparison: Comparison) -> str:
    """Return the protocol of a comparison whose models stand in an earlier one."""
    protocol = f"- **Protocol:** {comparison.protocol}."
    if comparison.tested != comparison.data:
        told = f"- **Data:** {_data(comparison)}.\n- **Models and weights:** those above."
    else:
        told = "- **Data, models and weights:** those of the single view above."
    return f"{protocol}\n{told}"


def view(comparison: Comparison) -> str:
    """Return what the network sees, "crop" or "image"."""
    return "crop" if comparison.data.crop_size else "image"


def schedules(comparison: Comparison) -> dict[TrainSpec, list[str]]:
    """Return each schedule with the variants that were trained by it."""
    found: dict[TrainSpec, list[str]] = {}
    for variant in comparison.variants:
        if not variant.is_baseline:
            for spec in dict.fromkeys(one.train for one in variant.experiments):
                found.setdefault(spec, []).append(variant.name)
    return found


def _data(comparison: Comparison) -> str:
    """Return how many images of which data were trained and judged on."""
    data, tested = comparison.data, comparison.tested
    train = f"{data.train_images:,}" if data.train_images else "all"
    val = f"{comparison.images:,}" if comparison.images else "an unknown number of"
    if any(one.mixture for variant in comparison.variants for one in variant.experiments):
        return (
            f"judged on {data_name(tested)}, {val} validation images{_scenes(tested)}; what each "
            "row learns from stands above"
        )
    if tested == data:
        return f"{data_name(data)}, {train} training and {val} validation images{_scenes(data)}"
    return (
        f"trained on {data_name(data)}, {train} training images{_scenes(data)}; judged on "
        f"{data_name(tested)}, {val} validation images{_scenes(tested)}"
    )


def _scenes(data: DataSpec) -> str:
    return f" of {data.image_size} px, renderer seed {data.seed}" if data.image_size else ""


def _models(comparison: Comparison, words: Words) -> list[str]:
    """Return every model with its arguments, unless the table has a column of its size."""
    if words.shape:
        return []
    rows = []
    for variant in comparison.variants:
        model = variant.experiments[0].model
        told = ", ".join(f"{name} {value}" for name, value in sorted(model.arguments.items()))
        rows.append(f"\n  - {variant.name}: `{model.name}`, {told or 'as published'}.")
    return [f"- **Models:**{''.join(rows)}"]


def _people(comparison: Comparison) -> str:
    for run in comparison.runs[:1]:
        return f"{sum(run.record['evidence']['oks']['positives']):,} people in validation; "
    return ""


def _training(comparison: Comparison, words: Words) -> str:
    found = schedules(comparison)
    told = [_schedule(spec, view(comparison)) for spec in found]
    if not told:
        return "only the baseline was planned."
    if len(told) == 1:
        return f"{told[0]}; the same for every {words.thing}."
    named = zip(found.values(), told, strict=True)
    rows = [f"\n  - {', '.join(names)}: {one}." for names, one in named]
    return f"**differs between rows:**{''.join(rows)}"


def _processes(comparison: Comparison) -> list[str]:
    """Return how many processes trained a network together, where that was ever more than one."""
    trained = [
        (run.measured["training"].get("processes", 1), run.experiment.train.device)
        for variant in comparison.variants
        if not variant.is_baseline
        for run in variant.runs
    ]
    many = sorted({processes for processes, _ in trained})
    if not many or many[-1] == 1:
        return []
    told = " or ".join(map(str, many))
    seen = "the whole batch" if all(device == "cuda" for _, device in trained) else "its own share"
    return [
        f"- **Processes:** {told} trained a network together, each with an equal share of every "
        f"batch; batch norms of each saw {seen}."
    ]


def _schedule(train: TrainSpec, seen: str) -> str:
    return (
        f"{train.steps:,} steps of {train.batch_size} {seen}s, AdamW at {train.learning_rate:g} "
        f"(weight decay {train.weight_decay:g}), {100 * train.warmup:g} % warm-up, then a cosine "
        "to 0; "
        f"rotation ±{train.rotation:g}°, zoom ×{train.scale:g}, shift {100 * train.shift:g} %, "
        f"{'mirrored' if train.flip else 'not mirrored'}; {train.precision} on {train.device}"
    )


def _matching(comparison: Comparison) -> str:
    matches = [
        (variant.name, run.measured["match"])
        for variant in comparison.variants
        for run in variant.runs[:1]
        if run.measured.get("match")
    ]
    if not matches:
        params = [one.runs[0].measured["cost"]["params"] for one in comparison.ranked]
        ends = dict.fromkeys(f"{end:,}" for end in (min(params), max(params))) if params else {}
        return f"none is recorded; parameters: {' to '.join(ends) or 'not known'}."
    rules = dict.fromkeys(match["rule"] for _, match in matches)
    shared = " and ".join(f"`{rule}` (equal: {RULES.get(rule, rule)})" for rule in rules)
    name, worst = max(matches, key=lambda item: abs(item[1]["mismatch"]))
    mixed = " **Rows were matched by different rules.**" if len(rules) > 1 else ""
    off = f"{100 * worst['mismatch']:+.1f} % ({name})"
    return f"{shared}; the largest residual mismatch is {off}.{mixed}"
