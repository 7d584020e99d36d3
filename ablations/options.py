"""What the command line asks of a suite, checked, and laid over a preset.

Nothing here needs torch, so that a mistyped option is answered at once.
"""

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic

from ablations.presets import DEFAULT_PRESET, DataSize, Model, Preset
from bench.data.synthetic.factors import DOMAINS, SYNTHETIC
from bench.experiment import TrainSpec
from bench.problem import Problem

RULES = ("params", "macs", "blocks")
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "bf16")
DEFAULT_DATA = SYNTHETIC.name

#: Field -> (lowest, highest) of those whose other values cannot work.
LIMITS = {
    "train.steps": (1, math.inf),
    "train.batch_size": (2, math.inf),  # batch norm needs two values even on a 1x1 map
    "train.learning_rate": (0.0, math.inf),
    "train.weight_decay": (0.0, math.inf),
    "train.warmup": (0.0, 1.0),
    "train.rotation": (0.0, 180.0),
    "train.scale": (1.0, math.inf),  # a factor both ways
    "train.shift": (0.0, 1.0),
    "data.train_images": (0, math.inf),
    "data.val_images": (0, math.inf),
    "data.image_size": (0, math.inf),
    "data.crop_size": (16, math.inf),  # 4 x 4 heatmap cells: below, there is nothing to locate
    "model.depth": (1, math.inf),
    "model.width": (4, math.inf),
    "model.stages": (1, math.inf),
    "model.width_factor": (1 / 64, 4.0),  # one channel a layer, and four times the paper's
    "model.input_size": (32, math.inf),
    "model.sigma": (0.1, math.inf),
    "model.half_width": (0.1, math.inf),
    "model.foreground": (0.0, math.inf),
    "model.paf_steps": (0.01, math.inf),
    "model.min_parts": (1, math.inf),
}
CROP_MULTIPLE = 8  # stride 4, and the attention gate halves the map once more


@dataclass(frozen=True)
class Options:
    """What the command line asks of a suite.

    Attributes:
        preset: how much is run; see ``ablations.presets``.
        data: a registered data set.
        data_root: the folder of a data set on disk.
        device: "auto", "cpu" or "cuda".
        seeds: trainings of each variant; None leaves it to the preset.
        blocks: shell pattern of the blocks to compare.
        match: the matching rule, one of ``RULES``.
        steps: optimiser steps; None leaves it to the preset.
        settings: ``--set``'s texts, "part.field=value".
        plugin: sha256 of the user's file, "" without one.
        plugin_blocks: the blocks which that file registered.
        elsewhere: it runs on other machines, of which nothing is known here.
    """

    preset: str = DEFAULT_PRESET
    data: str = DEFAULT_DATA
    data_root: Path | None = None
    device: str = "auto"
    seeds: int | None = None
    blocks: str = "*"
    match: str = "params"
    steps: int | None = None
    settings: tuple[str, ...] = ()
    plugin: str = ""
    plugin_blocks: tuple[str, ...] = ()
    elsewhere: bool = False


@dataclass(frozen=True)
class Choice(Generic[Model]):
    """A preset with every override in place; ``data`` and ``train`` are those of the data set."""

    preset: Preset[Model]
    data: DataSize
    train: TrainSpec


