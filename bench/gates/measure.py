"""What is done for gates: their values at every joint of validation crops, and a few whole maps."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bench.before_training import AFTER, BEFORE, begun_and_trained, with_settled_norms
from bench.data.crops import PersonCrops, open_crops
from bench.gates.facts import FACTORS, OCCLUSION, JointFacts, joint_facts
from bench.gates.sampling import BRANCHES, gate_maps, gates_at, gates_of
from bench.gates.slopes import Moments, moment_sums, pooled_slopes
from bench.jobs import GateExperiment
from bench.measure import Measured, Report
from bench.problem import Problem

#: The version of how gates are looked at.
METHOD: Final = "before+after-1"
MOMENTS: Final = "gate_moments.npz"
EXAMPLES: Final = "gate_maps.npz"
_EXAMPLES: Final = 6  # people whose gates are kept whole


def measure_gates(
    experiment: GateExperiment, folder: Path, root: Path | None, report: Report
) -> Measured:
    """Sample a network's gates at the joints of people; two files go beside the record.

    It is done twice, at the same joints: with the weights that training began with, whose norms
    hold the statistics of a batch of the people, and with the trained ones. Gates of random weights
    follow brightness and texture, and so what hides a joint: they are the control.

    ``gate_moments.npz`` holds ``factors`` and ``gates`` of ``bench.gates.slopes.Moments``, a row an
    image; Y = G x 3, gate by gate, its branches from short to long. ``gate_maps.npz`` holds a few
    people, from the least hidden to the most: ``images`` uint8 ``[E, 3, S, S]``, ``maps`` float32
    ``[E, 3, H, W]`` (the mean over the network's gates), ``places`` ``[E, K, 2]``, ``known``
    ``[E, K]`` and ``occlusion`` ``[E, K]``. ``gates_before`` and ``maps_before`` are those before
    training.

    Args:
        experiment: of a single-person network that has been trained.
        folder: of all records.
        root: of a data set on disk.
        report: progress.

    Returns:
        what a record calls "measured" and "evidence".

    Raises:
        Problem: the weights are missing, the network has no gates, the data are photographs, or
            no joint is in sight.
    """
    trained = experiment.experiment
    split = trained.protocol.split
    begun, model = begun_and_trained(trained, folder)
    crops = open_crops(trained.judged_on, split, root)
    facts = joint_facts(crops, trained.judged_on, split)
    people, row = _people(crops, experiment.images)
    examples = torch.sort(_examples(facts, people)).values
    shown = crops.to(torch.device(trained.train.device))
    networks = {
        BEFORE: with_settled_norms(begun, _batch(shown, people, trained.train.batch_size)),
        AFTER: model,
    }
    moments: dict[str, Moments] = {}
    maps: dict[str, Tensor] = {}
    for when, network in networks.items():
        told = partial(report, f"gates {when} training")
        sampled, maps[when] = _sampled(network, shown, facts, people, examples, told)
        moments[when] = _moments(sampled, facts, people, row)
    place = folder / experiment.key
    place.mkdir(parents=True, exist_ok=True)
    sums: dict[str, Any] = {named("gates", when): one.gates for when, one in moments.items()}
    np.savez_compressed(place / MOMENTS, factors=moments[AFTER].factors, **sums)
    kept: dict[str, Any] = _kept(crops, facts, examples, maps)
    np.savez_compressed(place / EXAMPLES, **kept)
    gates = list(gates_of(model))
    seen = moments[AFTER]
    return {
        "images": len(seen),
        "people": len(people),
        "joints": int(seen.samples.sum()),
        **{named("gates", when): _told(one, gates) for when, one in moments.items()},
    }, {}


def named(what: str, when: str) -> str:
    """Return how files and records call ``what`` was seen then; the trained have the plain name."""
    return what if when == AFTER else f"{what}_{when}"


def _people(crops: PersonCrops, images: int) -> tuple[Tensor, NDArray[np.int64]]:
    """Return the people of images spread evenly over the split, and the number of each's image."""
    having = crops.image_index.unique()
    chosen = np.unique(np.linspace(0, len(having) - 1, images).round().astype(np.int64))
    people = torch.nonzero(torch.isin(crops.image_index, having[chosen]))[:, 0]
    _, row = np.unique(crops.image_index[people].numpy(), return_inverse=True)
    return people, row.astype(np.int64)


def _batch(crops: PersonCrops, people: Tensor, size: int) -> Tensor:
    """Return crops ``[B, 3, S, S]``, 0 to 1, spread evenly: as many as a batch of training has."""
    chosen = np.unique(np.linspace(0, len(people) - 1, size).round().astype(np.int64))
    return crops.centre(slice(None))[people[chosen]].float() / 255


def _sampled(
    model: nn.Module,
    crops: PersonCrops,
    facts: JointFacts,
    people: Tensor,
    examples: Tensor,
    report: Callable[[int, int], None],
) -> tuple[Tensor, Tensor]:
    """Return gates at every joint ``[N, K, G, 3]``, and maps over examples ``[E, 3, H, W]``."""
    device = crops.images.device
    sampled: list[Tensor] = []
    maps: list[Tensor] = []
    for batch in gate_maps(model, crops, people, report):
        first = sum(map(len, sampled))
        here = people[first : first + len(batch)]
        maps.append(batch[torch.isin(here, examples).to(device)].mean(dim=1).cpu())
        sampled.append(gates_at(batch, facts.places[here].to(device), crops.crop_size).cpu())
    return torch.cat(sampled), torch.cat(maps)


def _examples(facts: JointFacts, people: Tensor) -> Tensor:
    """Return a few people at even steps of how far their joints are hidden, on the mean."""
    known = facts.known[people]
    hidden = facts.factors[people, :, FACTORS.index(OCCLUSION)].masked_fill(~known, torch.nan)
    mean = hidden.nanmean(dim=1)
    order = torch.argsort(mean)[: int((~mean.isnan()).sum())]  # nan comes last
    if not len(order):
        raise Problem("no joint of anybody is in sight; choose other data")
    steps = np.unique(np.linspace(0, len(order) - 1, _EXAMPLES).round().astype(np.int64))
    return people[order[steps]]


def _moments(sampled: Tensor, facts: JointFacts, people: Tensor, row: NDArray[np.int64]) -> Moments:
    person, joint = np.nonzero(facts.known[people].numpy())
    return moment_sums(
        facts.factors[people].numpy()[person, joint],
        sampled.flatten(2).double().numpy()[person, joint],
        joint.astype(np.int64),
        row[person],
        facts.known.shape[1],
        int(row.max()) + 1,
    )


def _kept(
    crops: PersonCrops, facts: JointFacts, examples: Tensor, maps: dict[str, Tensor]
) -> dict[str, NDArray[Any]]:
    """Return what is kept of the examples, the least hidden first; ``maps`` are in their order."""
    hidden = facts.factors[examples, :, FACTORS.index(OCCLUSION)]
    known = facts.known[examples]
    order = torch.argsort((hidden * known).sum(dim=1) / known.sum(dim=1), stable=True)
    chosen = examples[order]
    return {
        "images": crops.centre(slice(None))[chosen].numpy(),
        **{named("maps", when): one[order].numpy() for when, one in maps.items()},
        "places": facts.places[chosen].numpy(),
        "known": facts.known[chosen].numpy(),
        "occlusion": hidden[order].float().numpy(),
    }


def _told(moments: Moments, gates: list[str]) -> dict[str, Any]:
    """Return the numbers of each gate that stand in the record; an untold slope is None."""
    total = Moments(moments.factors.sum(axis=0), moments.gates.sum(axis=0))
    means = total.gates[:, 0].sum(axis=0) / total.factors[:, 0, 0].sum()
    slopes = pooled_slopes(total)
    branches = len(BRANCHES)
    return {
        name: {
            branch: {"mean": float(means[branches * number + place])}
            | {
                factor: _finite(slopes[row, branches * number + place])
                for row, factor in enumerate(FACTORS)
            }
            for place, branch in enumerate(BRANCHES)
        }
        for number, name in enumerate(gates)
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
