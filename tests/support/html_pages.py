"""A results folder of several suites, as the page over all of them finds it."""

from dataclasses import replace
from pathlib import Path

from fake_experiments import experiment, latency, stages, timed_like, whole
from fake_records import Suite

from ablations.plan import save_plan
from bench.plan import Plan
from reports.suites import blocks, pipelines

ERRORS = {"residual": 3.0, "inception_residual": 2.6, "ioi": 1.2, "mean_pose": 12.0}
EVIL = "<script>alert('evil')</script> & <b>bold</b>"
ANSWERS = """# The deck's eight claims

| claim | the deck claims | decided by | verdict |
|:------|:----------------|:-----------|:--------|
| 3 | MSPAF-3 is better and cheaper | table1 | **not decided** |

## Part by part

| claim | part | verdict |
|:------|:-----|:--------|
| 3 | parameters | **holds** |
"""
CLAIM3 = """# Table 1: a report that no code here has written

## Claim 3, as far as it was measured here: does not hold

| MSPAF-3 has | the deck claims | measured | verdict |
|:------------|:----------------|:---------|:--------|
| parameters | 0.185 of PAF-6's | 0.184 | **holds** |
| forward time | 0.543 of PAF-6's | 1.269 [1.021, 1.780] | **does not hold** |

![A picture: missing](missing.png)

<script>alert("in prose")</script>
"""


def fill_results(out: Path) -> None:
    """File records and reports of blocks and pipelines, and two suites that have but a report."""
    _blocks(out / "blocks")
    _pipelines(out / "pipelines")
    for name, report in {"claims": ANSWERS, "table1": CLAIM3}.items():
        (out / name).mkdir()
        (out / name / "report.md").write_text(report, encoding="utf-8")


def _blocks(folder: Path) -> None:
    suite = Suite(folder)
    planned = [experiment(variant) for variant in ERRORS]
    for one in planned:
        suite.done(one, ERRORS[one.variant])
    broken = experiment("aioi")
    suite.failed(broken, EVIL)
    timing = latency(*planned)
    suite.timed(timing)
    plan = Plan((*planned, broken), timing)
    save_plan(folder, plan)
    blocks.write_report(folder, plan)


def _pipelines(folder: Path) -> None:
    suite = Suite(folder)
    plain = [whole("paf6"), whole("mspaf3")]
    flipped = [replace(one, protocol=replace(one.protocol, flip=True)) for one in plain]
    for number, one in enumerate([*plain, *flipped]):
        trainer = plain[number % 2].key if one in flipped else ""
        suite.done(one, 2.0 + number, trained_by=trainer)
    timing = stages(*(timed_like(one) for one in plain))
    suite.staged(timing, {"paf6": 30.0, "mspaf3": 150.0})
    plan = Plan((*plain, *flipped), stages=(timing,))
    save_plan(folder, plan)
    pipelines.write_report(folder, plan)
