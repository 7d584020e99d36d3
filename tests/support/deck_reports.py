"""Reports of the deck's Tables 2 to 4 on rows whose skill is chosen instead of trained."""

import importlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fake_records import Suite
from report_tables import table

from ablations import SUITES
from ablations.options import Options
from bench.experiment import Experiment
from bench.plan import Plan

NOTHING = 60.0  # pixels off, of crops of 64: no skill


def rows(name: str, called: str = "", **options: Any) -> list[Experiment]:
    """Return the experiments of a suite, with their data ``called`` otherwise where that is given.

    ``options`` replace those of a smoke run.
    """
    settings = {"preset": "smoke", "device": "cpu", "data": SUITES[name].data, **options}
    plan = importlib.import_module(f"ablations.{name}").plan(Options(**settings))
    if not called:
        return list(plan.experiments)
    return [replace(one, data=replace(one.data, name=called)) for one in plan.experiments]


def report_on(suite: Suite, name: str, planned: list[Experiment]) -> str:
    """Return the report of a suite on what of it has a record."""
    report = importlib.import_module(f"reports.suites.{name}")
    report.write_report(suite.folder, Plan(tuple(planned)))
    return (suite.folder / "report.md").read_text()


def report_of(suite: Suite, name: str, errors: Mapping[str, float], **options: Any) -> str:
    """Return the report of a suite whose rows are so many pixels off; those left out failed."""
    planned = rows(name, **options)
    for one in planned:
        if one.variant in errors:
            suite.done(one, errors[one.variant], samples=False)
        else:
            suite.failed(one, "no memory")
    return report_on(suite, name, planned)


def verdict(report: str, claim: str) -> str:
    """Return the verdict in the heading of a claim, "Claim 6, what it says"."""
    return report.split(f"\n## {claim}: ")[1].splitlines()[0]


def said(report: str, claim: str) -> str:
    """Return the section of a claim."""
    return report.split(f"\n## {claim}: ")[1].split("\n## ", maxsplit=1)[0]


def pairs(report: str, claim: str) -> list[list[str]]:
    """Return the table of a claim's pairs."""
    return table(report, f"{claim}: {verdict(report, claim)}")
