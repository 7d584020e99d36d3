"""The sections of a report on where the time of an image goes, and what people cost."""

from collections.abc import Sequence
from pathlib import Path

from reports.measured.stages import StageTiming, decode_table, stage_table
from reports.tables.cells import markdown
from reports.tables.clocks import tail_table
from reports.tables.people import end_to_end_table, macs_table
from reports.text import people, times
from reports.text.words import Words


def stage_sections(timing: StageTiming, words: Words, drawn: Sequence[Path]) -> list[str]:
    """Return the sections on one run over all stages; none where it has no record.

    Args:
        timing: the run.
        words: of the suite.
        drawn: pictures of latency against people.
    """
    if timing.record is None:
        return []
    decoding, whole, macs = (
        table(timing, words) for table in (decode_table, end_to_end_table, macs_table)
    )
    sections = [
        f"## Latency in stages, {timing.sizes}",
        markdown(stage_table(timing, words)),
        times.stages(timing),
        people.top_down(timing),
    ]
    sections += [times.in_one_call(timing), markdown(tail_table(timing, words))]
    if len(decoding):
        sections += ["Decoding by the number of people in the image:", markdown(decoding)]
    if len(whole):
        sections += ["From end to end by the number of people in the image:", markdown(whole)]
        sections.append(people.END_TO_END)
    if len(macs):
        sections += ["Multiply-adds by the number of people in the image:"]
        sections += [markdown(macs, ["not counted"]), people.MACS]
    return sections + [f"![Latency against people: {one.stem}]({one.name})" for one in drawn]
