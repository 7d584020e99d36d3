"""Two records of one experiment beside each other: results to the last digit, clocks apart."""

from collections.abc import Iterator, Sequence
from typing import Any

from bench.records import Record

#: Parts of "measured" that are results. The rest is the clock's, or says where it ran.
_RESULTS = frozenset(
    {"accuracy", "cost", "final_loss", "match"}
    | {"steps", "stride", "people", "images"}  # of ceilings
    | {"gmac_by_people", "found"}  # of stages
    | {"chains", "fields", "near"}  # of receptive fields
    | {"gates", "gates_before", "joints"}  # of gates and of annotations
)
_WIDE = 40  # characters of text in a cell
_DIGITS = 12  # of a sha256
_NOTHING = "–"
_SAME, _ONE = "identical", "only one has it"

Row = tuple[str, str, str, str]


def side_by_side(before: Record, after: Record) -> str:
    """Return what both records of an experiment say, as lines of text.

    Results and artefacts come first, each "identical" or by how much it differs; then times,
    which never are; then what differs in the environment; and the verdict.
    """
    results, times = _measured(before, after)
    files = [
        (name, _shown(old)[:_DIGITS], _shown(new)[:_DIGITS], _verdict(old, new))
        for name, old, new in _pairs(before["files"], after["files"])
    ]
    environment = [
        (name, _shown(old), _shown(new), "")
        for name, old, new in _pairs(before["environment"], after["environment"])
        if old != new
    ]
    parts = {
        "results": results,
        "artefacts, by sha256": files,
        "times and how they were taken": times,
        "environment, where it differs": environment,
    }
    head = ("", "on record", "run again", "")
    lines = _aligned([head, *(row for rows in parts.values() for row in rows)])
    told = [next(lines)]
    for title, rows in parts.items():
        if rows:
            told += [f"{title}:", *(next(lines) for _ in rows)]
    return "\n".join([*told, verdict(before, after)])


def verdict(before: Record, after: Record) -> str:
    """Return in one line whether the results of both records are the same."""
    if after["status"] != "done" or before["status"] != "done":
        return f"on record: {_state(before)}; run again: {_state(after)}"
    rows, _ = _measured(before, after)
    both = [row for row in rows if row[-1] != _ONE]
    differ = [name for name, *_, told in both if told != _SAME]
    if not both:
        return "times alone, of which no two are the same"
    if differ:
        return f"{len(differ)} of {len(both)} results differ: {', '.join(differ)}"
    return f"all {len(both)} results are identical"


def _state(record: Record) -> str:
    return f"{record['status']}, {record['reason']}" if record["reason"] else record["status"]


def _measured(before: Record, after: Record) -> tuple[list[Row], list[Row]]:
    """Return the rows of results and those of times."""
    results, times = [], []
    for name, old, new in _pairs(_values(before), _values(after)):
        if _RESULTS.isdisjoint(name.split(".")):
            times.append((name, _shown(old), _shown(new), _ratio(old, new)))
        else:
            results.append((name, _shown(old), _shown(new), _verdict(old, new)))
    # Kinds of evidence that came later are missing from older records.
    kept = before["evidence"].keys() & after["evidence"].keys()
    if kept:
        same = all(before["evidence"][kind] == after["evidence"][kind] for kind in kept)
        results.append(("evidence of each image", "", "", _SAME if same else "differs"))
    return results, times


def _values(record: Record) -> dict[str, Any]:
    values = dict(_leaves(record["measured"]))
    values.pop("trained_by", None)  # says nothing of the result, and older records lack it
    return values | {"seconds": record["seconds"]}


def _leaves(values: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value under its dotted name; of a timing, its median."""
    if isinstance(values, dict) and "median_ms" in values:
        yield f"{name}.median_ms", values["median_ms"]
    elif isinstance(values, dict):
        for key, value in values.items():
            yield from _leaves(value, f"{name}.{key}" if name else str(key))
    elif isinstance(values, list) and any(isinstance(one, dict) for one in values):
        for place, value in enumerate(values):
            yield from _leaves(value, f"{name}.{place}")
    else:
        yield name, values


def _pairs(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, old and new value, None where there is none."""
    for name in dict.fromkeys([*before, *after]):
        yield name, before.get(name), after.get(name)


def _verdict(before: Any, after: Any) -> str:
    if before == after:
        return _SAME
    if before is None or after is None:
        return _ONE
    if _is_number(before) and _is_number(after):
        return f"differs by {after - before:+.3g}"
    return "differs"


def _ratio(before: Any, after: Any) -> str:
    if _is_number(before) and _is_number(after) and before:
        return f"× {after / before:.2f}"
    return "" if before == after else "differs"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if value is None:
        return _NOTHING
    if _is_number(value):
        return repr(value)
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 1]}…"


def _aligned(rows: Sequence[Row]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for name, old, new, told in rows:
        line = f"  {name:<{widths[0]}}  {old:<{widths[1]}}  {new:<{widths[2]}}  {told}"
        yield line.rstrip()
