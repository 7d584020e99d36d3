"""Machine-made joints on disk, and back in a training."""

import json

import pytest
import torch
from machine_noses import NOSE, People, places
from pycocotools.coco import COCO

from bench.annotation.candidates import Candidate
from bench.annotation.file import add_joints, write_annotations
from bench.data.fitted import fit_images
from bench.data.mixing import align
from bench.problem import Problem
from models.skeleton import CANONICAL, MPII16

PROVENANCE = {"annotated_by": "abc", "thresholds": {"nose": 0.4}}


def nose(image, person, score=0.75):
    return Candidate(image, person, "nose", *places(2, image)[person, NOSE].tolist(), score)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "annotations.json"
    write_annotations(path, People(2), [nose(0, 1), nose(1, 0, 0.5)], ["nose"], PROVENANCE)
    return path


def test_it_is_a_coco_file_that_marks_what_a_machine_made(path):
    coco = COCO(str(path))
    (category,) = coco.loadCats(coco.getCatIds())
    assert category["keypoints"] == [*MPII16.joints, "nose"]
    assert coco.dataset["info"]["machine_made"] == {"joints": ["nose"], **PROVENANCE}
    people = {one["id"]: one for one in coco.dataset["annotations"]}
    assert {number: one["machine_scores"][-1] for number, one in people.items()} == {
        1: 0, 2: 0.75, 3: 0.5, 4: 0,
    }  # fmt: skip
    for one in people.values():
        assert not any(one["machine_scores"][:-1]), "MPII's own joints were made by people"
    assert people[1]["keypoints"][-3:] == [0, 0, 0]
    expected = [*places(2, 0)[1, NOSE].tolist(), 2]
    assert people[2]["keypoints"][-3:] == pytest.approx(expected)
    own = People(2).target(0)["keypoints"]
    assert people[1]["keypoints"][:-3] == pytest.approx(own[0].flatten().tolist())


@pytest.mark.parametrize("side", [100, 50])
def test_joints_come_into_the_images_as_they_are_fitted(path, side):
    images = align(fit_images(People(2), side), CANONICAL)
    added = add_joints(images, path)
    assert not images.targets[0]["known"][NOSE], "what was given stays as it was"
    for before, after in zip(images.targets, added.targets, strict=True):
        assert after["known"][NOSE]
        others = [index for index in range(21) if index != NOSE]
        assert torch.equal(before["keypoints"][:, others], after["keypoints"][:, others])
    first, second = (target["keypoints"][:, NOSE] for target in added.targets)
    assert first[0].tolist() == [0, 0, 0] == second[1].tolist()
    # Corners stay corners: half a pixel before the first one's centre.
    expected = (places(2, 0)[1, NOSE] + 0.5) * side / 100 - 0.5
    torch.testing.assert_close(first[1, :2], expected)
    assert first[1, 2] > 0


def test_a_joint_that_nobody_was_given_stays_unknown(tmp_path):
    path = tmp_path / "annotations.json"
    write_annotations(path, People(2), [], ["nose"], PROVENANCE)
    added = add_joints(align(fit_images(People(2), 50), CANONICAL), path)
    assert not any(target["known"][NOSE] for target in added.targets)


def test_a_file_that_is_torn_or_of_other_people_is_a_problem(path):
    images = align(fit_images(People(3), 50), CANONICAL)
    with pytest.raises(Problem, match="knows no person 5"):
        add_joints(images, path)
    content = json.loads(path.read_text())
    del content["info"]
    for text in (path.read_text()[:100], json.dumps(content)):
        path.write_text(text)
        with pytest.raises(Problem, match="holds no machine-made joints"):
            add_joints(images, path)
    with pytest.raises(Problem, match="holds no machine-made joints"):
        add_joints(images, path.with_name("gone.json"))
