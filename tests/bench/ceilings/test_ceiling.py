"""The ceiling's steps: people built so that one cause alone bites, and by how much is counted.

AP by hand. Who lacks m of n joints has an OKS of (n - m) / n, since an absent joint counts as far
off, and is found at those of the ten thresholds from 0.50 to 0.95 that are not above it. Where one
of two people is found, the surer one first, the precision is 1 up to a recall of 0.5, which are 51
of COCO's 101 recalls.
"""

from itertools import pairwise

import pytest
import torch

from bench.ceilings.ceiling import decode_truth, measure_ceiling
from bench.ceilings.counterfactuals import CAUSES
from bench.data.fitted import FittedImages
from bench.experiment import DataSpec, ModelSpec, Protocol
from bench.jobs import CeilingExperiment
from bench.metrics.coco_truth import coco_ground_truth
from bench.metrics.oks import OksMatches
from bench.problem import Problem
from models import create_pipeline
from models.skeleton import COCO17, Skeleton

SIZE = 128
HALF = 51 / 101
SMALLEST = {"block": "residual", "depth": 1, "trunk_depth": 1, "stages": 1, "width": 1 / 16}
FEW, OUTSIDE, NO_LIMB, ROUNDING, JOINTS, LIMBS = range(1, 7)


def chain(joints, sigma):
    """A skeleton whose joints hang in a row."""
    limbs = tuple((joint, joint + 1) for joint in range(joints - 1))
    return Skeleton(
        "chain", tuple(f"joint_{one}" for one in range(joints)), limbs, (sigma,) * joints
    )


CHAIN = chain(7, 0.1)
# So strict that a joint a quarter of a pixel off counts as absent.
STRICT = chain(7, 1e-4)
ROW = torch.arange(7) * 16.0 + 13.5  # stride 4: the middles of cells 3, 7, ... 27


def person(x=ROW, y=61.5, hidden=()):
    """Joints at ``x`` along a line; those of ``hidden`` are not annotated."""
    joints = torch.stack(
        [torch.as_tensor(x), torch.full((len(x),), float(y)), torch.full((len(x),), 2.0)], 1
    )
    joints[list(hidden)] = 0
    return joints


def ceiling(*images, skeleton=CHAIN, crowd=(), **arguments):
    """Return AP on each step, for images of people; ``crowd`` are numbers of people."""
    targets, number = [], 0
    for index, people in enumerate(images):
        count = len(people)
        keypoints = torch.stack(people) if people else torch.zeros(0, len(skeleton), 3)
        ids = torch.arange(number, number + count)
        number += count
        targets.append(
            {
                "boxes": torch.tensor([[0.0, 0.0, SIZE - 1, SIZE - 1]]).repeat(count, 1),
                "labels": torch.ones(count, dtype=torch.int64),
                "keypoints": keypoints,
                "area": torch.full((count,), 4000.0),
                "iscrowd": torch.isin(ids, torch.tensor(crowd)).long(),
                "image_id": index + 1,
                "annotation_ids": ids + 1,
            }
        )
    fitted = FittedImages(
        skeleton,
        SIZE,
        torch.zeros(len(images), 3, SIZE, SIZE, dtype=torch.uint8),
        torch.eye(2, 3, dtype=torch.float64).repeat(len(images), 1, 1),
        targets,
        [(SIZE, SIZE)] * len(images),
    )
    options = {"stride": 4, "sigma": 4.0, "half_width": 4.0} | SMALLEST | arguments
    pipeline = create_pipeline("mspaf3", skeleton, **options)
    truth = coco_ground_truth(targets, fitted.sizes, skeleton)
    measured, evidence = decode_truth(pipeline, fitted, truth, lambda *progress: None)
    steps = [step["AP"] for step in measured["steps"]]
    assert [step["cause"] for step in measured["steps"]] == list(CAUSES)
    assert measured["accuracy"]["AP"] == steps[-1]
    matches = OksMatches.from_json(evidence["oks"])
    assert float(matches.statistics()["AP"]) == steps[-1]
    assert measured["people"] == matches.positives.sum()
    assert measured["images"] == len(images)
    return steps


def falls(to, at):
    """AP is 1 before step ``at``, and ``to`` from there on."""
    return pytest.approx([1.0] * at + [to] * (len(CAUSES) - at))


def test_nothing_is_lost_of_people_who_stand_apart():
    assert ceiling([person(), person(y=21.5)], [], [person(y=100.3)]) == falls(1.0, LIMBS)


@pytest.mark.parametrize(
    "few", [person(y=21.5, hidden=range(2, 7)), person(y=21.5, hidden=(2, 5))], ids=["two", "pairs"]
)
def test_persons_with_too_few_joints(few):
    """Two joints; or three pairs of joints, of which no limb leads to another."""
    assert ceiling([person(), few]) == falls(HALF, FEW)


def test_the_fewest_joints_are_the_groupings_own():
    few = person(y=21.5, hidden=range(2, 7))
    assert ceiling([person(), few], grouping={"min_parts": 2}) == falls(1.0, LIMBS)


def test_who_is_mostly_out_of_the_image_has_too_few_joints():
    assert ceiling([person(), person(x=ROW + 90, y=21.5)]) == falls(HALF, FEW)


def test_joints_out_of_the_image():
    x = ROW.clone()
    x[6] = 140.0
    # 6 of 7 joints: found at .50 to .85, eight of ten thresholds.
    assert ceiling([person(x)]) == falls(0.8, OUTSIDE)


def test_joints_without_a_limb():
    # Joint 0 hangs on joint 1 only. 5 of 6 joints: .50 to .80.
    assert ceiling([person(hidden=[1])]) == falls(0.7, NO_LIMB)


