"""Views of the same engine: what each set's annotators mark, and what stays hidden."""

from dataclasses import replace

import pytest
import torch

from bench.data.datasets import describe_data, open_split, open_truth
from bench.data.synthetic.annotators import as_annotated
from bench.data.synthetic.dataset import SyntheticScenes, render_scenes
from bench.data.synthetic.factors import DEFAULT_FACTORS, DOMAINS, RENDERER_VERSION
from bench.data.synthetic.habits import COCO_HABITS, MPII_HABITS, Habits
from models.skeleton import CANONICAL, COCO17, MPII16, SKELETONS

SIZE, SCENES = 64, 32
COCO, MPII = DOMAINS["synthetic-coco"], DOMAINS["synthetic-mpii"]
FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")


def scenes(domain) -> SyntheticScenes:
    indices = torch.arange(SCENES)
    return SyntheticScenes(
        render_scenes(indices, "val", SIZE, seed=0, factors=domain.factors), domain, "digest"
    )


@pytest.fixture(scope="module")
def coco() -> SyntheticScenes:
    return scenes(COCO)


@pytest.fixture(scope="module")
def mpii() -> SyntheticScenes:
    return scenes(MPII)


def people(data, key):
    return torch.cat([data.target(index)[key] for index in range(len(data))])


@pytest.mark.parametrize(
    ("name", "joints", "heads"),
    # The real sets' joints; COCO has no head boxes.
    [
        ("synthetic-coco", 17, False),
        ("synthetic-mpii", 16, True),
        ("synthetic-posetrack", 15, True),
    ],
)
def test_every_view_has_its_sets_joints(name, joints, heads):
    domain = DOMAINS[name]
    data = SyntheticScenes(
        render_scenes(torch.arange(2), "val", 32, seed=0, factors=domain.factors), domain, ""
    )
    assert data.target(0)["keypoints"].shape[1:] == (joints, 3)
    assert ("head_boxes" in data.target(0)) == heads
    assert len(SKELETONS[domain.skeleton]) == joints


def test_views_have_domains_of_their_own():
    versions = [domain.version for domain in DOMAINS.values()]
    assert len(set(versions)) == len(DOMAINS) == 4
    assert DOMAINS["synthetic"].version == RENDERER_VERSION
    assert COCO.version != replace(COCO, habits=replace(COCO_HABITS, least_side=0.1)).version
    factors = [domain.factors for domain in DOMAINS.values()]
    assert len({str(one) for one in factors}) == 4


def test_small_people_of_coco_keep_their_box_and_lose_their_joints(coco):
    truth = coco.truth()
    sizes, joints = people(coco, "area"), people(coco, "keypoints")[..., 2]
    assert torch.equal(sizes, people(truth, "area"))
    assert torch.equal(people(coco, "boxes"), people(truth, "boxes"))
    small = sizes < (SIZE / 20) ** 2  # 32 pixels of 640
    assert small.sum() > 5 and (~small).sum() > 20
    assert not joints[small].any()
    labelled = (people(truth, "keypoints")[..., 2] > 0).any(1)
    assert (joints[~small & labelled] > 0).any(1).float().mean() > 0.95


def test_faces_of_coco_are_marked_where_they_are_seen_and_limbs_anyhow(coco):
    marked = people(coco, "keypoints")[..., 2]
    true = people(coco.truth(), "keypoints")[..., 2]
    large = people(coco, "area") >= (SIZE / 20) ** 2
    for index, name in enumerate(COCO17.joints):
        ours, theirs = marked[large, index], true[large, CANONICAL.joints.index(name)]
        if name in FACE:
            assert torch.equal(ours, torch.where(theirs == 2, theirs, 0)), name
            assert (theirs == 1).any(), name
        else:
            assert torch.equal(ours, theirs), name


def test_mpii_marks_no_nose_and_every_joint_that_it_has(mpii):
    truth = mpii.truth()
    assert "nose" not in mpii.skeleton.joints
    noses = people(truth, "keypoints")[:, CANONICAL.joints.index("nose")]
    assert (noses[:, 2] > 0).float().mean() > 0.8, "which are there all the same"
    for index, name in enumerate(MPII16.joints):
        theirs = people(truth, "keypoints")[:, CANONICAL.joints.index(name)]
        assert torch.equal(people(mpii, "keypoints")[:, index], theirs)


def test_mpiis_boxes_are_squares_as_tall_as_the_person(mpii):
    boxes, masks = people(mpii, "boxes"), people(mpii.truth(), "boxes")
    sides = boxes[:, 2:] - boxes[:, :2]
    torch.testing.assert_close(sides[:, 0], sides[:, 1])
    torch.testing.assert_close(sides[:, 0], (masks[:, 2:] - masks[:, :2]).amax(1))
    middles = [(one[:, :2] + one[:, 2:]) / 2 for one in (boxes, masks)]
    torch.testing.assert_close(*middles)


def test_the_area_without_a_mask_is_that_of_joints_and_head():
    target = {
        "keypoints": torch.tensor([[[10.0, 20, 2], [14, 50, 1], [90, 90, 0]]]),
        "boxes": torch.tensor([[8.0, 10, 18, 52]]),
        "area": torch.tensor([200.0]),
        "head_boxes": torch.tensor([[9.0, 5, 15, 15]]),
        "occlusion": torch.zeros(1, 3),
    }
    marked = as_annotated(target, MPII_HABITS, replace(MPII16, joints=("a", "b", "c")), 100)
    assert marked["area"].tolist() == [(15 - 9) * (50 - 5)]


def test_nothing_that_is_hidden_leaks_into_a_target(coco, mpii):
    for data in (coco, mpii):
        for index in range(4):
            assert "occlusion" not in data.target(index)


def test_the_truth_is_of_the_same_people(coco):
    truth = coco.truth()
    assert truth.skeleton == CANONICAL
    assert torch.equal(people(coco, "annotation_ids"), people(truth, "annotation_ids"))
    assert torch.equal(coco.image(3), truth.image(3))
    for index in range(3):
        assert torch.equal(truth.target(index)["keypoints"], coco.joints(index))


def test_annotators_without_habits_tell_everything(coco):
    told = SyntheticScenes(coco._tensors, replace(COCO, habits=Habits()), "")
    assert torch.equal(
        people(told, "keypoints"),
        people(SyntheticScenes(coco._tensors, replace(COCO, habits=None), ""), "keypoints"),
    )


def test_views_are_opened_by_name_and_their_truth_too(tmp_path, monkeypatch):
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path))
    spec = describe_data(
        "synthetic-mpii", None, train_images=2, val_images=2, image_size=32, crop_size=0, seed=0
    )
    assert (spec.skeleton, spec.digest) == ("mpii16", MPII.version)
    data, truth = open_split(spec, "val", None), open_truth(spec, "val")
    assert truth is not None and truth.skeleton == CANONICAL
    assert torch.equal(data.target(1)["head_boxes"], truth.target(1)["head_boxes"])
    assert open_truth(replace(spec, name="mpii"), "val") is None, "nobody knows that of photographs"


def test_coco_is_of_all_sizes_and_mpii_of_large_people(coco, mpii):
    default = scenes(replace(DOMAINS["synthetic"], factors=DEFAULT_FACTORS))
    heights = {
        name: (people(data.truth(), "boxes")[:, 3] - people(data.truth(), "boxes")[:, 1]) / SIZE
        for name, data in (("coco", coco), ("mpii", mpii), ("default", default))
    }
    assert heights["coco"].std() / heights["coco"].mean() > 0.45
    assert heights["mpii"].median() > heights["default"].median() > heights["coco"].median()
