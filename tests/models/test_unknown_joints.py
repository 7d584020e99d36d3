"""A joint that a data set never annotates teaches a network for whole images nothing."""

from typing import Any

import pytest
import torch

from models.fields import draw_targets
from models.networks.staged_fields import FieldMaps
from models.pipelines.paf import masked_squares, paf6
from models.skeleton import CANONICAL, COCO17, MPII16, POSETRACK15, Skeleton


def target(skeleton: Skeleton, unknown: set[str]) -> dict[str, Any]:
    """Return one person in the left half of a 64 pixels square, without the unknown joints."""
    draws = torch.Generator().manual_seed(1)
    points = torch.rand(1, len(skeleton), 2, generator=draws) * 28 + 2
    known = torch.tensor([name not in unknown for name in skeleton.joints])
    keypoints = torch.cat([points, torch.full_like(points[..., :1], 2)], dim=2)
    return {
        "boxes": torch.tensor([[0.0, 0, 32, 32]]),
        "iscrowd": torch.zeros(1, dtype=torch.int64),
        "keypoints": keypoints * known[:, None],
        "known": known,
    }


def drawn(one: dict[str, Any], skeleton: Skeleton) -> Any:
    return draw_targets([one], [(64, 64)], skeleton, (16, 16), stride=4, sigma=4.0, half_width=4.0)


@pytest.mark.parametrize(("skeleton", "unknown"), [
    (POSETRACK15, {"nose"}),
    (MPII16, {"pelvis", "thorax", "neck", "head_top"}),
])  # fmt: skip
def test_its_heatmap_and_limbs_get_exactly_no_gradient(
    skeleton: Skeleton, unknown: set[str]
) -> None:
    truth = drawn(target(skeleton, unknown), skeleton)
    heatmaps = torch.randn(truth.heatmaps.shape, requires_grad=True)
    fields = torch.randn(truth.fields.shape, requires_grad=True)
    loss = masked_squares(heatmaps, truth.heatmaps, truth.heatmap_mask)
    (loss + masked_squares(fields, truth.fields, truth.field_mask)).backward()
    assert heatmaps.grad is not None
    assert fields.grad is not None
    for joint, name in enumerate(skeleton.joints):
        assert heatmaps.grad[0, joint].any() == (name not in unknown), name
    for limb, ends in enumerate(skeleton.limbs):
        known = not unknown & {skeleton.joints[end] for end in ends}
        assert fields.grad[0, 2 * limb : 2 * limb + 2].any() == known


def test_without_a_word_about_it_the_outside_of_boxes_would_teach_absence() -> None:
    one = target(POSETRACK15, {"nose"})
    del one["known"]
    nose = POSETRACK15.joints.index("nose")
    assert drawn(one, POSETRACK15).heatmap_mask[0, nose].any()


def test_the_background_is_known_where_nobody_is() -> None:
    mask = drawn(target(POSETRACK15, {"nose"}), POSETRACK15).heatmap_mask[0, -1]
    assert mask[:, 10:].all()
    assert not mask[:8, :8].any(), "the nose may be anywhere in the box"


@pytest.mark.parametrize("unknown", [{"left_ear"}, {"left_shoulder"}])
def test_a_made_up_neck_is_known_where_both_shoulders_are(unknown: set[str]) -> None:
    pipeline = paf6(COCO17, width=0.05, stages=1, trunk_depth=13)
    truth = pipeline.targets([target(COCO17, unknown)], [(64, 64)], torch.empty(1, 1, 8, 8))
    neck = pipeline.grouped.joints.index("neck")
    assert truth.heatmap_mask[0, neck].any() == ("left_shoulder" not in unknown)


@pytest.mark.parametrize("skeleton", [COCO17, MPII16, POSETRACK15], ids=lambda one: one.name)
def test_a_union_finds_a_set_s_people_whole_and_nothing_that_it_was_not_taught(
    skeleton: Skeleton,
) -> None:
    """On true maps of a set's people; those of joints that it lacks are noise."""
    unknown = set(CANONICAL.joints) - set(skeleton.joints)
    one = target(CANONICAL, unknown)
    truth = drawn(one, CANONICAL)
    lacking = torch.tensor([name in unknown for name in CANONICAL.joints])
    noise = torch.rand(truth.heatmaps.shape, generator=torch.Generator().manual_seed(0))
    heatmaps = truth.heatmaps.clone()
    heatmaps[:, :-1][:, lacking] = noise[:, :-1][:, lacking]
    limbs = [bool(lacking[a] | lacking[b]) for a, b in CANONICAL.limbs]
    fields = torch.where(
        torch.tensor(limbs).repeat_interleave(2).view(1, -1, 1, 1),
        noise[:, :1] * 2 - 1,
        truth.fields,
    )
    found = {}
    for taught in (None, skeleton.joints):
        pipeline = paf6(CANONICAL, width=0.05, stages=1, trunk_depth=13, stride=4, taught=taught)
        (people,) = pipeline.detections(FieldMaps(heatmaps, fields), [(64, 64)])
        found[taught] = people["keypoints_scores"] > 0
    assert found[None][:, lacking].any(), "noise has peaks"
    (person,) = found[skeleton.joints]
    # All joints of the one person hang together by limbs that the set knows.
    assert torch.equal(person, ~lacking)
