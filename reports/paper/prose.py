"""The sentences on what of the deck's Table 1 is reproduced, how closely, and what is inferred."""

from collections.abc import Sequence

from reports.measured.collection import Results
from reports.measured.stages import TimedStages
from reports.paper import deck
from reports.paper.claim3 import Pair, Trained, at_macs_input
from reports.tables.cells import figures, signed

COCO = "coco"  # as a data set is named
CLOSE = 0.1  # a ratio within a tenth of the deck's is called close


def how_read(results: Results, measured: Sequence[Pair]) -> str:
    """Return what the columns of Table 1 hold."""
    text = (
        "*Deck*: as printed. Its TFLOPS are taken for multiply-adds at "
        f"{deck.MACS_INPUT} px (inferred), and for which input its forward time was taken is not "
        "said. *Here*: parameters and multiply-adds of the networks at full size, counted; the "
        "median time of the network alone, without preprocessing and decoding, with its 95 % "
        "interval. A ratio of times has in brackets the extreme ratios that both medians' "
        "intervals allow, which cover it with a probability of at least 90 %. Both networks were "
        "timed in one run, in turn; see *Latency in stages* for the machine."
    )
    missing = [f"{one.sizes}: {one.reason}" for one in results.stages if one.reason]
    if missing:
        text += f" **Not timed:** {'; '.join(missing)}."
    scaled = [one for pair in measured for one in (pair.paf6, pair.mspaf3) if _width(one) != 1]
    if scaled:
        told = dict.fromkeys(f"{one.name} at {_width(one):g}" for one in scaled)
        text += f" **Not at full width:** {', '.join(told)}; the deck's are other networks."
    return text


def verdicts_read(accuracy: Trained | None) -> str:
    """Return how the verdicts on claim 3 are decided, and how far they carry."""
    text = (
        "A cost *holds* where the whole interval of its ratio is at most the deck's, with a "
        f"tolerance: up to {deck.HIGHEST_PARAMS_RATIO:.3f} for parameters and "
        f"{deck.HIGHEST_TIME_RATIO:.3f} for time (a twentieth more), up to "
        f"{deck.HIGHEST_MACS_RATIO:.3f} for multiply-adds, which the deck prints to one digit. "
        "mAP *holds* where the paired 95 % interval of the difference lies above 0. Where an "
        "interval contains the limit, the part is *not decided*. The whole claim *holds* where "
        "every part does; a part on which two inputs disagree is not decided, for the deck names "
        "no input. A ratio of times belongs to a kind of machine; the deck's is a GPU."
    )
    if accuracy is None:
        return text
    text += f" {_trained_on(accuracy)}"
    if _elsewhere(accuracy):
        text += f" That decides nothing about {_elsewhere(accuracy)}."
    if accuracy.macs_ratio is not None and not accuracy.like_the_deck:
        text += (
            f" **As trained here, mspaf3 has {accuracy.macs_ratio:.2f} of paf6's multiply-adds, "
            f"which is not the deck's pair (about {deck.MACS_RATIO}), so mAP is not decided, "
            "whatever the difference.**"
        )
    untaught = [
        one.name for one in (accuracy.paf6, accuracy.mspaf3) if one is not None and not one.taught
    ]
    if untaught:
        text += (
            f" **{' and '.join(untaught)} learnt next to nothing in this budget (the interval of "
            "AP contains 0), so the difference says more of the budget than of the networks.**"
        )
    runs = [len(one.runs) for one in (accuracy.paf6, accuracy.mspaf3) if one is not None]
    if runs and max(runs) == 1:
        text += (
            " Each pipeline was trained once: the verdict on mAP is on these trained models; on "
            "the networks, only several seeds can decide."
        )
    return text


def how_closely(measured: Sequence[Pair], accuracy: Trained | None) -> str:
    """Return in plain words what is reproduced exactly, closely, or only elsewhere."""
    counted = at_macs_input(measured)
    if counted is None:
        lines = ["- **Parameters, multiply-adds, time: not measured**; see what did not finish."]
    else:
        lines = [_params_line(counted), _macs_line(counted), *map(_time_line, measured)]
    return "\n".join([*lines, _accuracy_line(accuracy)])