def unknown(kind: str, name: str, known: Iterable[str]) -> Problem:
    """Return the problem that ``name`` is no ``kind``, offering the nearest known one."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names)}"
    return Problem(f"unknown {kind} '{name}'; {hint}")


def choose(options: Options, presets: Mapping[str, Preset[Model]]) -> Choice[Model]:
    """Return the preset of ``options``, one of the suite's ``presets``, with every override.

    Raises:
        Problem: an unknown preset, rule, device or field, a value that its field cannot take, or
            a folder for a data set that reads none.
    """
    for kind, name, known in (
        ("preset", options.preset, presets),
        ("matching rule", options.match, RULES),
        ("device", options.device, DEVICES),
    ):
        if name not in known:
            raise unknown(kind, name, known)
    preset = presets[options.preset]
    rendered = options.data in DOMAINS
    if rendered and options.data_root is not None:
        raise Problem(
            f"data set '{options.data}' is rendered and reads no folder; leave --data-root out, or "
            "name the data set of that folder with --data"
        )
    train = preset.synthetic_train if rendered else preset.photograph_train
    parts: dict[str, Any] = {
        "train": replace(train, steps=options.steps or train.steps, device=options.device),
        "data": preset.synthetic if rendered else preset.photographs,
        "model": preset.model,
    }
    for setting in options.settings:
        part, field, value = _parse(setting, parts)
        parts[part] = replace(parts[part], **{field: value})
    seeds = preset.seeds if options.seeds is None else options.seeds
    _check(parts, seeds, options.steps, whole_images=preset.synthetic.crop_size == 0)
    return Choice(replace(preset, model=parts["model"], seeds=seeds), parts["data"], parts["train"])


def settle_device(train: TrainSpec, elsewhere: bool = False) -> TrainSpec:
    """Return ``train`` with "auto" replaced by what this machine has.

    Raises:
        Problem: "cuda" is asked for and there is none; or it runs ``elsewhere``, and this machine
            does not tell how a GPU computes.
    """
    import torch

    from bench.environment import has_bf16

    cuda = torch.cuda.is_available()
    device = ("cuda" if cuda else "cpu") if train.device == "auto" else train.device
    if device == "cuda" and not cuda and elsewhere:
        if train.precision == "auto":
            raise Problem(
                "--device cuda: torch sees no CUDA device here that would show what the cluster's "
                "can do; add --set train.precision=bf16, or fp32 for GPUs without it"
            )
        return replace(train, device=device)
    if device == "cuda" and not cuda:
        raise Problem(
            "--device cuda: torch sees no CUDA device here; use --device cpu, or install a CUDA "
            "build of torch and check the driver"
        )
    precision = train.precision
    if precision == "auto":
        precision = "bf16" if has_bf16(device) else "fp32"
    return replace(train, device=device, precision=precision)


def _parse(setting: str, parts: dict[str, Any]) -> tuple[str, str, Any]:
    name, equals, text = setting.partition("=")
    part, _, field = name.partition(".")
    known = [f"{part}.{field}" for part, values in parts.items() for field in vars(values)]
    if not equals:
        raise Problem(f"--set {setting} has no value; write it as --set {name}=VALUE")
    if name not in known:
        raise unknown("field of --set", name, known)
    type_ = type(getattr(parts[part], field))
    try:
        value = _BOOLEANS[text.lower()] if type_ is bool else type_(text)
    except (ValueError, KeyError):
        raise Problem(f"--set {setting}: '{text}' is no {_SPOKEN[type_]}") from None
    return part, field, value


_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_SPOKEN = {bool: "true or false", int: "whole number", float: "number", str: "text"}


def refuse_blocks(options: Options, suite: str) -> None:
    """Refuse the options about blocks, which a suite that compares none would ignore.

    Raises:
        Problem: one of them is given.
    """
    default = Options()
    for flag, given, usual in (
        ("--blocks", options.blocks, default.blocks),
        ("--match", options.match, default.match),
        ("--plugin", options.plugin, default.plugin),
    ):
        if given != usual:
            raise Problem(f"suite '{suite}' does not compare blocks; leave {flag} out")


def _check(parts: dict[str, Any], seeds: int, steps: int | None, whole_images: bool) -> None:
    if seeds < 1:
        raise Problem(f"--seeds must be at least 1, not {seeds}")
    if steps is not None and steps < 1:
        raise Problem(f"--steps must be at least 1, not {steps}")
    for name, (low, high) in LIMITS.items():
        part, field = name.split(".")
        if not hasattr(parts[part], field) or (whole_images and name == "data.crop_size"):
            continue
        value = getattr(parts[part], field)
        if not (low <= value <= high and math.isfinite(value)):
            ceiling = "" if high == math.inf else f" and at most {high:g}"
            raise Problem(f"{name} must be at least {low:g}{ceiling}, not {value:g}")
    if parts["data"].crop_size % CROP_MULTIPLE:
        raise Problem(
            f"data.crop_size must be a multiple of {CROP_MULTIPLE}, not {parts['data'].crop_size}"
        )
    if whole_images and parts["data"].crop_size:
        raise Problem("data.crop_size does not apply: this suite's networks see whole images")
    for name, value, known in (
        ("train.device", parts["train"].device, DEVICES),
        ("train.precision", parts["train"].precision, PRECISIONS),
    ):
        if value not in known:
            raise unknown(f"value of {name}", value, known)
