"""Poses within human limits, bodies of the right build, and solids where rays say they are."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from bench.data.synthetic.activities import ACTIVITIES
from bench.data.synthetic.body import Parts
from bench.data.synthetic.exact import Draws
from bench.data.synthetic.kinematics import (
    FOREARM,
    HEAD,
    SHANK,
    THIGH,
    UPPER_ARM,
    Bodies,
    Build,
    pose_bodies,
    sample_build,
)
from bench.data.synthetic.poses import JOINTS, LIMITS, sample_poses
from bench.data.synthetic.render import View, cast, make_solids


def _draws(scenes: int) -> Draws:
    return Draws.of_scenes(torch.arange(scenes), "train", seed=0)


def _body(**degrees: tuple[float, float, float]) -> Bodies:
    one = torch.ones(1)
    angles = torch.zeros(1, len(JOINTS), 3)
    for joint, values in degrees.items():
        angles[0, JOINTS.index(joint)] = torch.tensor(values)
    return pose_bodies(Build(one * 1.8, one, one, one, one, one), angles, torch.zeros(1))


def test_every_sampled_angle_is_within_the_limits_of_its_joint() -> None:
    angles = sample_poses(_draws(500), 6).angles
    assert (angles >= LIMITS[..., 0]).all() and (angles <= LIMITS[..., 1]).all()


def test_limits_are_the_textbook_ranges_of_motion() -> None:
    # American Academy of Orthopaedic Surgeons: elbow 0..150, shoulder flexion to 180.
    elbow, shoulder = LIMITS[JOINTS.index("left_elbow")], LIMITS[JOINTS.index("right_shoulder")]
    assert elbow[0].tolist() == [0, 150] and shoulder[0, 1] == 180
    assert LIMITS[JOINTS.index("left_knee"), 0, 0] == 0  # knees do not bend forwards


def test_every_activity_occurs_about_as_often_as_its_share() -> None:
    activity = sample_poses(_draws(2000), 6).activity.flatten()
    counts = torch.bincount(activity, minlength=len(ACTIVITIES)).double() / len(activity)
    shares = torch.tensor([one.share for one in ACTIVITIES.values()], dtype=torch.float64)
    shares /= shares.sum()
    deviation = (shares * (1 - shares) / len(activity)).sqrt()
    assert ((counts - shares).abs() < 5 * deviation).all()


def test_most_people_are_upright_but_not_all() -> None:
    poses = sample_poses(_draws(500), 6)
    build = sample_build(_draws(500), 6)
    everybody = torch.ones(500, 6, dtype=torch.bool)
    bodies = pose_bodies(build[everybody], poses.angles[everybody], torch.zeros(3000))
    rise = bodies.joints["thorax"][:, 1] - bodies.joints["pelvis"][:, 1]
    length = (bodies.joints["thorax"] - bodies.joints["pelvis"]).norm(dim=1)
    upright = (rise / length > math.cos(math.radians(45))).float().mean()
    assert 0.7 < upright < 0.9


def test_bones_have_the_lengths_of_the_table_in_any_pose() -> None:
    build = sample_build(_draws(50), 2)
    both = torch.ones(50, 2, dtype=torch.bool)
    build, angles = build[both], sample_poses(_draws(50), 2).angles[both]
    joints = pose_bodies(build, angles, torch.linspace(-3, 3, 100)).joints
    for side in ("left", "right"):
        for start, end, share in (
            ("shoulder", "elbow", UPPER_ARM), ("elbow", "wrist", FOREARM),
            ("hip", "knee", THIGH * build.legs), ("knee", "ankle", SHANK * build.legs),
        ):  # fmt: skip
            length = (joints[f"{side}_{start}"] - joints[f"{side}_{end}"]).norm(dim=1)
            torch.testing.assert_close(length, share * build.height, rtol=1e-4, atol=0)


def test_a_neutral_body_stands_upright_with_its_left_on_its_left() -> None:
    joints = {name: point[0] for name, point in _body().joints.items()}
    for pair in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "eye", "ear"):
        left, right = joints[f"left_{pair}"], joints[f"right_{pair}"]
        assert left[0] > 0 > right[0]
        torch.testing.assert_close(left[1:], right[1:], rtol=0, atol=1e-5)
    column = ["left_ankle", "left_knee", "pelvis", "thorax", "neck", "nose", "left_eye", "head_top"]
    heights = [joints[name][1].item() for name in column]
    assert heights == sorted(heights)
    assert joints["nose"][2] > joints["left_ear"][2]  # the face looks forward
    # Winter's table puts the crown 1 - 0.530 of the height above the hips.
    crown = joints["head_top"][1].item() - joints["pelvis"][1].item()
    assert crown == pytest.approx((1 - 0.530) * 1.8, abs=0.02)


@pytest.mark.parametrize(
    ("joint", "degrees", "moved", "reference", "axis", "sign"),
    [
        ("left_elbow", (90, 0, 0), "left_wrist", "left_elbow", 2, 1),
        ("right_elbow", (90, 0, 0), "right_wrist", "right_elbow", 2, 1),
        ("left_knee", (90, 0, 0), "left_ankle", "left_knee", 2, -1),
        ("right_knee", (90, 0, 0), "right_ankle", "right_knee", 2, -1),
        ("left_hip", (90, 0, 0), "left_knee", "left_hip", 2, 1),
        ("left_shoulder", (0, 90, 0), "left_elbow", "left_shoulder", 0, 1),
        ("right_shoulder", (0, 90, 0), "right_elbow", "right_shoulder", 0, -1),
        ("right_shoulder", (180, 0, 0), "right_elbow", "right_shoulder", 1, 1),
        ("root", (90, 0, 0), "thorax", "pelvis", 2, 1),
    ],
)
def test_each_joint_bends_the_way_people_do(
    joint: str,
    degrees: tuple[float, float, float],
    moved: str,
    reference: str,
    axis: int,
    sign: int,
) -> None:
    joints = _body(**{joint: degrees}).joints
    step = (joints[moved] - joints[reference])[0]
    expected = torch.zeros(3)
    expected[axis] = sign * step.norm()
    torch.testing.assert_close(step, expected, rtol=0, atol=1e-4)


def test_projection_agrees_with_a_computation_by_hand() -> None:
    view = View(torch.tensor([200.0, 50.0]), size=101, oversample=2)
    points = torch.tensor([[[1.0, 2.0, 4.0]], [[0.5, -1.0, 2.0]]])
    # u = 200 * 1/4 + 50, v = 200 * 2/4 + 50; u = 50 * 0.5/2 + 50, v = 50 * -1/2 + 50.
    expected = torch.tensor([[[100.0, 150.0]], [[62.5, 25.0]]])
    torch.testing.assert_close(view.project(points, torch.tensor([0, 1])), expected)
    # With two samples a pixel, the first pixel's samples lie at -0.25 and 0.25.
    torch.testing.assert_close(
        view.to_samples(torch.tensor([-0.25, 0.25, 1.75])), torch.tensor([0.0, 1.0, 4.0])
    )


def _parts(start: Tensor, end: Tensor, radii: Tensor, depth: Tensor, front: Tensor) -> Parts:
    count = torch.zeros(len(start))
    whole = torch.ones(len(start), dtype=torch.bool)
    return Parts(start, end, radii[:, 0], radii[:, 1], depth, front, count, count, count, whole,
                 ~whole)  # fmt: skip


def test_a_ball_on_the_axis_is_as_deep_and_as_large_as_geometry_says() -> None:
    one = torch.ones(1, 3)
    centre = torch.tensor([[0.0, 0.0, 5.0]])
    parts = _parts(centre, centre + torch.tensor([0.0, 1e-3, 0.0]), one[:, :2], one[:, 0],
                   -centre)  # fmt: skip
    view = View(torch.tensor([100.0]), size=101, oversample=1)
    hits = cast(make_solids(parts), parts, torch.zeros(1, dtype=torch.long), view)
    assert hits.depth[0, 50, 50].item() == pytest.approx(4.0, abs=1e-3)
    # The outline of a ball of radius r at distance d has the slope r / sqrt(d^2 - r^2).
    radius = 100 / math.sqrt(24)
    assert (hits.part[0, 50] >= 0).sum() == 2 * math.floor(radius) + 1
    assert (hits.part >= 0).sum().item() == pytest.approx(math.pi * radius**2, rel=0.02)


def test_solids_agree_with_many_balls_along_their_axes() -> None:
    generator = np.random.default_rng(0)
    count, size = 30, 40
    start = generator.uniform([-1.5, -1.5, 4], [1.5, 1.5, 7], (count, 3))
    end = start + generator.uniform(-0.8, 0.8, (count, 3))
    radii = generator.uniform(0.1, 0.3, (count, 1)) * [1, 0.7]
    depth = generator.uniform(0.4, 1.2, count)
    front = generator.normal(size=(count, 3))
    tensors = (torch.tensor(a, dtype=torch.float32) for a in (start, end, radii, depth, front))
    parts = _parts(*tensors)
    view = View(torch.tensor([45.0]), size=size, oversample=1)
    hits = cast(make_solids(parts), parts, torch.zeros(count, dtype=torch.long), view)

    pixels = (np.arange(size) - (size - 1) / 2) / 45
    rays = np.stack(np.broadcast_arrays(pixels[None], pixels[:, None], 1.0), -1).reshape(-1, 3)
    expected = np.full(size * size, np.inf)
    for a, b, (ra, rb), flat, facing in zip(start, end, radii, depth, front, strict=True):
        axis = (b - a) / np.linalg.norm(b - a)
        ahead = facing - axis * (facing @ axis)
        ahead /= np.linalg.norm(ahead)
        # Stretch space along the front, so that the part becomes round.
        stretch = np.eye(3) + (1 / flat - 1) * np.outer(ahead, ahead)
        way = rays @ stretch.T
        for share in np.linspace(0, 1, 400):
            centre, radius = stretch @ (a + share * (b - a)), ra + share * (rb - ra)
            middle, square = way @ centre, (way**2).sum(1)
            root = middle**2 - square * (centre @ centre - radius**2)
            entry = (middle - np.sqrt(np.maximum(root, 0))) / square
            expected = np.where((root > 0) & (entry < expected), entry, expected)
    depths = hits.depth.flatten().numpy().astype(float)
    shown = hits.part.flatten().numpy() >= 0
    # At outlines, a finite number of balls leaves gaps.
    assert (shown != np.isfinite(expected)).mean() < 0.005
    both = shown & np.isfinite(expected)
    assert both.sum() > 300
    assert np.quantile(np.abs(depths - expected)[both], 0.99) < 5e-3


def test_a_head_is_about_an_eighth_of_an_adult() -> None:
    body = _body()
    chin_to_crown = 2 * (body.joints["head_top"] - body.joints["head"]).norm().item()
    assert chin_to_crown == pytest.approx(HEAD * 1.8, rel=1e-4)
