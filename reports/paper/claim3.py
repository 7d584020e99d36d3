"""The deck's third claim, part by part: what is claimed, what was measured, and whether it holds.

MSPAF-3 beats PAF-6 in mAP with 0.185 of the parameters, about 0.6 of the FLOPs and 0.543 of the
forward time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.measured.clocks import Times
from reports.measured.collection import Results
from reports.measured.results import AP, Comparison, Estimate, Variant, is_plain, plain
from reports.measured.stages import StageTiming, TimedStages
from reports.paper import deck
from reports.paper.verdicts import FAILS, HOLDS, OPEN, Part, difference_verdict
from reports.tables.cells import UNKNOWN, signed


@dataclass(frozen=True)
class Pair:
    """Both networks in one run of stages, at one input size."""

    paf6: TimedStages
    mspaf3: TimedStages

    @property
    def input_size(self) -> int:
        """Side of the input in pixels."""
        return self.paf6.pipeline.input_size

    @property
    def params(self) -> Estimate:
        """MSPAF-3 / PAF-6, counted."""
        return Estimate.certain(self.mspaf3.cost["params"] / self.paf6.cost["params"])

    @property
    def macs(self) -> Estimate:
        """MSPAF-3 / PAF-6, counted."""
        return Estimate.certain(self.mspaf3.cost["gmac"] / self.paf6.cost["gmac"])

    @property
    def time(self) -> Estimate:
        """MSPAF-3 / PAF-6, of the medians of the network's time."""
        return ratio_of_medians(self.mspaf3.network, self.paf6.network)


@dataclass(frozen=True)
class Trained:
    """Both pipelines trained on the same data, as far as they are finished."""

    comparison: Comparison
    paf6: Variant | None
    mspaf3: Variant | None

    @property
    def difference(self) -> Estimate | None:
        """AP of mspaf3 minus AP of paf6, paired; None where one is missing."""
        if self.paf6 is None or self.mspaf3 is None:
            return None
        return self.mspaf3.difference(self.paf6, AP)

    @property
    def macs_ratio(self) -> float | None:
        """Multiply-adds of mspaf3 over those of paf6, as trained; None where one is missing."""
        if self.paf6 is None or self.mspaf3 is None:
            return None
        one, other = (v.runs[0].measured["cost"]["gmac"] for v in (self.mspaf3, self.paf6))
        return float(one / other)

    @property
    def like_the_deck(self) -> bool:
        """Whether the trained networks' costs are to each other as the deck's are."""
        ratio = self.macs_ratio
        return ratio is not None and deck.LOWEST_MACS_RATIO <= ratio <= deck.HIGHEST_MACS_RATIO


def pairs(results: Results) -> list[Pair]:
    """Return both networks at each input size at which both were timed."""
    found = [
        (_timed(timing, "paf6"), _timed(timing, "mspaf3"))
        for timing in results.stages
        if timing.record is not None
    ]
    return [Pair(paf6, mspaf3) for paf6, mspaf3 in found if paf6 and mspaf3]


def trained(results: Results) -> Trained | None:
    """Return both pipelines in the first comparison of single views; None where there is none."""
    one = plain(results.comparisons)
    return None if one is None else Trained(one, _finished(one, "paf6"), _finished(one, "mspaf3"))


def parts(measured: Sequence[Pair], accuracy: Trained | None) -> list[Part]:
    """Return the claim's parts with a verdict each.

    Args:
        measured: the networks at full size.
        accuracy: the trained pipelines.
    """
    counted = at_macs_input(measured)
    difference = accuracy.difference if accuracy else None
    params, macs = (counted.params, counted.macs) if counted else (None, None)
    times: list[tuple[str, Estimate | None]] = [
        (f"{one.input_size} px", one.time) for one in measured
    ]
    return [
        Part(
            "parameters",
            "",
            f"{deck.PARAMS_RATIO} of PAF-6's",
            told_ratio(params),
            ratio_verdict(params, deck.HIGHEST_PARAMS_RATIO),
        ),
        Part(
            "multiply-adds",
            f"{counted.input_size} px" if counted else "",
            f"about {deck.MACS_RATIO} of PAF-6's",
            told_ratio(macs),
            ratio_verdict(macs, deck.HIGHEST_MACS_RATIO),
        ),
        *(
            Part(
                "forward time",
                at,
                f"{deck.TIME_RATIO} of PAF-6's",
                told_ratio(time),
                ratio_verdict(time, deck.HIGHEST_TIME_RATIO),
            )
            for at, time in times or [("", None)]
        ),
        Part(
            "mAP",
            "",
            "more than PAF-6's",
            UNKNOWN if difference is None else f"{signed(difference)} points",
            difference_verdict(difference) if accuracy and accuracy.like_the_deck else OPEN,
        ),
    ]


def at_macs_input(measured: Sequence[Pair]) -> Pair | None:
    """Return the pair at the input that the deck's multiply-adds fit, or else the first."""
    fitting = (one for one in measured if one.input_size == deck.MACS_INPUT)
    return next(fitting, next(iter(measured), None))


def ratio_verdict(ratio: Estimate | None, highest: float) -> str:
    """Return whether a cost is as low as claimed: all of its interval at most ``highest``."""
    if ratio is None or ratio.low <= highest < ratio.high:
        return OPEN
    return HOLDS if ratio.high <= highest else FAILS


def ratio_of_medians(one: Times, other: Times) -> Estimate:
    """Return a ratio of two medians with the interval that their own intervals leave it.

    Its ends are the extreme ratios of values in both 95 % intervals, so it covers the ratio with a
    probability of at least 90 %, whatever the two have in common (Bonferroni).
    """
    return Estimate(
        one["median_ms"] / other["median_ms"],
        one["low_ms"] / other["high_ms"],
        one["high_ms"] / other["low_ms"],
    )


def told_ratio(ratio: Estimate | None) -> str:
    """Return a ratio with the ends of its interval, where it has one."""
    if ratio is None:
        return UNKNOWN
    if ratio.low == ratio.high:
        return f"{ratio.value:.3f}"
    return f"{ratio.value:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]"


def _timed(timing: StageTiming, model: str) -> TimedStages | None:
    for one in timing.pipelines:
        if one.pipeline.model.name == model and is_plain(one.pipeline):
            return one
    return None


def _finished(comparison: Comparison, model: str) -> Variant | None:
    for one in comparison.variants:
        if one.runs and one.experiments[0].model.name == model:
            return one
    return None
