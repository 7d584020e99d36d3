"""The same seed gives the same bits, run again or interrupted: block, bottom-up and top-down."""

import hashlib
from dataclasses import replace

import pytest
import torch

from bench.data.datasets import describe_data
from bench.experiment import ModelSpec
from bench.measure import measure_accuracy
from bench.training.checkpoints import Checkpoints

SIZE, STEPS, BATCH = 64, 6, 2
FEW = {"width": 1 / 16, "stages": 2, "depth": 1, "trunk_depth": 1}
DETECTOR = {"backbone": "resnet18", "min_size": SIZE, "max_size": SIZE, "frozen_norms": False}
DETECTOR |= {"pyramid_width": 8, "box_width": 16, "box_detections_per_img": 5}
# Fewer than there are, so that it draws lots and the dice decide the weights as well.
DETECTOR |= {"rpn_batch_size_per_image": 8, "box_batch_size_per_image": 4}
MODELS = {
    "block": ModelSpec(
        "single_person",
        {"block": "ioi", "depth": 1, "width": 8, "stages": 1, "crop_size": SIZE // 2},
    ),
    "mean_pose": ModelSpec("mean_pose", {"crop_size": SIZE // 2}),
    "mspaf3": ModelSpec("mspaf3", {"block": "residual"} | FEW),
    "mask_rcnn": ModelSpec("mask_rcnn", DETECTOR | {"keypoint_width": 8, "keypoint_depth": 1}),
}
ON_CROPS = ("block", "mean_pose")


class Cost:
    """Nothing was counted."""

    @staticmethod
    def to_json():
        return {}


class KilledError(Exception):
    """Ends a training between two steps."""


class Sitting:
    """A report that is called at each step: a checkpoint follows one, a kill another.

    Args:
        saved_at: the step after which the training is saved.
        killed_at: the step after which it ends; the steps between the two are lost.
    """

    def __init__(self, saved_at=0, killed_at=0):
        self.saved_at, self.killed_at = saved_at, killed_at
        self.step, self.notes = 0, []

    def __call__(self, stage, done, of, **facts):
        if "note" in facts:
            self.notes.append(facts["note"])
        elif stage == "train":
            self.step = done
            if done == self.killed_at:
                raise KilledError


@pytest.fixture
def small(tmp_path, monkeypatch, make_experiment):
    """Make a tiny experiment on scenes, of which each step is reported."""
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("bench.train._REPORT_SECONDS", 0.0)
    # What it costs is not the question here, and of a detector takes longer than to train it.
    monkeypatch.setattr("bench.measure.count_cost", lambda *_, **__: Cost)

    def make(name):
        crop_size = SIZE // 2 if name in ON_CROPS else 0
        sizes = {"train_images": 8, "val_images": 4, "image_size": SIZE, "crop_size": crop_size}
        one = make_experiment()
        return replace(
            one,
            model=MODELS[name],
            data=describe_data("synthetic", None, **sizes, seed=0),
            train=replace(one.train, steps=STEPS, batch_size=BATCH),
            protocol=replace(
                one.protocol,
                input_size=SIZE // 2 if crop_size else SIZE,
                boxes="ground-truth" if crop_size else "none",
            ),
        )

    return make


@pytest.fixture
def measured(monkeypatch):
    """Measure an experiment in a sitting."""

    def measure(experiment, folder, sitting):
        due = lambda checkpoints: sitting.step == sitting.saved_at  # noqa: E731
        monkeypatch.setattr(Checkpoints, "is_due", due)
        torch.manual_seed(id(sitting))  # another process has other dice to begin with
        return measure_accuracy(experiment, folder, None, "", sitting)

    return measure


def result(found, place):
    """Return everything of a measurement that a clock has no part in."""
    measured, evidence = found
    names = ("weights.safetensors", "learning_curve.csv", "detections.json", "samples.npz")
    digests = {name: hashlib.sha256((place / name).read_bytes()).hexdigest() for name in names}
    return [measured["accuracy"], measured["training"]["final_loss"], evidence, digests]


@pytest.mark.parametrize("name", MODELS)
def test_a_training_gives_the_same_bits_again_and_after_interruptions(
    small, measured, tmp_path, name
):
    experiment = small(name)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    expected = result(measured(experiment, whole, Sitting()), whole / experiment.key)
    # Before anything was saved; a step after it was; at once; two steps after.
    for killed_at, saved_at, found in ((1, 0, 0), (3, 2, 0), (3, 0, 2), (6, 4, 2)):
        sitting = Sitting(saved_at, killed_at)
        with pytest.raises(KilledError):
            measured(experiment, parts, sitting)
        assert sitting.notes == ([f"goes on after step {found} of {STEPS}"] if found else [])
    assert result(measured(experiment, parts, Sitting()), parts / experiment.key) == expected


def test_another_seed_gives_other_bits(small, measured, tmp_path):
    """Else the test above would compare what nothing decides."""
    experiment = small("block")
    other = replace(experiment, seed=1)
    one, two = (
        result(measured(which, tmp_path, Sitting()), tmp_path / which.key)
        for which in (experiment, other)
    )
    for first, second in zip(one[-1].values(), two[-1].values(), strict=True):
        assert first != second


def test_the_seconds_of_all_sittings_add_up(small, measured, tmp_path, monkeypatch):
    """Clocks on which a second passes with every look."""
    seconds = iter(range(1_000_000))
    experiment = small("block")

    def trained(folder, sitting):
        with monkeypatch.context() as patched:
            for clock in ("monotonic", "process_time"):
                patched.setattr(
                    f"bench.training.training_state.time.{clock}", lambda: float(next(seconds))
                )
            return measured(experiment, tmp_path / folder, sitting)[0]["training"]

    whole = trained("whole", Sitting())
    with pytest.raises(KilledError):
        trained("parts", Sitting(saved_at=4, killed_at=5))
    [next(seconds) for _ in range(1000)]  # until somebody starts it again
    parts = trained("parts", Sitting())
    assert (whole["resumed_at"], parts["resumed_at"]) == ([], [4])
    for name in ("seconds", "processor_seconds"):
        # To save and to go on takes some looks more, and the lost step counts no second time.
        assert whole[name] < parts[name] < whole[name] + 10
    assert parts["images_per_second"] * parts["seconds"] == pytest.approx(STEPS * BATCH)
