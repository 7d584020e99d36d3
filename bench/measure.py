"""What is done for an experiment: build, count, train, evaluate, and file what it left behind."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from bench.cost import COUNTED_PEOPLE, count_cost
from bench.data.batches import WHOLE
from bench.data.contract import Target
from bench.data.mixing import taught_joints
from bench.experiment import Experiment
from bench.footprint import footprints
from bench.jobs import LatencyExperiment
from bench.latency import time_models
from bench.memory_format import lay_channels_last
from bench.problem import Problem
from bench.ranks import all_batches, is_first, own_share, with_own_dice
from bench.records import read_record
from bench.train import train
from bench.training import crop_feed, image_feed
from bench.training.checkpoints import Checkpoints
from bench.whole_files import write_whole
from models import create_pipeline
from models.skeleton import SKELETONS

#: Called with the stage, units done, units in all, and facts worth showing (loss, rate, note).
Report = Callable[..., None]
Measured = tuple[dict[str, Any], dict[str, Any]]

WEIGHTS = "weights.safetensors"


class Feed(Protocol):
    """What a pipeline is shown, and how its answers are judged: crops, or whole images."""

    def input_size(self, experiment: Experiment) -> int:
        """Return the side in pixels of what the network sees."""

    def batches(
        self,
        experiment: Experiment,
        folder: Path,
        root: Path | None,
        device: torch.device,
        start: int,
        share: slice,
    ) -> Iterator[tuple[Tensor, list[Target]]]:
        """Return a share of each training batch of the steps from ``start`` on, on ``device``."""

    def evaluate(
        self,
        model: nn.Module,
        experiment: Experiment,
        root: Path | None,
        place: Path,
        report: Callable[[int, int], None],
    ) -> Measured:
        """Return accuracy and evidence; detections and samples are left in ``place``.

        Of several processes all predict, and the first alone judges; the others return nothing.
        """


def measure_accuracy(
    experiment: Experiment, folder: Path, root: Path | None, trained_by: str, report: Report
) -> Measured:
    """Train and evaluate one model; its artefacts go to ``folder/<key>/``.

    Several processes may do so together, see ``bench.ranks``; the first files what comes of it.

    Args:
        experiment: what to run.
        folder: of all records.
        root: of a data set on disk.
        trained_by: key of the record whose weights are measured instead of training; "" to train.
        report: progress.

    Returns:
        what a record calls "measured" and "evidence".
    """
    place = folder / experiment.key
    place.mkdir(parents=True, exist_ok=True)
    feed = crop_feed if experiment.data.crop_size else image_feed
    torch.manual_seed(experiment.seed)
    model = create_model(experiment)
    blank = _blank(feed.input_size(experiment), batch_size=1)
    cost = count_cost(model, blank, people=COUNTED_PEOPLE)
    if trained_by:
        training = load_trained(model, folder, trained_by)
    else:
        training = _train(model, experiment, feed, root, place, report)
    accuracy, evidence = feed.evaluate(
        model.to(experiment.train.device),
        experiment,
        root,
        place,
        lambda done, of: report("evaluate", done, of),
    )
    measured = {
        "cost": cost.to_json(),
        "accuracy": {name: float(value) for name, value in accuracy.items()},
        "training": training,
        "trained_by": trained_by,
    }
    return measured, evidence


def _train(
    model: nn.Module,
    experiment: Experiment,
    feed: Feed,
    root: Path | None,
    place: Path,
    report: Report,
) -> dict[str, Any]:
    device, steps = torch.device(experiment.train.device), experiment.train.steps
    if experiment.starts_from:
        load_trained(model, place.parent, experiment.starts_from)
    checkpoints = Checkpoints(place, experiment.key)
    start = checkpoints.found.step if checkpoints.found else 0
    if len(set(all_batches([start]))) > 1:
        raise Problem(
            "the processes that train this together do not all find its checkpoint; put --out on "
            "storage that all machines share"
        )
    if start:
        report("train", start, steps, note=f"goes on after step {start} of {steps}")
    elif checkpoints.refused:
        note = f"begins anew, for its checkpoint cannot be used: {checkpoints.refused}"
        report("train", 0, steps, note=note)
    learns = any(parameter.requires_grad for parameter in model.parameters())
    # What is only counted is counted by each process for itself: it takes no time.
    share = own_share(experiment.train.batch_size) if learns else WHOLE
    batches = feed.batches(experiment, place.parent, root, device, start, share)
    curve = train(
        model.to(device),
        with_own_dice(batches, experiment.seed, start),
        experiment.train,
        lambda step, loss, rate: report("train", step, steps, loss=loss, rate=rate),
        checkpoints,
    )
    if is_first():
        curve.write(place / "learning_curve.csv")
        _save_weights(model, place / WEIGHTS)
    return {
        "images_per_second": curve.images / max(curve.seconds, 1e-9),
        "seconds": curve.seconds,
        "processor_seconds": curve.processor_seconds,
        "resumed_at": curve.resumed_at,
        "processes": curve.processes,
        "final_loss": float(np.mean(curve.losses[-max(1, len(curve.losses) // 20) :])),
    }


def load_trained(model: nn.Module, folder: Path, key: str) -> dict[str, Any]:
    """Load the weights of another record and return what it says of their training."""
    record, reason = read_record(folder, key)
    if record is None or record["status"] != "done":
        why = reason or record["reason"] if record else reason
        raise Problem(f"the weights of experiment {key}, which this one needs, are missing: {why}")
    model.load_state_dict(load_file(folder / key / WEIGHTS))
    training: dict[str, Any] = record["measured"]["training"]
    return training


def measure_latency(experiment: LatencyExperiment, folder: Path, report: Report) -> Measured:
    """Time the trained models of several experiments, interleaved in this one process.

    A call takes crops, normalised and on the device, to keypoints: network and decoding.

    Raises:
        Problem: the weights of an experiment are missing.
    """
    models = [_trained(one, folder) for one in experiment.experiments]
    first = experiment.experiments[0].train
    timed: dict[str, dict[str, Any]] = {one.key: {} for one in experiment.experiments}
    disturbed, shares, unmetered = False, [], ""
    for done, batch_size in enumerate(experiment.batch_sizes):
        report("time", done, len(experiment.batch_sizes))
        calls = {
            one.key: _call(model, one, batch_size)
            for one, model in zip(experiment.experiments, models, strict=True)
        }
        timings = time_models(calls, experiment.rounds, first.device)
        taken, unmetered = footprints(calls, batch_size, first.device)
        for key, timing in timings.items():
            timed[key][str(batch_size)] = timing.to_json() | taken[key]
            disturbed = disturbed or timing.disturbed
            shares.append(timing.processor_share)
    report("time", len(experiment.batch_sizes), len(experiment.batch_sizes))
    return {
        "models": timed,
        "threads": torch.get_num_threads(),
        "precision": first.precision,
        "memory_format": "channels_last",
        "device": first.device,
        "disturbed": disturbed,
        "processor_share": min(shares),
        "no_energy": unmetered,
    }, {}


def create_model(experiment: Experiment) -> nn.Module:
    """Build the pipeline; inference options of whole images are the protocol's to decide.

    That of a mixture is for every joint there is, and finds those that any of its parts teaches.
    """
    spec, protocol = experiment.model, experiment.protocol
    options: dict[str, Any] = {}
    if not experiment.data.crop_size and (protocol.scales, protocol.flip) != ((1.0,), False):
        options = {"scales": protocol.scales, "flip": protocol.flip}
    skeleton = SKELETONS[experiment.skeleton]
    if experiment.mixture:
        options["taught"] = taught_joints(experiment)
    return create_pipeline(spec.name, skeleton, **spec.arguments, **options)


def _blank(side: int, batch_size: int) -> torch.Tensor:
    return torch.zeros(batch_size, 3, side, side)


def _save_weights(model: nn.Module, path: Path) -> None:
    state = {name: value.contiguous().cpu() for name, value in model.state_dict().items()}
    write_whole(path, save(state))


def _trained(experiment: Experiment, folder: Path) -> nn.Module:
    path = folder / experiment.key / WEIGHTS
    model = create_model(experiment)
    try:
        model.load_state_dict(load_file(path))
    except FileNotFoundError as error:
        raise Problem(
            f"the weights of {experiment.variant} ({experiment.key}) are missing; "
            "delete its record to train it again"
        ) from error
    model.eval()
    lay_channels_last(model)
    return model.to(experiment.train.device)


def _call(model: nn.Module, experiment: Experiment, batch_size: int) -> Callable[[], object]:
    spec = experiment.train
    side = experiment.data.crop_size
    images = _blank(side, batch_size).to(spec.device, memory_format=torch.channels_last)

    def call() -> object:
        with (
            torch.no_grad(),
            torch.autocast(spec.device, torch.bfloat16, enabled=spec.precision == "bf16"),
        ):
            return model(images)

    return call
