"""The report of the suite ``receptive_field``: claim 1's first half, rule by rule."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ablations.receptive_field import CHAIN_DEPTH, CHAIN_REACH, CHAIN_RULES, CHANNELS
from bench.before_training import AFTER, BEFORE
from bench.plan import Plan
from bench.receptive_fields.spectrum import shares
from reports.measured.collection import Results, collect, failure_table
from reports.measured.effective_fields import KINDS, BlockFields, read_fields
from reports.measured.spectra import (
    COUNTED,
    SHORT,
    WEIGHTED,
    BlockPaths,
    Chain,
    read_spectra,
    spectra_frame,
)
from reports.paper.claim1 import (
    RULE_NAMES,
    FieldFinding,
    PathFinding,
    in_words,
    judge_fields,
    judge_paths,
    over_rules,
)
from reports.pictures.field_plot import (
    FieldCurves,
    SpectrumBars,
    draw_effective_fields,
    draw_spectra,
)
from reports.sections import closing, described, embedded, unfinished, write_page
from reports.tables.cells import markdown
from reports.tables.files import RESULTS, write_frames
from reports.tables.raw import results_frame
from reports.tables.receptive_fields import (
    chain_table,
    field_claim_table,
    field_table,
    fields_frame,
    path_claim_table,
    unfinished_table,
)
from reports.text import fields as text
from reports.text import prose
from reports.text.words import Words

SPECTRA = "receptive_field_spectra"
FIELDS = "effective_fields"
WORDS = Words(
    title="Receptive fields of blocks",
    question="",
    thing="block",
    reference="residual",
    shape=("depth", "width"),
)
_RULE_TOLD: Mapping[str, str] = {
    "reach": f"as many blocks as bring the longest path nearest to {CHAIN_REACH} cells",
    "params": "as many blocks as have the parameters of one `ioi`",
    "blocks": f"{CHAIN_DEPTH} blocks of each",
}


def write_report(folder: Path, plan: Plan) -> list[Path]:
    """Write report, tables and plots of a plan into a suite's folder; return their paths.

    What has no trusted record in ``records`` there is named with the reason.
    """
    results = collect(folder, plan, WORDS)
    spectra, fields = read_spectra(folder, plan.spectra), read_fields(folder, plan.fields)
    # Networks of one plan share their stem, and so what is near.
    near = next((look.near for one in fields for look in one.looks), 0.0)
    subject = prose.subject(results.comparisons)
    pictures = _draw(folder, spectra, fields, subject)
    sections = [
        f"# {WORDS.title}: {subject}",
        text.QUESTION,
        *_claim(judge_paths(spectra), judge_fields(fields, near), fields, near),
        *_chains(spectra, pictures),
        *_fields(fields, near, pictures),
        *_networks(results),
    ]
    sections += unfinished(unfinished_table(spectra, fields, failure_table(results)))
    others = [one.record for one in spectra if one.record]
    others += [look.record for one in fields for look in one.looks]
    sections += closing(results.comparisons, [*results.records, *others], text.INTERVALS)
    page = write_page(folder, sections)
    tables = _write_tables(folder, results, spectra, fields, near)
    return [page, *tables, *pictures]


def _claim(
    paths: Sequence[PathFinding],
    found: Sequence[FieldFinding],
    fields: Sequence[BlockFields],
    near: float,
) -> list[str]:
    return [
        f"## Claim 1, first half: {over_rules(paths, COUNTED)} where paths are counted, "
        f"{over_rules(paths, WEIGHTED)} where they are weighed",
        text.CLAIM,
        f"- Counted: {in_words(paths, COUNTED)}.\n- By weight: {in_words(paths, WEIGHTED)}.\n"
        f"- {text.used(found)}",
        markdown(path_claim_table(paths), ["at equal", "verdict"]),
        text.why_rules_differ(paths),
        "**What the networks use** (energy near the centre, %)",
        markdown(field_claim_table(found), ["training", "verdict"]),
        text.fields_read(fields, near),
    ]


def _chains(spectra: Sequence[BlockPaths], pictures: Sequence[Path]) -> list[str]:
    sections = ["## Paths through chains of blocks", text.chains_read(CHANNELS)]
    sections += embedded(_of(pictures, SPECTRA), "Path spectra")
    for rule in CHAIN_RULES:
        table = chain_table(spectra, rule)
        if len(table):
            sections += [
                f"### At equal {RULE_NAMES[rule]}: {_RULE_TOLD[rule]}",
                markdown(table, [""] if "" in table else []),
            ]
    return sections


def _fields(fields: Sequence[BlockFields], near: float, pictures: Sequence[Path]) -> list[str]:
    sections = []
    for kind in KINDS:
        table = field_table(fields, kind, near)
        if len(table):
            sections += [f"### On {text.KIND_NAMES[kind]}", markdown(table)]
            sections += embedded(_of(pictures, f"{FIELDS}_{kind}"), "Effective receptive fields")
    heading = ["## Effective receptive fields of the pose networks", text.FIELDS_READ]
    return [*heading, *sections] if sections else []


def _networks(results: Results) -> list[str]:
    """Return how the networks were sized, trained and judged."""
    sections = ["## The networks", text.NETWORKS]
    sections += [told for one in results.comparisons for told in described(one, WORDS)]
    return sections if results.comparisons else []


def _draw(
    folder: Path, spectra: Sequence[BlockPaths], fields: Sequence[BlockFields], subject: str
) -> list[Path]:
    """Draw the pictures anew and return their paths."""
    for pattern in (f"{SPECTRA}*.png", f"{FIELDS}*.png"):
        for path in folder.glob(pattern):
            path.unlink()
    names = [*(one.experiment.block for one in spectra), *(one.name for one in fields)]
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    drawn = []
    whole = [one for one in spectra if all(rule in one.chains for rule in CHAIN_RULES)]
    if whole:
        drawn.append(folder / f"{SPECTRA}.png")
        draw_spectra(
            drawn[-1],
            [
                (
                    f"equal {RULE_NAMES[rule]}",
                    [
                        _bars(one.experiment.block, places[one.experiment.block], one.chains[rule])
                        for one in whole
                    ],
                )
                for rule in CHAIN_RULES
            ],
            near=SHORT,
            unit="cells",
            title="Paths through chains of blocks, by their receptive field",
            note="Counted from the traced graphs. A merge shares a path's weight equally among "
            "its operands. Paths into gates are left out.",
        )
    seen = [one for one in fields if one.looks]
    for kind in KINDS if seen else ():
        drawn.append(folder / f"{FIELDS}_{kind}.png")
        draw_effective_fields(
            drawn[-1],
            [
                FieldCurves(
                    one.name,
                    places[one.name],
                    *(one.mean_field(kind, when) for when in (BEFORE, AFTER)),
                )
                for one in seen
            ],
            title=f"What a central output depends on, on {text.KIND_NAMES[kind]}\n{subject}",
            note=text.images_told(seen, kind),
        )
    return drawn


def _bars(name: str, place: int, chain: Chain) -> SpectrumBars:
    sizes = sorted(chain.paths)
    counted, weighed = shares(chain.paths), shares(chain.weights)
    return SpectrumBars(
        name,
        place,
        chain.depth,
        np.array(sizes),
        np.array([float(counted[size]) for size in sizes]),
        np.array([float(weighed[size]) for size in sizes]),
    )


def _write_tables(
    folder: Path,
    results: Results,
    spectra: Sequence[BlockPaths],
    fields: Sequence[BlockFields],
    near: float,
) -> list[Path]:
    frames = {
        RESULTS: results_frame(results.comparisons, []),
        "spectra.csv": spectra_frame(spectra),
        "effective_fields.csv": fields_frame(fields, near),
    }
    return write_frames(folder, frames)


def _of(pictures: Sequence[Path], stem: str) -> list[Path]:
    return [path for path in pictures if path.stem == stem]
