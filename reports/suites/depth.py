"""The report of the suite ``depth``: claim 1's second half, what blocks gain by depth."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from bench.plan import Plan
from reports.measured.collection import Results, collect, failure_table
from reports.measured.ladders import Ladder, Rung, gain, ladders, shared_shares
from reports.measured.results import AP, Estimate
from reports.paper.claim1_depth import DepthFinding, judge_depth
from reports.pictures.canvas import in_percent
from reports.pictures.depth_plot import DepthLine, draw_depths
from reports.sections import closing, described, unfinished, write_page
from reports.tables.cells import markdown
from reports.tables.depth import claim_table, step_table
from reports.tables.errors import error_sections
from reports.tables.files import RESULTS, write_frames
from reports.tables.raw import results_frame
from reports.text import depth as text
from reports.text import prose
from reports.text.words import Words

PLOT: Final = "accuracy_vs_depth.png"
WORDS: Final = Words(
    title="Blocks by depth",
    question=text.QUESTION,
    thing="network",
    reference="",
    shape=("depth", "width"),
)


def write_report(folder: Path, plan: Plan) -> list[Path]:
    """Write report, table and plot of a plan into a suite's folder; return their paths.

    What has no trusted record in ``records`` there is named with the reason.
    """
    results = collect(folder, plan, WORDS)
    found = [ladder for one in results.comparisons for ladder in ladders(one)]
    finding = judge_depth(found)
    sections = [
        prose.head(results.comparisons, WORDS),
        *_claim(finding),
        *_draw(folder / PLOT, found, prose.subject(results.comparisons)),
        *_steps(found),
        *_networks(results),
    ]
    sections += unfinished(failure_table(results))
    sections += closing(results.comparisons, results.records)
    page = write_page(folder, sections)
    tables = write_frames(folder, {RESULTS: results_frame(results.comparisons, [])})
    drawn = [folder / PLOT] if (folder / PLOT).exists() else []
    return [page, *tables, *drawn]


def _claim(finding: DepthFinding) -> list[str]:
    return [
        f"## Claim 1, second half, deeper networks can be built from IOI: {finding.verdict}",
        text.CLAIM,
        markdown(claim_table(finding), ["verdict"]),
        text.decided(finding),
    ]


def _steps(found: Sequence[Ladder]) -> list[str]:
    table = step_table(found)
    if not len(table):
        return []
    return [
        "## What each step of depth wins",
        markdown(table, ["by AP", "saturates"]),
        text.STEPS,
        text.in_short(found),
    ]


def _networks(results: Results) -> list[str]:
    """Return how the networks were sized, trained and judged."""
    sections = []
    for one in results.comparisons:
        sections += ["## The networks", *described(one, WORDS), *error_sections(one, WORDS, "")]
    return sections


def _draw(path: Path, found: Sequence[Ladder], subject: str) -> list[str]:
    """Draw the picture anew and return how it is embedded; nothing where nothing finished."""
    path.unlink(missing_ok=True)
    drawn = [one for one in found if one.finished]
    if not drawn:
        return []
    shares = shared_shares(drawn)
    draw_depths(
        path,
        [_line(one, shares) for one in drawn],
        title=f"Accuracy against depth\n{subject}",
        note=text.PLOT_NOTE,
    )
    return [f"![AP against depth]({path.name})"]


def _line(ladder: Ladder, shares: Sequence[Fraction]) -> DepthLine:
    rungs = ladder.finished
    accuracy = in_percent([one.variant.estimate(AP) for one in rungs])
    wins = {share: won for share in shares if (won := _won(ladder, shares[0], share)) is not None}
    return DepthLine(
        ladder.block,
        ladder.place,
        np.array([one.depth for one in rungs]),
        np.array([_millions(one) for one in rungs]),
        *accuracy,
        np.array([float(share) for share in wins]),
        *in_percent(list(wins.values())),
    )


def _won(ladder: Ladder, low: Fraction, share: Fraction) -> Estimate | None:
    if share > low:
        return gain(ladder, low, share)
    first = ladder.at(low)
    return Estimate(0.0, 0.0, 0.0) if first is not None and first.variant.runs else None


def _millions(rung: Rung) -> float:
    return (rung.params or 0) / 1e6
