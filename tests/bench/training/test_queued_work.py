"""A step of a training is queued on its device, which nobody waits for between two reports."""

from dataclasses import replace

import pytest
import torch
from queued_device import QUEUED, never_waited_for
from small_pipelines import ARGUMENTS, CROPS, SIZE
from whole_images import Coordinates

from bench.data.batches import training_batches
from bench.data.crops import cut_crops
from bench.data.fitted import fit_images
from bench.data.image_batches import image_batches
from bench.data.mixing import align, mixed_batches
from bench.experiment import TrainSpec
from models import create_pipeline
from models.skeleton import CANONICAL, COCO17

SPEC = TrainSpec(2, 4, 1e-3, 0.01, 0.1, 30.0, 1.25, 0.1, True, "cpu", "fp32")
#: They keep and drop boxes by their values, as torchvision's detectors do everywhere.
DETECTORS = {"mask_rcnn", "detector_hourglass"}
IMAGES = Coordinates([(40, 48), (36, 30), (50, 41), (44, 44), (32, 40)])


@pytest.fixture(scope="module")
def crops():
    return cut_crops(IMAGES, SIZE).to(QUEUED)


@pytest.fixture(scope="module")
def fitted():
    return fit_images(IMAGES, SIZE).to(QUEUED)


def feeds(crops, fitted):
    """Return the batches of each way of feeding a training."""
    mpii = align(fit_images(IMAGES, SIZE), CANONICAL).to(QUEUED)
    polygons = [one | {"ignore_polygons": torch.rand(1, 5, 2)} for one in fitted.targets]
    return {
        "crops": training_batches(crops, SPEC, 0),
        "images": image_batches(fitted, SPEC, 0),
        "polygons": image_batches(replace(fitted, targets=polygons).to(QUEUED), SPEC, 0),
        "mixture": mixed_batches([mpii, mpii], [1.0, 2.0], SPEC, 0),
    }


@pytest.mark.parametrize("name", ["crops", "images", "polygons", "mixture"])
def test_a_feed_never_waits(crops, fitted, name):
    batches = feeds(crops, fitted)[name]
    with never_waited_for():
        made = list(batches)
    assert len(made) == SPEC.steps
    assert all(images.device == QUEUED for images, _ in made)


@pytest.mark.parametrize("name", sorted(ARGUMENTS.keys() - DETECTORS))
def test_a_pipeline_never_waits_for_its_losses(crops, fitted, name):
    model = create_pipeline(name, COCO17, **ARGUMENTS[name]).to(QUEUED).train()
    images, targets = next(
        training_batches(crops, SPEC, 0) if name in CROPS else image_batches(fitted, SPEC, 0)
    )
    with never_waited_for():
        loss = sum(model(images, targets).values(), torch.zeros((), device=QUEUED))
        if loss.requires_grad:
            loss.backward()


def test_what_waits_is_found():
    there = torch.zeros(3, 3, device=QUEUED)
    for waits in (
        lambda: there.new_tensor([1.0, 2.0]),
        lambda: torch.tensor([1, 2], device=QUEUED),
        lambda: torch.arange(3).to(QUEUED),
        lambda: there[[0, 2]],
        lambda: there[torch.tensor([0, 2])],
        lambda: torch.linalg.inv(there),
    ):
        with pytest.raises(AssertionError, match=r"test_queued_work\.py"), never_waited_for():
            waits()
    with pytest.raises(RuntimeError), never_waited_for():
        there.sum().item()
