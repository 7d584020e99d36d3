"""Two processes of gloo train and predict as one does."""

import math
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
import torch.distributed as dist
from side_by_side_processes import together
from torch import nn
from torch.nn import functional
from torch.optim.optimizer import register_optimizer_step_pre_hook
from whole_images import JOINTS, Coordinates

from bench.data.batches import WHOLE, training_batches
from bench.data.crops import cut_crops
from bench.data.fitted import fit_images
from bench.data.image_batches import image_batches
from bench.evaluate import predict_crops
from bench.evaluate_images import predict_images
from bench.experiment import TrainSpec
from bench.ranks import own_share, with_own_dice
from bench.train import train
from bench.training.checkpoints import Checkpoints
from models import create_pipeline
from models.skeleton import COCO17
from models.together import processes

pytestmark = pytest.mark.timeout(900)  # of processes that each import torch
SIZE, STEPS, BATCH, SEED = 32, 4, 4, 3
SPEC = TrainSpec(STEPS, BATCH, 1e-3, 0.01, 0.25, 30.0, 1.25, 0.1, True, "cpu", "fp32")
# Of the largest gradient of a weight. Single precision rounds by 6e-8, and each gradient is a sum
# of some thousand products, which two processes add up in another order than one does.
ROUNDING = 1e-5
SIZES = [(40, 30), (30, 40), (36, 36), (24, 40), (40, 40)]


def crops():
    """People of whom every other lacks most joints, so no two shares have equally many."""
    found = cut_crops(Coordinates(SIZES), SIZE)
    found.keypoints[::2, 4:, 2] = 0
    return found


def small(name: str) -> nn.Module:
    """A pipeline without batch norms, or with norms whose statistics stay as they are."""
    torch.manual_seed(SEED)
    size = {
        "single_person": {"block": "residual", "depth": 1, "width": 8, "stages": 2},
        "paf6": {"width": 1 / 16, "stages": 2, "trunk_depth": 13},
    }[name]
    crop = {"crop_size": SIZE} if name == "single_person" else {}
    model = create_pipeline(name, COCO17, **size, **crop)
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.train = lambda mode=True, norm=norm: norm
            norm.training = False
    return model


def batches(name: str, share: slice):
    if name == "single_person":
        return training_batches(crops(), SPEC, SEED, share=share)
    return image_batches(fit_images(Coordinates(SIZES), SIZE), SPEC, SEED, share=share)


def learnt(name: str, share: slice | None = None) -> dict:
    """Train, and return the gradients of the first step, the losses and the weights at the end."""
    model, first = small(name), {}

    def keep(optimizer, args, kwargs):
        for parameter, weight in model.named_parameters():
            first.setdefault(parameter, weight.grad.clone())

    hook = register_optimizer_step_pre_hook(keep)
    share = own_share(BATCH) if share is None else share
    try:
        # Unclipped: a gradient that is too long by a factor would be cut to the same length.
        with patch("bench.train._GRADIENT_NORM", math.inf):
            curve = train(
                model,
                with_own_dice(batches(name, share), SEED, 0),
                SPEC,
                lambda step, loss, rate: None,
            )
    finally:
        hook.remove()
    facts = {"images": curve.images, "processes": curve.processes, "losses": curve.losses}
    return facts | {"gradients": first, "weights": dict(model.state_dict())}


class PeopleByLight(nn.Module):
    """Up to three people, as an image's pixels have it; ``mine`` counts the images."""

    mine = 0

    def forward(self, images):
        self.mine += len(images)
        counts = ((images.mean(dim=(1, 2, 3)) * 1000).int() % 4).tolist()
        return [
            {
                "boxes": torch.full((count, 4), float(image.sum())),
                "scores": torch.full((count,), float(image.mean())),
                "keypoints": image[:, :JOINTS, :3].mean(0).expand(count, -1, -1),
                "keypoints_scores": image[0, :JOINTS, 0].expand(count, -1),
            }
            for image, count in zip(images, counts, strict=True)
        ]


def predicted() -> dict:
    """Predict for an odd number of crops and of images; the last batch of each is not full."""
    quiet = {"precision": "fp32", "report": lambda done, of: None}
    single, light = small("single_person"), PeopleByLight()
    images = fit_images(Coordinates([(8 + 2 * index, 32) for index in range(9)]), SIZE)
    with patch("bench.evaluate._BATCH", 3), patch("bench.evaluate_images._BATCH", 2):
        people = predict_crops(single, crops_of_an_odd_number(), flip=True, **quiet)
        found = predict_images(light, images, **quiet)
        few = predict_images(light, images_of_one_batch(images), **quiet)
    return {
        "crop": people.crop,
        "image": people.image,
        "scores": people.scores,
        "found": found,
        "few": few,
        "mine": light.mine,
    }


def crops_of_an_odd_number():
    found = crops()
    assert len(found) == 8
    chosen = {name: one[:7] for name, one in vars(found).items() if isinstance(one, torch.Tensor)}
    return replace(found, **chosen)


def images_of_one_batch(images):
    """Return so few that there are none for the second process."""
    return replace(images, images=images.images[:1])