def inferred() -> str:
    """Return what is this project's reconstruction and not the deck's word."""
    return (
        "**Inferred**, and so no evidence by itself: MSPAF-3's layer table, which was never "
        "published and is fitted to the deck's 9.66 M parameters and 0.03 T; that TFLOPS are "
        f"multiply-adds at {deck.MACS_INPUT} px; the light attention gate of its blocks, which is "
        "this project's own. The splits behind the deck's two mAP are not said and may differ."
    )


def _trained_on(accuracy: Trained) -> str:
    data = accuracy.comparison.data
    widths = "/".join(dict.fromkeys(f"{width:g}" for width in _widths(accuracy)))
    return (
        f"mAP here is on {data.name}, of networks of {widths} of the full width and an "
        f"input of {accuracy.comparison.protocol.input_size} px, trained on it alone."
    )


def _widths(accuracy: Trained) -> list[float]:
    models = [one.experiments[0].model for one in accuracy.comparison.variants]
    return [model.arguments.get("width", 1.0) for model in models]


def _params_line(pair: Pair) -> str:
    told: list[str] = []
    same: list[str] = []
    for row, stages in ((deck.PAF6, pair.paf6), (deck.MSPAF3, pair.mspaf3)):
        count = stages.cost["params"]
        exact = f"{count / 1e6:.2f}" == f"{row.params_m:.2f}"
        off = 100 * (count / 1e6 / row.params_m - 1)
        apart = f"{abs(off):.1f} % {'below' if off < 0 else 'above'}"
        told.append(
            f"{stages.name} has {count:,}, {'exactly' if exact else apart} the deck's "
            f"{row.params_m} M"
        )
        if exact:
            same.append(stages.name)
    exactly = "not exactly" if not same else "exactly" if len(same) == 2 else f"{same[0]} exactly"
    return (
        f"- **Parameters: {exactly}.** {'; '.join(told)}. PAF-6's layers are published, MSPAF-3's "
        "were fitted to that figure."
    )


def _macs_line(pair: Pair) -> str:
    if pair.input_size != deck.MACS_INPUT:
        return f"- **Multiply-adds: not compared;** none were counted at {deck.MACS_INPUT} px."
    rows = ((deck.PAF6, pair.paf6), (deck.MSPAF3, pair.mspaf3))
    told = [f"{stages.name} {figures(stages.cost['gmac'])} G" for _, stages in rows]
    close = all(round(stages.cost["gmac"] / 1e3, 2) == row.tera for row, stages in rows)
    return (
        f"- **Multiply-adds: {'closely' if close else 'not'}.** {' and '.join(told)} at "
        f"{pair.input_size} px "
        + ("round" if close else "do not round")
        + f" to the deck's {deck.PAF6.tera} T and {deck.MSPAF3.tera} T, which have one digit."
    )


def _time_line(pair: Pair) -> str:
    off = pair.time.value / deck.TIME_RATIO - 1
    close = "closely" if abs(off) <= CLOSE else "not closely"
    return (
        f"- **Time ratio at {pair.input_size} px: {close}.** {pair.time.value:.3f} on this machine "
        f"against the deck's {deck.TIME_RATIO}, {100 * off:+.0f} %. The times themselves are "
        "another machine's and are not compared."
    )


def _accuracy_line(accuracy: Trained | None) -> str:
    difference = accuracy.difference if accuracy else None
    if accuracy is None or difference is None:
        return "- **mAP: not measured**; see what did not finish."
    missing = _elsewhere(accuracy)
    how = f"only elsewhere (not {missing})" if missing else "in the deck's own setting"
    return (
        f"- **mAP: measured {how}.** {_trained_on(accuracy)} The difference is "
        f"{signed(difference)} points; the deck's {deck.MSPAF3.ap - deck.PAF6.ap:+.1f}."
    )


def _elsewhere(accuracy: Trained) -> str:
    """Return what of the deck's setting the trained networks do not have; "" where they do."""
    missing = []
    if accuracy.comparison.data.name != COCO:
        missing.append("COCO")
    if any(width != 1 for width in _widths(accuracy)):
        missing.append("full width")
    return " at ".join(missing)


def _width(stages: TimedStages) -> float:
    width: float = stages.pipeline.model.arguments.get("width", 1.0)
    return width
