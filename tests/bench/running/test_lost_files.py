"""What happens between an experiment's steps: data that vanish, a cache that takes no more."""

import resource
from dataclasses import replace

import pytest
import torch
from coco_files import write_coco

from bench.data.cache import cached_tensors
from bench.data.datasets import describe_data
from bench.experiment import ModelSpec
from bench.problem import Problem
from bench.records import read_record
from bench.running.worker import Task, perform


@pytest.fixture
def losing(tmp_path, monkeypatch, make_experiment):
    """Train on photographs of which some file vanishes meanwhile; return the record's reason."""
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path / "cache"))
    root = write_coco(tmp_path / "data")
    sizes = {"train_images": 0, "val_images": 0, "image_size": 0, "crop_size": 32}
    experiment = replace(
        make_experiment(),
        model=ModelSpec("mean_pose", {"crop_size": 32}),
        data=describe_data("coco", root, **sizes, seed=0),
    )

    def lose(name):
        def send(event):
            if event["stage"] == "train":
                (root / name).unlink()

        code = perform(Task(experiment, tmp_path, root, None, 1, {}, "", ""), send)
        record, _ = read_record(tmp_path, experiment.key)
        assert code == 1
        assert record["status"] == "failed"
        return record["reason"]

    return lose


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("val2017/7.png", "7.png, is missing; restore it"),
        ("annotations/person_keypoints_val2017.json", "holds no annotations/person_keypoints_val"),
    ],
)
def test_a_data_file_that_vanishes_midway_is_named_with_the_mend(losing, name, told, capsys):
    reason = losing(name)
    assert told in reason
    assert "Error" not in reason
    assert "Traceback" in capsys.readouterr().err  # the log's, for whoever wants more


def test_a_cache_that_takes_no_more_is_a_problem_and_leaves_no_half_file(tmp_path, monkeypatch):
    """The system's own limit on the size of files stands in for a full disk."""
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path / "cache"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(Problem, match=r"cannot write the cache folder .*; set POSEARCH_CACHE"):
            cached_tensors("scenes", lambda: {"images": torch.zeros(10_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list((tmp_path / "cache").iterdir()) == []