class Dropping(nn.Module):
    """A model that throws dice in training."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 3)

    def forward(self, images, targets):
        return {"error": functional.dropout(self.layer(images), 0.5).square().mean()}


class KilledError(Exception):
    """Ends a training between two steps."""


def dropping(place: Path, killed_at: int = STEPS) -> dict:
    """Train by dice, with a checkpoint after each step, from the one that lies there."""
    torch.manual_seed(SEED)
    model = Dropping()
    place.mkdir(exist_ok=True)
    dist.barrier()  # nobody saves any more
    checkpoints = Checkpoints(place, "key")
    start = checkpoints.found.step if checkpoints.found else 0

    def until_killed():
        for step in range(start, STEPS):
            if step == killed_at:
                raise KilledError
            images = torch.rand(BATCH, 3, 8, 8, generator=torch.Generator().manual_seed(step))
            yield images[own_share(BATCH)], []

    own = with_own_dice(until_killed(), SEED, start)
    curve = train(model, own, SPEC, lambda step, loss, rate: None, checkpoints)
    return dict(model.state_dict()) | {"resumed_at": curve.resumed_at, "losses": curve.losses}


def interrupted(place: Path) -> dict:
    """Train at one go and in two sittings."""
    with (
        patch("bench.train._REPORT_SECONDS", 0.0),
        patch.object(Checkpoints, "is_due", lambda checkpoints: True),
    ):
        whole = dropping(place / "whole")
        with suppress(KilledError):
            dropping(place / "parts", killed_at=2)
        parts = dropping(place / "parts")
    next(with_own_dice(iter([None]), SEED, 0))
    return {"whole": whole, "parts": parts, "dice": torch.rand(3)}


def all_of_it(place: Path) -> dict:
    assert processes() == 2
    found = {name: learnt(name) for name in ("single_person", "paf6")}
    return found | {"predicted": predicted(), "interrupted": interrupted(place)}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("together")


@pytest.fixture(scope="module")
def both(place):
    """What two processes come to, first and second."""
    return together(all_of_it, place)


def distance(found: dict, expected: dict) -> float:
    """Return the largest difference of a weight's values, as a share of its largest value."""
    return max(
        float((found[name] - one).abs().max() / one.abs().max().clamp_min(1e-12))
        for name, one in expected.items()
        if one.is_floating_point()
    )


def drift(found: dict, expected: dict, gradients: dict) -> float:
    """Return the largest difference of a value after all steps, in steps at full learning rate.

    AdamW makes steps of one size of gradients of any size, of mere rounding too (a softmax does not
    care for its bias), so only values with a gradient count.
    """
    largest = max(float(one.abs().max()) for one in gradients.values())
    return max(
        float((found[name] - expected[name])[one.abs() > 1e-3 * largest].abs().max())
        / SPEC.learning_rate
        for name, one in gradients.items()
        if (one.abs() > 1e-3 * largest).any()
    )


@pytest.mark.parametrize("name", ["single_person", "paf6"])
def test_two_processes_have_the_gradients_and_the_weights_of_one(both, name):
    alone = learnt(name, WHOLE)
    for found in (one[name] for one in both):
        assert distance(found["gradients"], alone["gradients"]) < ROUNDING
        assert drift(found["weights"], alone["weights"], alone["gradients"]) < 1e-3
        assert found["losses"] == pytest.approx(alone["losses"], rel=1e-4)
        assert (found["images"], found["processes"]) == (STEPS * BATCH, 2)
    assert (alone["images"], alone["processes"]) == (STEPS * BATCH, 1)
    for weight, value in both[0][name]["weights"].items():
        assert torch.equal(value, both[1][name]["weights"][weight]), weight


def test_shares_that_are_annotated_unevenly_would_not_have_it_by_the_mean_of_their_means():
    """Else the test above would compare what cannot differ."""
    first = "network.stem.0.0.weight"
    shares = (WHOLE, slice(0, 2), slice(2, 4))
    alone, *halves = (learnt("single_person", one)["gradients"][first] for one in shares)
    naive = (halves[0] + halves[1]) / 2
    assert distance({first: naive}, {first: alone}) > 1000 * ROUNDING


def test_two_processes_predict_what_one_does_each_image_once_and_in_order(both):
    alone = predicted()
    counts = [len(one["scores"]) for one in alone["found"]]
    assert len(counts) == 9
    assert 0 in counts
    assert max(counts) > 1
    for shared in (one["predicted"] for one in both):
        for name in ("crop", "image", "scores"):
            assert torch.equal(shared[name], alone[name]), name
        for name in ("found", "few"):
            assert len(shared[name]) == len(alone[name])
            for one, expected in zip(shared[name], alone[name], strict=True):
                assert one.keys() == expected.keys()
                assert all(torch.equal(one[part], expected[part]) for part in one)
    assert [one["predicted"]["mine"] for one in both] == [6, 4]  # and not 10 each


def test_an_interrupted_training_of_two_goes_on_to_the_same_bits(both, place):
    for one in (one["interrupted"] for one in both):
        whole, parts = one["whole"], one["parts"]
        assert (whole.pop("resumed_at"), parts.pop("resumed_at")) == ([], [2])
        assert whole.pop("losses") == parts.pop("losses")
        assert all(torch.equal(parts[name], weight) for name, weight in whole.items())
    first, second = (one["interrupted"]["dice"] for one in both)
    assert not torch.equal(first, second)  # else both would drop the same cells
    assert "processes" in Checkpoints(place / "parts", "key").refused  # for one has other dice