def test_joints_at_one_place_have_no_limb():
    x = ROW.clone()
    x[6] = x[5]
    assert ceiling([person(x)]) == falls(0.8, NO_LIMB)


@pytest.mark.parametrize(("least", "ap"), [(3, 0.4), (2, 0.4)])
def test_a_part_that_came_off_is_one_person_too_many_but_ranks_last(least, ap):
    # Joints 0 and 1, and joints 3 to 6. 4 of 6: .50 to .65; the others are no 50 percent.
    steps = ceiling([person(hidden=[2])], grouping={"min_parts": least})
    assert steps == falls(ap, NO_LIMB)


def test_rounding():
    """A joint at the corner of a cell, sigma a cell: its highest cell is exp(-1/4)."""
    x = ROW.clone()
    x[6] += 2
    skewed = person(x)
    skewed[6, 1] += 2
    assert ceiling([skewed]) == falls(1.0, LIMBS)
    assert ceiling([skewed], grouping={"peak_threshold": 0.8}) == falls(0.8, ROUNDING)
    # Only the joint at the end falls off, and a person of three joints is one of two.
    few = skewed.clone()
    few[:4] = 0
    steps = ceiling([few, person(y=21.5)], grouping={"peak_threshold": 0.8})
    assert steps == falls(HALF, ROUNDING)


def test_overlapping_joints():
    """Two joints in one cell have one peak, which is where neither of them is."""
    lower = person(y=90.0)
    lower[6] = torch.tensor([ROW[6] + 1, 61.5, 2.0])
    assert ceiling([person(), lower], skeleton=STRICT) == falls(0.8, JOINTS)


def test_overlapping_limbs():
    """The same as above, but a pixel is no error here: who has the joint in the end counts."""
    lower = person(y=90.0)
    lower[6] = torch.tensor([ROW[6] + 1, 61.5, 2.0])
    # At .90 and .95, one is found, who ranks first because he has all joints.
    assert ceiling([person(), lower]) == falls(0.8 + 0.2 * HALF, LIMBS)


def test_limbs_that_lie_on_each_other_the_other_way_round():
    """The mean of opposite unit vectors is 0: both lose the end of their chain."""
    first, second = person(y=40.0), person(y=90.0)
    first[5:, 1] = second[5:, 1] = 61.5
    second[5:, 0] = first[5:, 0].flip(0)
    assert ceiling([first, second]) == falls(0.8, LIMBS)


def test_crowds_and_people_without_joints_cost_nothing():
    nobody = person(hidden=range(7))
    crowd = person(y=21.5)
    assert ceiling([person(), nobody, crowd], [nobody], crowd=[2]) == falls(1.0, LIMBS)


def test_the_neck_connects_coco_s_joints():
    """A shoulder hides, and with it the neck that the hips hang on."""
    places = {
        "nose": (60, 20), "left_eye": (64, 17), "right_eye": (56, 17), "left_ear": (68, 20),
        "right_ear": (52, 20), "left_shoulder": (74, 36), "right_shoulder": (46, 36),
        "left_elbow": (82, 52), "right_elbow": (38, 52), "left_wrist": (86, 68),
        "right_wrist": (34, 68), "left_hip": (70, 72), "right_hip": (50, 72),
        "left_knee": (72, 92), "right_knee": (48, 92), "left_ankle": (74, 112),
        "right_ankle": (46, 112),
    }  # fmt: skip
    whole = torch.tensor([[*places[joint], 2.0] for joint in COCO17.joints])
    assert ceiling([whole], skeleton=COCO17) == falls(1.0, LIMBS)
    turned = whole.clone()
    turned[COCO17.joints.index("right_shoulder")] = 0
    turned[COCO17.joints.index("right_elbow")] = 0
    turned[COCO17.joints.index("right_wrist")] = 0
    # Head and left arm are 8 joints of 14: .50 and .55. The legs are three joints each.
    assert ceiling([turned], skeleton=COCO17) == falls(0.2, NO_LIMB)


def test_the_order_of_images_and_batches_does_not_matter(monkeypatch):
    broken = person(hidden=[1])
    together = ceiling([person()], [], [broken], [person()])
    monkeypatch.setattr("bench.ceilings.ceiling._BATCH", 1)
    assert ceiling([person()], [], [broken], [person()]) == together


def experiment(name="mspaf3", images=6, **arguments):
    return CeilingExperiment(
        "true fields",
        ModelSpec(name, arguments),
        DataSpec("synthetic", "coco17", 1, images, SIZE, 0, 0, "1"),
        Protocol("val", "none", SIZE, (1.0,), False, "sum", "1"),
    )


@pytest.mark.parametrize("stride", [4, 8])
def test_synthetic_scenes_lose_a_little_with_every_step(stride):
    progress = []
    targets = {"sigma": stride, "half_width": stride}
    measured, evidence = measure_ceiling(
        experiment(stride=stride, **targets, **SMALLEST), None, lambda *one: progress.append(one)
    )
    steps = [step["AP"] for step in measured["steps"]]
    assert steps[0] == 1.0
    assert all(after <= before for before, after in pairwise(steps))
    assert 0.5 < steps[-1] < 1.0
    assert measured["stride"] == stride
    assert measured["images"] == 6
    assert set(measured["accuracy"]) == {"AP", "AP50", "AP75", "AR"}
    assert len(evidence["oks"]["positives"]) == 6
    assert progress == [("decode", 6, 6)]


def test_a_pipeline_without_fields_is_refused():
    with pytest.raises(Problem, match="'mean_pose' has no fields"):
        measure_ceiling(experiment("mean_pose", crop_size=64), None, print)


def test_data_without_people_is_refused():
    with pytest.raises(Problem, match="nobody"):
        ceiling([person(hidden=range(7))])
