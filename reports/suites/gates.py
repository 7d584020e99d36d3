"""The report of the suite ``gates``: claim 2, what AIOI's gates follow."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.gates.facts import FACTORS, STEPS
from bench.gates.sampling import BRANCHES
from bench.plan import Plan
from reports.measured.collection import Results, collect, failure_table
from reports.measured.gates import CONTEXT, POOLED, RESPONSES, GateNetwork, read_gates
from reports.measured.results import Estimate, is_plain
from reports.page import REPORT
from reports.paper.claim2 import decisive, judge_gates
from reports.pictures.gate_plot import GateExamples, Slopes, draw_maps, draw_slopes
from reports.provenance import provenance
from reports.tables.cells import markdown
from reports.tables.comparisons import STANDING, accuracy_table
from reports.tables.files import RESULTS, write_frames
from reports.tables.gates import (
    claim_table,
    gates_frame,
    joint_table,
    pooled_table,
    unfinished_table,
)
from reports.tables.raw import results_frame
from reports.text import gates as text
from reports.text import prose
from reports.text.setting import setting
from reports.text.words import Words

SLOPES: Final = "gate_slopes"
MAPS: Final = "gate_maps"
TABLE: Final = "gates.csv"
_WIDEST: Final = 40  # characters of a line over a plot
WORDS: Final = Words(
    title="Gates of attention",
    question="",
    thing="block",
    reference="aioi",
    shape=("depth", "width"),
)


def write_report(folder: Path, plan: Plan) -> list[Path]:
    """Write report, tables and pictures of a plan into a suite's folder; return their paths.

    What has no trusted record in ``records`` there is named with the reason.
    """
    results = collect(folder, plan, WORDS)
    networks = read_gates(folder, plan.gates)
    trained = next((one for one in results.comparisons if is_plain(one.protocol)), None)
    found = judge_gates(networks, trained)
    subject = prose.subject(results.comparisons)
    for pattern in (f"{SLOPES}_*.png", f"{MAPS}_*.png"):
        for path in folder.glob(pattern):
            path.unlink()
    seen = [one for one in networks if one.looks]
    drawn = [path for one in seen for path in _draw(folder, one, subject)]
    sections = [
        f"# {WORDS.title}: {subject}",
        text.QUESTION,
        f"## Claim 2, the gates follow what a joint needs: {decisive(found).verdict}",
        text.CLAIM,
        text.in_short(found),
        text.one_training(networks),
        markdown(claim_table(found), ["verdict"]) if found else "",
        text.LIMITS,
    ]
    for one in seen:
        sections += _network(one)
    sections += _trained(results)
    unfinished = unfinished_table(networks, failure_table(results))
    if len(unfinished):
        sections += ["## What did not finish", markdown(unfinished, ["reason"])]
    sections += [prose.INTERVALS_HEADING, prose.intervals(results.comparisons), text.INTERVALS]
    looks = [look.record for one in networks for look in one.looks]
    sections.append(provenance([*results.records, *looks]))
    whole = "\n\n".join(section for section in sections if section)
    (folder / REPORT).write_text(f"{whole}\n", encoding="utf-8")
    frames = {RESULTS: results_frame(results.comparisons, []), TABLE: gates_frame(networks)}
    return [folder / REPORT, *write_frames(folder, frames), *drawn]


def _network(network: GateNetwork) -> list[str]:
    return [
        f"## The gates of `{network.name}`",
        text.shown(network),
        markdown(pooled_table(network)),
        text.SLOPES_READ,
        f"### Within each joint: {CONTEXT}",
        markdown(joint_table(network)),
        f"![Slopes within each joint: {network.name}]({_name(SLOPES, network)})",
        "### Over example people",
        text.MAPS_READ,
        f"![Gates over people: {network.name}]({_name(MAPS, network)})",
    ]


def _trained(results: Results) -> list[str]:
    """Return how the networks were sized, trained and judged."""
    sections = ["## The networks, those of suite `blocks`"] if results.comparisons else []
    for one in results.comparisons:
        table = markdown(accuracy_table(one, [], WORDS, {}), [STANDING])
        sections += [setting(one, WORDS), table, prose.reading(one, "")]
    return sections


def _draw(folder: Path, network: GateNetwork, subject: str) -> list[Path]:
    joints = (*network.joints, POOLED)
    slopes, maps = (folder / _name(stem, network) for stem in (SLOPES, MAPS))
    draw_slopes(
        slopes,
        [
            [
                _column([network.slope(factor, response, joint) for joint in joints])
                for response in RESPONSES
            ]
            for factor in FACTORS
        ],
        factors=[textwrap.fill(f"{factor}, {STEPS[factor]}", _WIDEST) for factor in FACTORS],
        gates=RESPONSES,
        joints=joints,
        title=f"What the gates of {network.name} follow within each joint\n{subject}",
        note=text.PLOT_NOTE,
    )
    kept: dict[str, Any] = network.looks[0].examples
    draw_maps(
        maps,
        GateExamples(**kept),
        branches=BRANCHES,
        difference=CONTEXT,
        title=f"The gates of {network.name} over people\n{subject}",
        note=text.MAPS_NOTE,
    )
    return [slopes, maps]


def _column(estimates: Sequence[Estimate | None]) -> Slopes:
    rows = [(np.nan,) * 3 if one is None else (one.value, one.low, one.high) for one in estimates]
    numbers = 100 * np.array(rows)
    return Slopes(numbers[:, 0], numbers[:, 1:])


def _name(stem: str, network: GateNetwork) -> str:
    return f"{stem}_{network.name}.png"
