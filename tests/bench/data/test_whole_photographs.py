"""Pipelines for whole images on photographs as COCO annotates them: crowds, nobody, unlabelled."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from coco_files import content, person, write_coco

from bench.ceilings.ceiling import measure_ceiling
from bench.data.datasets import describe_data
from bench.experiment import Experiment, ModelSpec, Protocol, TrainSpec
from bench.jobs import CeilingExperiment
from bench.measure import measure_accuracy
from bench.records import write_record

TRAIN = TrainSpec(2, 2, 1e-3, 0.01, 0.1, 40.0, 1.4, 0.1, True, "cpu", "fp32")
SMALL = {
    "paf6": {"width": 1 / 16, "stages": 1, "trunk_depth": 13, "stride": 8},
    "mspaf3": {"block": "residual", "depth": 1, "trunk_depth": 1, "width": 1 / 16, "stages": 1},
}


def ignore(*facts, **more):
    pass


def whole_images(root: Path, model: str, side: int, images: int = 0) -> Experiment:
    data = describe_data(
        "coco", root, train_images=images, val_images=images, image_size=0, crop_size=0, seed=0
    )
    protocol = Protocol("val", "none", side, (1.0,), False, "sum", "1")
    targets = {"sigma": 7 * side / 368, "half_width": 8 * side / 368}
    spec = ModelSpec(model, SMALL[model] | targets)
    return Experiment(model, spec, data, TRAIN, protocol, seed=0)


@pytest.fixture
def root(tmp_path):
    """One image with a crowd and somebody unlabelled, one with nobody, one with one person."""
    annotations = [
        person(71, 7),
        person(72, 7, iscrowd=1, keypoints=[0] * 51, num_keypoints=0, bbox=[1, 1, 20, 20]),
        person(73, 7, keypoints=[0] * 51, num_keypoints=0, bbox=[20, 5, 15, 20]),
        person(51, 5),
    ]
    given = content() | {"annotations": annotations}
    return write_coco(tmp_path / "data", train=given, val=given)


@pytest.mark.parametrize("model", SMALL)
def test_crowds_and_empty_images_are_trained_on_and_judged_as_coco_does(tmp_path, root, model):
    experiment = whole_images(root, model, 64)
    measured, evidence = measure_accuracy(experiment, tmp_path, root, "", ignore)
    # All three images are seen; a crowd and somebody unlabelled are not asked for.
    assert evidence["oks"]["positives"] == [1, 0, 1]
    assert measured["trained_by"] == ""
    curve = (tmp_path / experiment.key / "learning_curve.csv").read_text().splitlines()
    assert curve[0] == "step,learning_rate,loss,heatmaps_1,fields_1"
    assert len(curve) == 3
    assert isinstance(json.loads((tmp_path / experiment.key / "detections.json").read_text()), list)


def test_the_weights_of_one_protocol_serve_another(tmp_path, root):
    first = whole_images(root, "mspaf3", 64)
    measured, evidence = measure_accuracy(first, tmp_path, root, "", ignore)
    record = {
        "key": first.key,
        "kind": "accuracy",
        "status": "done",
        "reason": "",
        "measured": measured,
        "evidence": evidence,
        "files": ["weights.safetensors"],
    }
    write_record(tmp_path, record | {"experiment": asdict(first)})
    flipped = replace(first, protocol=replace(first.protocol, flip=True))
    again, _ = measure_accuracy(flipped, tmp_path, root, first.key, ignore)
    assert again["training"] == measured["training"]
    assert again["trained_by"] == first.key
    assert again["cost"]["gmac"] == pytest.approx(2 * measured["cost"]["gmac"])
    assert not (tmp_path / flipped.key / "weights.safetensors").exists()


@pytest.fixture
def persons():
    folder = os.environ.get("POSEARCH_DATA")
    if not folder or not (Path(folder) / "coco_persons").is_dir():
        pytest.skip("POSEARCH_DATA does not name a folder that holds coco_persons")
    return Path(folder) / "coco_persons"


@pytest.mark.parametrize("model", SMALL)
def test_a_few_steps_on_photographs(tmp_path, persons, model):
    torch.set_num_threads(1)
    experiment = whole_images(persons, model, 128, images=6)
    measured, evidence = measure_accuracy(experiment, tmp_path, persons, "", ignore)
    assert 0 <= measured["accuracy"]["AP"] <= 1
    assert len(evidence["oks"]["positives"]) == 6


def test_true_fields_of_photographs_lose_little(persons):
    """At the papers' input and stride: 0.85 is what representation and grouping must leave."""
    data = describe_data(
        "coco", persons, train_images=0, val_images=0, image_size=0, crop_size=0, seed=0
    )
    protocol = Protocol("val", "none", 368, (1.0,), False, "sum", "1")
    targets = {"sigma": 7.0, "half_width": 8.0, "grouping": {"min_parts": 2}}
    model = ModelSpec("mspaf3", SMALL["mspaf3"] | targets)
    ceiling = CeilingExperiment("true fields", model, data, protocol)
    measured, _ = measure_ceiling(ceiling, persons, ignore)
    assert measured["accuracy"]["AP"] >= 0.85
