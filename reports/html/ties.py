"""Which rows of a comparison cannot be told apart, as letters that tied rows share."""

from collections.abc import Callable, Mapping, Sequence
from string import ascii_lowercase

from reports.measured.results import AP, Comparison, Variant


def tie_groups(comparison: Comparison) -> dict[str, str]:
    """Return the letters of each ranked variant, the best first.

    Two variants share a letter exactly where the paired interval of their difference in AP
    contains 0. Empty where some pair has no seed in common, so that no letters could say it, or
    where the alphabet does not suffice.
    """
    ranked = {one.name: one for one in comparison.ranked}
    pairs = {(a, b): _tied(ranked[a], ranked[b]) for a in ranked for b in ranked if a != b}
    if None in pairs.values():
        return {}
    groups = largest_groups([*ranked], lambda a, b: bool(pairs[a, b]))
    if len(groups) > len(ascii_lowercase):
        return {}
    letters: Mapping[str, frozenset[str]] = dict(zip(ascii_lowercase, groups, strict=False))
    return {
        name: "".join(letter for letter, group in letters.items() if name in group)
        for name in ranked
    }


def largest_groups(names: Sequence[str], tied: Callable[[str, str], bool]) -> list[frozenset[str]]:
    """Return the largest sets of names that are all tied with each other, in the names' order.

    Insert and absorb (Piepho, "An Algorithm for a Letter-Based Representation of All-Pairwise
    Comparisons", 2004): every pair that differs splits the sets that hold both of it.
    """
    groups = {frozenset(names)}
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            if tied(one, other):
                continue
            both = {group for group in groups if {one, other} <= group}
            split = {group - {lost} for group in both for lost in (one, other)}
            kept = (groups - both) | split
            groups = {one for one in kept if not any(one < other for other in kept)}
    return sorted(groups, key=lambda group: [name not in group for name in names])


def _tied(one: Variant, other: Variant) -> bool | None:
    difference = one.difference(other, AP)
    return None if difference is None else difference.low <= 0 <= difference.high
