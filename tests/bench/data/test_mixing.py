"""Several data sets in one training: shares, order, and joints that some of them do not know."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from whole_images import Coordinates

from bench.data.fitted import fit_images
from bench.data.mixing import align, mixed_batches, owners, taught_joints
from bench.experiment import UNION, Part, TrainSpec
from models import create_pipeline
from models.pipelines.paf import FieldPipeline
from models.skeleton import CANONICAL, COCO17, MPII16, POSETRACK15, SKELETONS

SIZE = 32
SPEC = TrainSpec(9, 4, 1e-3, 0.0, 0.1, 20.0, 1.2, 0.05, True, "cpu", "fp32")
STILL = replace(SPEC, rotation=0.0, scale=1.0, shift=0.0, flip=False)
WEIGHTS = (2.0, 1.0)


class Numbered(Coordinates):
    """Images of one grey each, and people of a set's joints."""

    def __init__(self, skeleton, first, count):
        super().__init__([(SIZE, SIZE)] * (count + 1))
        self.skeleton, self.first = skeleton, first

    def __len__(self):
        return len(self.sizes) - 1  # the last would be empty

    def image(self, index):
        return torch.full((3, SIZE, SIZE), self.first + index, dtype=torch.uint8)

    def target(self, index):
        target = super().target(index)
        keypoints = target["keypoints"][:, : len(self.skeleton)]
        del target["ignore"]
        return {**target, "keypoints": keypoints, "image_id": self.first + index}


@pytest.fixture(scope="module")
def parts():
    sets = (Numbered(MPII16, 10, 5), Numbered(POSETRACK15, 100, 3))
    return [align(fit_images(one, SIZE), CANONICAL) for one in sets]


def ids(batches):
    return [[target["image_id"] for target in targets] for _, targets in batches]


@given(
    weights=st.lists(st.floats(0.1, 10), min_size=1, max_size=4),
    first=st.integers(0, 100_000),
    number=st.integers(1, 400),
    seed=st.integers(0, 5),
)
def test_every_stretch_has_each_part_in_its_share(weights, first, number, seed):
    found = np.bincount(owners(weights, first, number, seed), minlength=len(weights))
    expected = number * np.array(weights) / sum(weights)
    # Multiples of the golden ratio: an interval's count is off by a few, however long the stretch.
    assert np.abs(found - expected).max() <= 4


def test_a_stretch_is_the_same_however_it_is_cut():
    whole = owners(WEIGHTS, 0, 100, 3)
    assert whole.tolist() == [*owners(WEIGHTS, 0, 37, 3), *owners(WEIGHTS, 37, 63, 3)]
    assert whole.tolist() != owners(WEIGHTS, 0, 100, 4).tolist()


def test_the_batch_of_a_step_depends_on_seed_and_step_alone(parts):
    whole = list(mixed_batches(parts, WEIGHTS, SPEC, seed=7))
    resumed = list(mixed_batches(parts, WEIGHTS, SPEC, seed=7, start=4))
    assert len(whole) == 9
    for (pixels, targets), (again, targets_again) in zip(whole[4:], resumed, strict=True):
        assert torch.equal(pixels, again)
        for one, other in zip(targets, targets_again, strict=True):
            assert torch.equal(one["keypoints"], other["keypoints"])
    assert ids(whole) != ids(mixed_batches(parts, WEIGHTS, SPEC, seed=8))


def test_shares_make_up_the_batches_that_one_process_has(parts):
    whole = list(mixed_batches(parts, WEIGHTS, SPEC, seed=7))
    first = list(mixed_batches(parts, WEIGHTS, SPEC, seed=7, share=slice(0, 2)))
    rest = list(mixed_batches(parts, WEIGHTS, SPEC, seed=7, share=slice(2, None)))
    for (pixels, _), (one, _), (other, _) in zip(whole, first, rest, strict=True):
        assert len(one) == 2
        assert torch.equal(torch.cat([one, other]), pixels)
    assert [a + b for a, b in zip(ids(first), ids(rest), strict=True)] == list(ids(whole))


def test_every_part_is_passed_over_image_by_image(parts):
    spec = replace(SPEC, steps=30)
    seen = [one for batch in ids(mixed_batches(parts, WEIGHTS, spec, seed=1)) for one in batch]
    for first, count in ((10, 5), (100, 3)):
        mine = [one for one in seen if first <= one < first + 10]
        passes = [mine[at : at + count] for at in range(0, len(mine) - count + 1, count)]
        assert len(passes) > 5
        assert all(sorted(one) == list(range(first, first + count)) for one in passes)
        assert len({tuple(one) for one in passes}) > 1, "in a fresh order each time"


def test_images_come_with_their_own_people(parts):
    for pixels, targets in mixed_batches(parts, WEIGHTS, STILL, seed=0):
        greys = (pixels.mean(dim=(1, 2, 3)) * 255).round().int().tolist()
        assert greys == [target["image_id"] for target in targets]


def test_a_batch_holds_the_union_and_what_a_set_lacks_is_unknown(parts):
    for _, targets in mixed_batches(parts, WEIGHTS, SPEC, seed=0):
        for target in targets:
            known = dict(zip(CANONICAL.joints, target["known"].tolist(), strict=True))
            own = MPII16 if target["image_id"] < 100 else POSETRACK15
            assert {name for name, there in known.items() if there} == set(own.joints)
            lacking = torch.tensor([not known[name] for name in CANONICAL.joints])
            assert not target["keypoints"][:, lacking, 2].any()


def test_a_joint_that_an_image_does_not_know_gets_exactly_no_gradient_from_it(parts):
    pipeline = create_pipeline(
        "mspaf3", CANONICAL, width=1 / 16, stages=1, block="residual", depth=1
    )
    assert isinstance(pipeline, FieldPipeline)
    _, targets = next(mixed_batches(parts, WEIGHTS, SPEC, seed=0))
    like = torch.zeros(len(targets), 1, 8, 8)
    truth = pipeline.targets([dict(one) for one in targets], [(SIZE, SIZE)] * len(targets), like)
    nose = CANONICAL.joints.index("nose")
    limbs = [number for number, limb in enumerate(CANONICAL.limbs) if nose in limb]
    for image, target in enumerate(targets):
        taught = target["image_id"] >= 100  # PoseTrack knows noses, MPII does not
        assert truth.heatmap_mask[image, nose].any() == taught
        fields = truth.field_mask[image].unflatten(0, (-1, 2))
        neck_nose = CANONICAL.limbs.index((CANONICAL.joints.index("neck"), nose))
        assert fields[neck_nose].any() == taught
        if not taught:
            assert not fields[limbs].any()


def test_a_union_is_taught_what_its_parts_know_and_were_given(make_experiment):
    one = make_experiment()
    mpii = replace(one.data, skeleton="mpii16")
    posed = replace(one.data, skeleton="posetrack15")
    assert SKELETONS[UNION] is CANONICAL
    alone = replace(one, mixture=(Part(mpii, 1.0),))
    assert set(taught_joints(alone)) == set(MPII16.joints)
    given_noses = replace(one, mixture=(Part(mpii, 1.0, "k", ("nose",)),))
    assert set(taught_joints(given_noses)) == {*MPII16.joints, "nose"}
    both = replace(one, mixture=(Part(posed, 1.0), Part(replace(one.data, skeleton="coco17"), 3.0)))
    assert set(taught_joints(both)) == {*POSETRACK15.joints, *COCO17.joints}
