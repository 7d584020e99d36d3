import numpy as np
import pytest
from pycocotools.cocoeval import Params

from models.skeleton import CANONICAL, COCO17, SKELETONS


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=list(SKELETONS))
def test_flipping_twice_changes_nothing(skeleton):
    once = skeleton.flip_permutation
    assert [once[index] for index in once] == list(range(len(skeleton)))


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=list(SKELETONS))
def test_a_mirrored_limb_is_a_limb(skeleton):
    flip = skeleton.flip_permutation
    limbs = {frozenset(limb) for limb in skeleton.limbs}
    assert limbs == {frozenset((flip[a], flip[b])) for a, b in skeleton.limbs}


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=list(SKELETONS))
def test_joints_are_distinct_and_have_falloffs(skeleton):
    assert len(set(skeleton.joints)) == len(skeleton) == len(skeleton.sigmas)
    assert all(sigma > 0 for sigma in skeleton.sigmas)


@pytest.mark.parametrize(
    ("name", "joints"),
    [("coco17", 17), ("mpii16", 16), ("posetrack15", 15), ("lsp14", 14), ("openpose18", 18)],
)
def test_joint_counts(name, joints):
    assert len(SKELETONS[name]) == joints


def test_coco_falloffs_are_pycocotools():
    np.testing.assert_allclose(COCO17.sigmas, Params(iouType="keypoints").kpt_oks_sigmas)


def test_the_canonical_set_holds_every_joint():
    for skeleton in SKELETONS.values():
        assert set(skeleton.joints) <= set(CANONICAL.joints)
