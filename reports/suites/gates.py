"""The report of the suite ``gates``: claim 2, what AIOI's gates follow."""

import textwrap
from pathlib import Path
from typing import Any, Final

from bench.before_training import BEFORE
from bench.gates.facts import CROWDING, FACTORS, OCCLUSION, SIZE, STEPS
from bench.gates.sampling import BRANCHES
from bench.plan import Plan
from reports.measured.collection import collect, failure_table
from reports.measured.gates import CONTEXT, POOLED, RESPONSES, GateNetwork, read_gates
from reports.measured.results import plain
from reports.paper.claim2 import decisive, judge_gates
from reports.pictures.canvas import in_percent
from reports.pictures.gate_plot import GateExamples, Slopes, draw_maps, draw_slopes
from reports.sections import closing, described, unfinished, write_page
from reports.tables.cells import markdown
from reports.tables.files import RESULTS, write_frames
from reports.tables.gates import (
    claim_table,
    gates_frame,
    joint_table,
    mean_table,
    other_joint_table,
    pooled_table,
    unfinished_table,
)
from reports.tables.raw import results_frame
from reports.text import gates as text
from reports.text import prose
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
    found = judge_gates(networks, plain(results.comparisons))
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
        text.uncontrolled(networks),
        text.one_training(networks),
        markdown(claim_table(found), ["verdict"]) if found else "",
        text.LIMITS,
    ]
    for one in seen:
        sections += _network(one)
    if results.comparisons:
        sections.append("## The networks, those of suite `blocks`")
    sections += [told for one in results.comparisons for told in described(one, WORDS)]
    sections += unfinished(unfinished_table(networks, failure_table(results)))
    looks = [look.record for one in networks for look in one.looks]
    sections += closing(results.comparisons, [*results.records, *looks], text.INTERVALS)
    page = write_page(folder, sections)
    frames = {RESULTS: results_frame(results.comparisons, []), TABLE: gates_frame(networks)}
    return [page, *write_frames(folder, frames), *drawn]


def _network(network: GateNetwork) -> list[str]:
    return [
        f"## The gates of `{network.name}`",
        text.shown(network),
        markdown(mean_table(network)),
        "### Over all joints",
        markdown(pooled_table(network), ["on"]),
        text.SLOPES_READ,
        f"### Within each joint: {CONTEXT} on {OCCLUSION}",
        markdown(joint_table(network)),
        f"### Within each joint: {CONTEXT} on {SIZE} and {CROWDING}",
        markdown(other_joint_table(network)),
        f"![Slopes within each joint: {network.name}]({_name(SLOPES, network)})",
        "### Over example people",
        text.MAPS_READ,
        f"![Gates over people: {network.name}]({_name(MAPS, network)})",
    ]


def _draw(folder: Path, network: GateNetwork, subject: str) -> list[Path]:
    joints = (*network.joints, POOLED)
    controlled = network.seen(BEFORE)
    slopes, maps = (folder / _name(stem, network) for stem in (SLOPES, MAPS))
    draw_slopes(
        slopes,
        [
            [
                Slopes(*in_percent([network.slope(factor, response, joint) for joint in joints]))
                for response in RESPONSES
            ]
            for factor in FACTORS
        ],
        control=[
            Slopes(
                *in_percent(
                    [network.slope(factor, CONTEXT, joint, when=BEFORE) for joint in joints]
                )
            )
            for factor in FACTORS
            if controlled
        ],
        factors=[textwrap.fill(f"{factor}, {STEPS[factor]}", _WIDEST) for factor in FACTORS],
        gates=RESPONSES,
        joints=joints,
        title=f"What the gates of {network.name} follow within each joint\n{subject}",
        note=f"{text.PLOT_NOTE} {text.HOLLOW}" if controlled else text.PLOT_NOTE,
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


def _name(stem: str, network: GateNetwork) -> str:
    return f"{stem}_{network.name}.png"
