import json
from typing import Any

import pytest

from bench.audit.side_by_side import side_by_side, verdict

TIMING = {"median_ms": 4.0, "p05_ms": 3.0, "p95_ms": 5.0, "samples": 30}


def record(measured: dict[str, Any], **changes: Any) -> dict[str, Any]:
    given = {
        "status": "done",
        "reason": "",
        "measured": measured,
        "evidence": {},
        "files": {"detections.json": "ab" * 32},
        "environment": {"torch": "2.13.0", "commit": "a" * 40},
        "seconds": 10.0,
    }
    return json.loads(json.dumps(given | changes))


def rows(text: str) -> dict[str, list[str]]:
    """Return the cells of each line by their first."""
    return {line.split()[0]: line.split()[1:] for line in text.splitlines()}


def test_results_are_shown_to_the_last_digit_and_called_identical():
    one = record({"accuracy": {"AP": 0.1 + 0.2}, "training": {"seconds": 2.0, "final_loss": 0.5}})
    other = record(
        {"accuracy": {"AP": 0.1 + 0.2}, "training": {"seconds": 3.0, "final_loss": 0.5}},
        environment={"torch": "2.12.0", "commit": "a" * 40},
    )
    shown = rows(side_by_side(one, other))
    assert shown["accuracy.AP"] == ["0.30000000000000004", "0.30000000000000004", "identical"]
    assert shown["training.seconds"] == ["2.0", "3.0", "×", "1.50"]
    assert shown["detections.json"] == ["abababababab", "abababababab", "identical"]
    assert shown["torch"] == ["2.13.0", "2.12.0"]
    assert "commit" not in shown
    assert side_by_side(one, other).splitlines()[-1] == "all 2 results are identical"


def test_a_difference_is_told_by_how_much_and_named():
    one = record({"accuracy": {"AP": 0.5, "AR": 0.25}}, evidence={"oks": [1]})
    other = record({"accuracy": {"AP": 0.625, "AR": 0.25}}, evidence={"oks": [2]})
    assert rows(side_by_side(one, other))["accuracy.AP"][2:] == ["differs", "by", "+0.125"]
    assert verdict(one, other) == "2 of 3 results differ: accuracy.AP, evidence of each image"


def test_what_only_one_of_them_measured_is_no_difference():
    one = record({"cost": {"params": 1}, "trained_by": ""})
    other = record({"cost": {"params": 1, "people": 5}})
    assert rows(side_by_side(one, other))["cost.people"] == ["–", "5", "only", "one", "has", "it"]
    assert verdict(one, other) == "all 1 results are identical"


def test_a_kind_of_evidence_that_came_later_is_no_difference():
    one = record({"accuracy": {"AP": 0.5}}, evidence={"oks": [1]})
    other = record({"accuracy": {"AP": 0.5}}, evidence={"oks": [1], "errors": [3]})
    assert verdict(one, other) == "all 2 results are identical"
    changed = other | {"evidence": {"oks": [2], "errors": [3]}}
    assert verdict(one, changed) == "1 of 2 results differ: evidence of each image"


def test_of_a_timing_the_median_is_compared_and_never_judged():
    one = record({"models": {"k": {"16": TIMING}}, "threads": 2})
    other = record({"models": {"k": {"16": TIMING | {"median_ms": 6.0}}}, "threads": 2})
    shown = rows(side_by_side(one, other))
    assert shown["models.k.16.median_ms"] == ["4.0", "6.0", "×", "1.50"]
    assert not any("p05" in name for name in shown)
    assert verdict(one, other) == "times alone, of which no two are the same"


def test_lists_are_compared_member_by_member():
    steps = [{"cause": "", "AP": 1.0}, {"cause": "rounding", "AP": 0.9}]
    one, other = record({"steps": steps}), record({"steps": [steps[0], steps[1] | {"AP": 0.8}]})
    assert verdict(one, other) == "1 of 4 results differ: steps.1.AP"


@pytest.mark.parametrize("failed", [0, 1])
def test_a_failure_is_told_with_its_reason(failed):
    pair = [record({"accuracy": {"AP": 0.5}}), record({"accuracy": {"AP": 0.5}})]
    pair[failed] |= {"status": "failed", "reason": "out of memory"}
    told = verdict(*pair)
    assert ("on record: failed, out of memory" in told) == (failed == 0)
    assert ("run again: failed, out of memory" in told) == (failed == 1)
