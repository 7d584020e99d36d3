"""Letters that tied rows share."""

from itertools import combinations

from fake_experiments import experiment
from fake_records import Suite
from hypothesis import given
from hypothesis import strategies as st

from reports.html.ties import largest_groups, tie_groups
from reports.measured.results import gather

NAMES = "pqrstu"


@given(st.sets(st.sampled_from(list(combinations(NAMES, 2)))))
def test_two_names_share_a_group_exactly_where_they_are_tied(tied: set[tuple[str, str]]) -> None:
    groups = largest_groups(NAMES, lambda a, b: (a, b) in tied or (b, a) in tied)
    for pair in combinations(NAMES, 2):
        assert any(set(pair) <= group for group in groups) == (pair in tied)
    assert set().union(*groups) == set(NAMES)


def test_the_chain_of_the_textbook() -> None:
    # a ties with b, b with c, a not with c: ab, then bc.
    groups = largest_groups("abc", lambda a, b: {a, b} != {"a", "c"})
    assert [sorted(group) for group in groups] == [["a", "b"], ["b", "c"]]


def test_equal_models_share_a_letter_and_a_bad_one_has_its_own(suite: Suite) -> None:
    errors = {"residual": 2.0, "ioi": 2.0, "aioi": 9.0}
    for variant, error in errors.items():
        suite.done(experiment(variant), error)
    (comparison,) = gather(suite.folder, [experiment(one) for one in errors], "residual")
    letters = tie_groups(comparison)
    assert letters == {"residual": "a", "ioi": "a", "aioi": "b"}
