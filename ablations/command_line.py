"""The words of the command line, and what they ask for."""

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from ablations import COLLECTIONS, SUITES
from ablations.options import DEVICES, RULES, Options, choose
from ablations.presets import DEFAULT_PRESET, PRESETS
from bench.problem import Problem
from bench.running.executor import DASK, EXECUTORS, LOCAL

_PLACES = {"--data-root": "DIR", "--out": "DIR", "--plugin": "FILE", "--scheduler": "ADDRESS"}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say it in one line, without the usage."""
        raise Problem(f"{message}; see --help")


def noted(words: Sequence[str], starter: Sequence[str] = ("python",)) -> str:
    """Return the command as records note it: they travel, and the places of this machine do not.

    Args:
        words: after ``run_all.py``.
        starter: words before it.
    """
    kept = [*starter, "run_all.py"]
    for word in words:
        flag = word.partition("=")[0]
        if kept[-1] in _PLACES:
            kept.append(_PLACES[kept[-1]])
        else:
            kept.append(f"{flag}={_PLACES[flag]}" if flag in _PLACES and flag != word else word)
    return shlex.join(kept)


def parser_of(description: str) -> argparse.ArgumentParser:
    """Return the parser, which raises ``Problem`` at words that it does not know."""
    parser = _Parser(description=description, allow_abbrev=False)
    add = parser.add_argument
    add("--suite", default="blocks", help=f"what is compared: {', '.join([*SUITES, *COLLECTIONS])}")
    add("--preset", default=DEFAULT_PRESET, help=f"how much is run: {', '.join(PRESETS)}")
    add("--data", help=f"the data set; see --list; default: {_default_data()}")
    add("--data-root", type=Path, metavar="DIR", help="folder of a data set on disk")
    add("--device", default="auto", help=", ".join(DEVICES))
    add("--seeds", type=int, metavar="N", help="trainings of each variant")
    add("--blocks", default="*", metavar="PATTERN", help="which blocks, for example 'io*'")
    add("--match", default="params", help=f"what the variants share: {', '.join(RULES)}")
    add("--steps", type=int, metavar="N", help="optimiser steps")
    add("--plugin", type=Path, metavar="FILE", help="a Python file that registers blocks")
    add("--out", type=Path, default=Path("results"), metavar="DIR", help="default: results")
    add("--threads", type=int, metavar="N", help="processor threads; default: all there are")
    add("--workers", type=int, metavar="N", help="experiments at once, which share the threads")
    where = "where experiments run: on this machine, or on a Dask cluster"
    add("--executor", default=LOCAL, choices=EXECUTORS, help=where)
    add("--scheduler", metavar="ADDRESS", help="of that cluster, for example tcp://HOST:8786")
    repeatable = "on a GPU: only algorithms that give the same bits each time; slower"
    add("--deterministic", action="store_true", help=repeatable)
    setting = "any field of train, data or model, for example train.learning_rate=1e-3"
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help=setting)
    doing = parser.add_mutually_exclusive_group()
    add = doing.add_argument
    add("--list", action="store_true", help="show what there is to choose from")
    add("--dry-run", action="store_true", help="show what would run, and for how long")
    add("--report-only", action="store_true", help="rebuild the report from the records")
    needs = "say how many seeds and images a difference of 1 AP needs, from the records"
    add("--power", action="store_true", help=needs)
    checked = "say which records of a folder are broken, which stale, and why"
    add("--check-records", type=Path, metavar="DIR", help=checked)
    again = "run the experiment on record under this key again, and compare the two"
    add("--rerun", metavar="KEY", help=again)
    return parser


def _default_data() -> str:
    """Return each default data set with the suites whose own it is."""
    suites: dict[str, list[str]] = {}
    for name, suite in SUITES.items():
        suites.setdefault(suite.data, []).append(name)
    return "; ".join(f"{data} for {', '.join(names)}" for data, names in suites.items())


def options_of(chosen: argparse.Namespace) -> Options:
    """Return what a suite's plan is made from, with the plugin's blocks registered.

    Raises:
        Problem: an option that cannot be met.
    """
    options = Options(
        preset=chosen.preset,
        data=SUITES[chosen.suite].data if chosen.data is None else chosen.data,
        data_root=chosen.data_root,
        device=chosen.device,
        seeds=chosen.seeds,
        blocks=chosen.blocks,
        match=chosen.match,
        steps=chosen.steps,
        settings=tuple(chosen.set),
        elsewhere=chosen.executor == DASK,
    )
    choose(options, SUITES[chosen.suite].presets)  # before torch is imported
    if chosen.plugin is None:
        return options
    from bench.plugin import load_plugin

    plugin = load_plugin(chosen.plugin)
    return replace(options, plugin=plugin.digest, plugin_blocks=plugin.blocks)
