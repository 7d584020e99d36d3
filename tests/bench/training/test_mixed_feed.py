"""Whole images of a mixture on their way through training and evaluation."""

from dataclasses import replace

import pytest
import torch
from machine_noses import NOSE, People, places
from torch import nn

from bench.annotation.candidates import Candidate
from bench.annotation.file import ANNOTATIONS, write_annotations
from bench.data.fitted import fit_images
from bench.evaluate_images import in_joints
from bench.experiment import Part
from bench.problem import Problem
from bench.training import crop_feed, image_feed
from models.skeleton import CANONICAL, COCO17, MPII16, POSETRACK15

SIDE = 100


@pytest.fixture
def sets(monkeypatch):
    """Data sets by name: four images each, of MPII's and of PoseTrack's joints."""
    opened = {"mpii": People(4, MPII16), "posetrack": People(4, POSETRACK15)}
    monkeypatch.setattr(
        image_feed, "open_fitted", lambda spec, *_: fit_images(opened[spec.name], SIDE)
    )
    monkeypatch.setattr(image_feed, "open_split", lambda spec, *_: opened[spec.name])
    return opened


@pytest.fixture
def mixed(make_experiment):
    plain = make_experiment()
    data = replace(plain.data, name="posetrack", skeleton="posetrack15", crop_size=0)
    mpii = replace(data, name="mpii", skeleton="mpii16")
    train = replace(plain.train, rotation=0.0, scale=1.0, shift=0.0, flip=False, steps=4)
    seen = replace(plain.protocol, boxes="none", input_size=SIDE)
    mixture = (Part(mpii, 1.0, "made", ("nose",)), Part(data, 1.0))
    return replace(plain, data=data, train=train, protocol=seen, mixture=mixture)


def test_a_mixture_is_learnt_from_with_the_joints_that_a_machine_made(sets, mixed, tmp_path):
    (tmp_path / "made").mkdir()
    noses = [Candidate(2, 0, "nose", *places(2, 2)[0, NOSE].tolist(), 0.8)]
    write_annotations(tmp_path / "made" / ANNOTATIONS, sets["mpii"], noses, ["nose"], {})
    device = torch.device("cpu")
    batches = list(image_feed.batches(mixed, tmp_path, None, device))
    assert len(batches) == 4
    seen = [target for _, targets in batches for target in targets]
    pelvis = CANONICAL.joints.index("pelvis")
    mpii = [one for one in seen if one["known"][pelvis]]
    assert 3 <= len(mpii) <= len(seen) - 3, "half of them"
    for target in mpii:
        given = target["image_id"] == 3
        assert (target["keypoints"][:, NOSE, 2] > 0).tolist() == [given, False]
        assert target["known"][NOSE]
    resumed = list(image_feed.batches(mixed, tmp_path, None, device, start=2))
    assert torch.equal(resumed[0][0], batches[2][0])


def test_annotations_that_were_not_made_are_a_problem(sets, mixed, tmp_path):
    with pytest.raises(Problem, match="holds no machine-made joints"):
        image_feed.batches(mixed, tmp_path, None, torch.device("cpu"))


def test_crops_know_no_mixture(mixed, tmp_path):
    with pytest.raises(Problem, match="learnt from whole images"):
        crop_feed.batches(mixed, tmp_path, None, torch.device("cpu"))


class Knowing(nn.Module):
    """Finds everybody's every joint, and somebody of whom there are eyes and ears alone."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def forward(self, images):
        found = []
        for image in range(self.seen, self.seen + len(images)):
            points = places(3, image)
            scores = torch.ones(3, len(CANONICAL))
            scores[2] = 0
            scores[2, 1:5] = 1.0  # of COCO's order: eyes and ears
            keypoints = torch.cat([points, torch.ones(3, len(CANONICAL), 1)], dim=-1)
            found.append({
                "boxes": torch.zeros(3, 4), "scores": torch.ones(3),
                "keypoints": keypoints * (scores > 0)[..., None], "keypoints_scores": scores,
            })  # fmt: skip
        self.seen += len(images)
        return found


@pytest.mark.parametrize(("name", "skeleton"), [("posetrack", POSETRACK15), ("mpii", MPII16)])
def test_a_union_is_judged_in_the_tested_set_s_own_joints(name, skeleton, sets, mixed, tmp_path):
    tested = replace(mixed.data, name=name, skeleton=skeleton.name)
    one = replace(mixed, tested=tested)
    accuracy, evidence = image_feed.evaluate(Knowing(), one, None, tmp_path, lambda done, of: None)
    assert accuracy["AP"] == 1.0
    assert len(evidence["oks"]["score"]) == 8, "two people an image; a face is nobody here"


def test_detections_are_taken_joint_by_joint():
    (found,) = Knowing()(torch.zeros(1, 3, 8, 8))
    (coco,) = in_joints([found], CANONICAL, COCO17)
    assert coco["keypoints"].shape == (3, 17, 3)
    for index, name in enumerate(COCO17.joints):
        theirs = found["keypoints"][:, CANONICAL.joints.index(name)]
        assert torch.equal(coco["keypoints"][:, index], theirs)
    (posed,) = in_joints([found], CANONICAL, POSETRACK15)
    assert len(posed["keypoints"]) == len(posed["boxes"]) == len(posed["scores"]) == 2
    assert in_joints([found], CANONICAL, CANONICAL)[0] is found
