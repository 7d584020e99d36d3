"""The whole job, with a model that is a stub and data that are known."""

import json
from dataclasses import asdict, replace

import pytest
from machine_noses import People, poses

from bench.annotation import measure
from bench.annotation.file import ANNOTATIONS
from bench.experiment import Part
from bench.given_boxes import FOUND, TRUTH
from bench.jobs import AnnotationExperiment
from bench.problem import Problem
from bench.records import job_of, kind_of
from models.skeleton import CANONICAL, POSETRACK15

IMAGES = 10


@pytest.fixture
def job(make_experiment):
    data = replace(make_experiment().data, skeleton="mpii16", name="bare", crop_size=0)
    marked = replace(data, skeleton="posetrack15", name="marked")
    whole = replace(data, skeleton="coco17")
    made = make_experiment()
    finds_people = replace(made.protocol, boxes=FOUND)
    annotator = replace(made, data=whole, mixture=(Part(whole, 1.0),), protocol=finds_people)
    return AnnotationExperiment(annotator, data, ("nose",), marked, 0.9, "any")


@pytest.fixture
def annotate(job, tmp_path, monkeypatch):
    """Run the job with candidates that are ``tried`` and ``found``, as COCO results."""

    def run(tried, found, job=job, truth=None, shown=None):
        def predict(model, images, *, boxes, **_):
            if shown is not None:
                shown[images.name] = boxes
            return images.name

        sets = {"bare": People(IMAGES), "marked": People(IMAGES, POSETRACK15)}
        results = {"bare": found, "marked": tried}
        monkeypatch.setattr(measure, "create_model", lambda one: _Model())
        monkeypatch.setattr(measure, "load_trained", lambda model, folder, key: {})
        monkeypatch.setattr(measure, "open_split", lambda spec, split, root: sets[spec.name])
        monkeypatch.setattr(measure, "open_truth", lambda spec, split: truth)
        monkeypatch.setattr(measure, "open_fitted", lambda spec, *_: _Opened(spec.name))
        monkeypatch.setattr(measure, "predict_images", predict)
        monkeypatch.setattr(measure, "to_coco_results", lambda found, images: results[images.name])
        (tmp_path / job.key).mkdir(exist_ok=True)
        measured, evidence = measure.measure_annotation(job, tmp_path, None, lambda *_, **__: None)
        file = json.loads((tmp_path / job.key / ANNOTATIONS).read_text())
        return measured, evidence, file

    return run


class _Model:
    def to(self, device):
        return self


class _Opened:
    def __init__(self, name):
        self.name = name
        self.targets = [People(IMAGES).target(image) for image in range(IMAGES)]

    def to(self, device):
        return self


def everybody(off=0.0, score=0.9, images=range(IMAGES)):
    return [pose for image in images for pose in poses(image, off, score)]


def test_sure_joints_are_written_and_judged_by_the_hidden_truth(annotate):
    # Heads are 6 pixels: noses 9 pixels off are wrong, and the less sure ones are.
    tried = [*everybody(images=range(5)), *everybody(9.0, 0.2, range(5, IMAGES))]
    found = [*everybody(images=range(7)), *everybody(9.0, 0.2, range(7, IMAGES))]
    measured, evidence, file = annotate(tried, found, truth=People(IMAGES, CANONICAL))
    noses = measured["joints"]["nose"]
    # Of ten sure ones all are right, and one of the others more would be 10 of 11.
    assert noses["threshold"] == pytest.approx(0.9)
    assert noses["calibration"] == {"coverage": 0.5, "PCKh@0.5": 1.0, "people": 20}
    assert (measured["people"], noses["found"], noses["annotated"]) == (20, 20, 14)
    assert noses["truth"]["coverage"] == pytest.approx(0.7)
    assert noses["truth"]["PCKh@0.5"] == 1.0
    levels = {one["confidence"]: one for one in noses["truth"]["levels"]}
    assert levels[0.0]["coverage"] == 1.0
    assert levels[0.0]["PCKh@0.5"] == pytest.approx(0.7)
    assert levels[0.5]["PCKh@0.5"] == 1.0
    made = [one["machine_scores"][-1] > 0 for one in file["annotations"]]
    assert made == [True] * 14 + [False] * 6
    told = file["info"]["machine_made"]
    assert told["thresholds"] == {"nose": noses["threshold"]}
    assert told["precision_aimed_at"] == 0.9
    assert set(evidence["nose"]) == {"calibration", "truth"}
    json.dumps([measured, evidence], allow_nan=False)


def test_where_no_confidence_suffices_nobody_is_given_a_joint(annotate):
    measured, _, file = annotate(everybody(9.0), everybody(), truth=People(IMAGES, CANONICAL))
    noses = measured["joints"]["nose"]
    assert noses["threshold"] is None
    assert (noses["annotated"], noses["truth"]["coverage"]) == (0, 0.0)
    assert noses["truth"]["PCKh@0.5"] is None
    assert noses["truth"]["levels"][0]["PCKh@0.5"] == 1.0, "as good as it would have been"
    assert not any(any(one["machine_scores"]) for one in file["annotations"])


def test_photographs_have_no_hidden_truth(annotate):
    measured, evidence, _ = annotate(everybody(), everybody())
    assert measured["joints"]["nose"]["truth"] is None
    assert set(evidence["nose"]) == {"calibration"}
    assert measured["joints"]["nose"]["annotated"] == 20


def test_a_model_that_is_shown_people_is_shown_those_of_the_data_set(annotate, job):
    shown = {}
    annotate(everybody(), everybody(), shown=shown)
    assert shown == {"bare": None, "marked": None}
    protocol = replace(job.annotator.protocol, boxes=TRUTH)
    asked = replace(job, annotator=replace(job.annotator, protocol=protocol))
    annotate(everybody(), everybody(), job=asked, shown=shown)
    for boxes in shown.values():
        assert len(boxes) == IMAGES
        for image, found in enumerate(boxes):
            assert found.equal(People(IMAGES).target(image)["boxes"])


def test_nothing_is_annotated_that_people_annotate_or_nobody_knows(annotate, job):
    for changes, sentence in (
        ({"joints": ("left_knee",)}, "bare annotates left_knee itself"),
        ({"joints": ("left_ear",)}, "marked, on which it is tried out, does not know left_ear"),
        ({"annotator": replace(job.annotator, mixture=(), data=job.data)}, "the annotator does"),
    ):
        with pytest.raises(Problem, match=sentence):
            annotate([], [], job=replace(job, **changes))


def test_a_job_survives_json_and_its_key_is_of_all_that_decides(job):
    assert kind_of(job) == "annotation"
    assert job_of("annotation", json.loads(json.dumps(asdict(job)))) == job
    changed = [
        replace(job, annotator=replace(job.annotator, seed=1)),
        replace(job, data=replace(job.data, train_images=1)),
        replace(job, calibrated_on=replace(job.calibrated_on, seed=9)),
        replace(job, precision=0.8),
        replace(job, method="another"),
    ]
    assert len({job.key, *(one.key for one in changed)}) == 6
    renamed = replace(job, annotator=replace(job.annotator, variant="called otherwise"))
    assert renamed.key == job.key
