"""The suite ``claims``: the other suites that the deck's eight claims need, one after the other.

It has no experiments of its own. Each of its suites runs in its own folder, where records that
stand already are kept and those of another suite taken over.
"""

from typing import Final

#: Which suite of each claim, in an order in which later ones find what earlier ones have trained.
DECIDED_BY: Final[dict[int, tuple[str, ...]]] = {
    1: ("receptive_field", "depth"),
    2: ("gates",),
    3: ("table1",),
    4: ("table2", "table4"),
    5: ("boxes",),
    6: ("table4",),
    7: ("table5",),
    8: ("table5",),
}
SUITES: Final = tuple(dict.fromkeys(name for names in DECIDED_BY.values() for name in names))
