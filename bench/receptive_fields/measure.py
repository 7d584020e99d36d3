"""What is done for receptive fields: paths of blocks counted, gradients of networks measured."""

from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bench.before_training import AFTER, BEFORE, begun_and_trained, with_settled_norms
from bench.data.crops import open_crops
from bench.experiment import Experiment
from bench.jobs import FieldExperiment, SpectrumExperiment
from bench.measure import Measured, Report
from bench.problem import Problem
from bench.receptive_fields.gradients import (
    EffectiveField,
    effective_field,
    noise_images,
)
from bench.receptive_fields.spectrum import path_spectrum
from models import create_block

FIELDS: Final = "fields.npz"
NOISE, CROPS = "noise", "crops"
#: A short path leads through at most so many 3x3 convolutions.
SHORT_CONVOLUTIONS: Final = 2

_SIDE = 64  # cells of the maps that chains are traced on; a block may stride inside
_SEED = 0  # of the noise and of the signs: every network sees the same


def measure_spectrum(experiment: SpectrumExperiment, report: Report) -> Measured:
    """Count the paths through the chain of each matching rule.

    Returns:
        what a record calls "measured" and "evidence". ``measured["chains"][rule]`` holds depth,
        parameters, the largest receptive field in cells, and receptive field -> number of paths
        and their weight. Numbers that JSON's readers would round are exact, as text.

    Raises:
        Problem: the block cannot be traced, or changes the resolution.
    """
    counted: dict[int, dict[str, Any]] = {}
    for done, (_, depth) in enumerate(experiment.depths):
        report("count paths", done, len(experiment.depths))
        if depth not in counted:
            counted[depth] = _chain(experiment, depth)
    return {"chains": {rule: counted[depth] for rule, depth in experiment.depths}}, {}


def measure_field(
    experiment: FieldExperiment, folder: Path, root: Path | None, report: Report
) -> Measured:
    """Measure the effective receptive field of each image; ``fields.npz`` goes beside the record.

    Before training, norms hold the statistics of the images that are shown; after it, their own.
    Each image counts alike, whatever the energy of its gradient.

    Args:
        experiment: of a single-person network that has been trained.
        folder: of all records.
        root: of a data set on disk.
        report: progress.

    Returns:
        what a record calls "measured" and "evidence". The file holds ``radii`` ``[R]`` in pixels
        and, for each of noise and crops, before and after, the share of each image's energy within
        each radius, ``[N, R]``, as ``noise_before`` and so on.

    Raises:
        Problem: the weights are missing, or an output depends on no pixel.
    """
    trained = experiment.experiment
    begun, model = (one.get_submodule("network") for one in begun_and_trained(trained, folder))
    shown = {
        NOISE: noise_images(experiment.images, trained.data.crop_size, _SEED),
        CROPS: _crops(trained, root, experiment.images),
    }
    near = _near(begun, trained.data.crop_size)
    radii: NDArray[np.float64] = np.empty(0)
    held: dict[str, Any] = {}
    measured: dict[str, Any] = {}
    for kind, images in shown.items():
        seen = images.to(trained.train.device)
        networks = {BEFORE: with_settled_norms(begun, seen), AFTER: model}
        for when, network in networks.items():
            name = f"{kind}_{when}"
            report("gradients", len(held), len(shown) * len(networks))
            radii, shares = _held(network, seen)
            held[name] = shares.astype(np.float32)
            measured[name] = _summary(EffectiveField(radii, shares.mean(axis=0)), near)
    place = folder / experiment.key
    place.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(place / FIELDS, radii=radii, **held)
    counts = {kind: len(images) for kind, images in shown.items()}
    return {"near": near, "images": counts, "fields": measured}, {}


def _chain(experiment: SpectrumExperiment, depth: int) -> dict[str, Any]:
    channels = experiment.channels
    with torch.device("meta"):  # paths need no weights
        chain = nn.Sequential(
            *(create_block(experiment.block, channels, channels) for _ in range(depth))
        )
    spectrum = path_spectrum(chain, torch.empty(1, channels, _SIDE, _SIDE, device="meta"))
    if spectrum.stride != 1:
        raise Problem(
            f"block '{experiment.block}' changes the resolution, so that a chain of it has no "
            "receptive field in cells; make it keep height and width"
        )
    return {
        "depth": depth,
        "params": sum(parameter.numel() for parameter in chain.parameters()),
        "largest": spectrum.largest,
        "paths": _exact(spectrum.paths),
        "weights": _exact(spectrum.weights),
        "gate_paths": _exact(spectrum.gate_paths),
        "gate_weights": _exact(spectrum.gate_weights),
    }


def _exact(terms: dict[int, int] | dict[int, Fraction]) -> dict[str, str]:
    return {str(size): str(term) for size, term in terms.items()}


def _crops(trained: Experiment, root: Path | None, number: int) -> Tensor:
    """Return validation crops spread evenly over the split, as the network sees them."""
    crops = open_crops(trained.judged_on, trained.protocol.split, root)
    chosen = np.unique(np.linspace(0, len(crops) - 1, number).round().astype(int))
    return crops.centre(slice(None))[chosen].float() / 255 - 0.5


def _near(network: nn.Module, size: int) -> float:
    """Return half the side in pixels of what a trunk's longest short path sees."""
    stem = path_spectrum(network.get_submodule("stem"), torch.empty(1, 3, size, size))
    return float(stem.largest + 2 * SHORT_CONVOLUTIONS * stem.stride) / 2


def _held(network: nn.Module, images: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return radii ``[R]``, and the share of each image's energy within each, ``[N, R]``."""
    fields = [
        effective_field(network, image.unsqueeze(0), seed=_SEED + number)
        for number, image in enumerate(images)
    ]
    return fields[0].radii, np.stack([field.held for field in fields])


def _summary(field: EffectiveField, near: float) -> dict[str, float]:
    return {
        "within_near": float(field.held[field.radii <= near][-1]),
        "radius_50": field.radius_holding(0.5),
        "radius_90": field.radius_holding(0.9),
    }
