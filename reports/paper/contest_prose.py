"""The sentences on claims that some rows beat others: how they are decided, and how far it goes."""

from ablations.deck_tables import Rows
from ablations.pipeline_presets import PIPELINE_PRESETS
from reports.measured.results import Comparison
from reports.paper.contests import Finding, Standing
from reports.paper.deck_tables import Table
from reports.tables.cells import signed
from reports.text.words import listed


def table_read(found: Standing) -> str:
    """Return what the columns of the deck's table hold, and what is to know of its numbers."""
    table = found.table
    text = (
        f"*Deck*: mAP as printed, in percent, on {table.benchmark}. *Here*: {found.statistic} in "
        "percent with half the width of its 95 % interval; all rows learnt from the same images "
        f"and were judged alike.{_budgets(found)} *Δ*: difference in points from "
        f"{table.rows[0].method}, here with its paired 95 % interval. Levels on other data are "
        "not compared; differences are."
    )
    return f"{text}\n\n{table.remark}"


def decision(finding: Finding, found: Standing) -> str:
    """Return what decided a claim, or why it is not decided."""
    lines = []
    pair, several = finding.deciding, len(finding.pairs) > 1
    if pair is not None and pair.measured is not None:
        lines.append(
            f"{'Best against best by' if several else 'By'} {finding.statistic}: "
            f"**{pair.ahead}** against **{pair.behind}**, {signed(pair.measured)} "
            f"points; in the deck {_printed(finding, found.table)}."
        )
        if several:
            lines.append(
                "The best are picked by the very numbers that are then compared, which flatters "
                "both; so every pair stands above."
            )
    if finding.obstacles:
        lines.append(f"**Not decided:** {'; '.join(finding.obstacles)}.")
    return " ".join(lines)


def how_far(found: Standing, rows: Rows) -> str:
    """Return in plain words what the verdicts are about, and what would decide the deck's claims.

    Args:
        found: the table as measured.
        rows: of the suite, to tell the published size from others.
    """
    comparison, table = found.comparison, found.table
    if comparison is None or not comparison.runs:
        return ""
    rule = (
        "A claim *holds* where all of the paired 95 % interval of the deciding difference lies "
        "above 0, *does not hold* where all of it lies below, and is *not decided* where it "
        "contains 0, where a row is missing or learnt next to nothing, or where the data is not "
        f"of {table.benchmark}'s kind."
    )
    short = _short_of_the_deck(comparison, table, rows)
    if not short:
        return f"{rule} These rows are of the published size, on {comparison.tested.name}."
    return (
        f"{rule}\n\n**How far this carries.** This was judged {', '.join(short)}. The verdicts "
        "are about these trained networks on such images; what another budget or seed would say "
        f"is open. The deck's claims are about {table.benchmark} at the published sizes; what "
        "would decide them is several trainings of each row there: `python run_all.py --suite "
        f"{table.suite} --data {table.photographs} --data-root DIR --preset paper` (days of one "
        "GPU), and on the way there `--preset gpu` (three seeds, half the width)."
    )


def _budgets(found: Standing) -> str:
    """Return in what the finished rows differ, which share no budget: size, and steps."""
    variants = () if found.comparison is None else found.comparison.variants
    done = [one for one in variants if one.runs]
    if len(done) < 2:
        return ""
    params = {one.name: one.runs[0].measured["cost"]["params"] for one in done}
    ends = (min(params, key=params.__getitem__), max(params, key=params.__getitem__))
    told = " to ".join(f"{params[name]:,} ({name})" for name in ends)
    steps: dict[int, list[str]] = {}
    for one in done:
        steps.setdefault(one.experiments[0].train.steps, []).append(one.name)
    trained = (f"{count:,} steps ({listed(names)})" for count, names in steps.items())
    return (
        f" They share no budget: they have {told} parameters, and were trained for "
        f"{listed(list(trained))}."
    )


def _printed(finding: Finding, table: Table) -> str:
    ahead, behind = (table.best(names) for names in (finding.claim.ahead, finding.claim.behind))
    return f"{ahead.score - behind.score:+.1f}"


def _short_of_the_deck(comparison: Comparison, table: Table, rows: Rows) -> list[str]:
    """Return in what the measurement is less than the deck's, as parts of a sentence."""
    short = []
    if comparison.tested.name == table.rendered:
        short.append(f"on rendered data (`{table.rendered}`, made to be like {table.benchmark})")
    elif comparison.tested.name != table.photographs:
        short.append(f"on `{comparison.tested.name}`")
    published = rows(PIPELINE_PRESETS["paper"].model)
    models = {one.name: one.experiments[0].model for one in comparison.variants}
    if any(published.get(name) != model for name, model in models.items()):
        side = comparison.protocol.input_size
        short.append(f"at reduced size (an input of {side} px, widths under *Models* below)")
    seeds = max(len(one.runs) for one in comparison.variants)
    if seeds == 1:
        short.append("with one seed: each row was trained once")
    return short
