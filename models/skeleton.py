"""Joint sets of the field: names, limbs, left/right pairs and OKS falloffs."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final


@dataclass(frozen=True)
class Skeleton:
    """An ordered set of joints.

    Attributes:
        name: the key it is found by, for example ``coco17``.
        joints: joint names in annotation order; sides are the prefixes ``left_`` and ``right_``.
        limbs: pairs of joint indices that are drawn and grouped.
        sigmas: OKS falloff of each joint, in the units of pycocotools' ``kpt_oks_sigmas``.
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    sigmas: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.joints)

    @cached_property
    def flip_permutation(self) -> tuple[int, ...]:
        """Index of each joint's mirror image; a joint without a side is its own."""
        return tuple(self.joints.index(_mirrored(name)) for name in self.joints)


def _without_side(joint: str) -> str:
    return joint.removeprefix("left_").removeprefix("right_")


def _mirrored(joint: str) -> str:
    if joint.startswith("left_"):
        return joint.replace("left_", "right_", 1)
    return joint.replace("right_", "left_", 1)


# Falloffs of the 17 COCO joints are pycocotools' own. The others follow the field's habit:
# head_top and neck from CrowdPose (0.079); pelvis as hip, thorax as shoulder.
_SIGMAS: Final = {
    "nose": 0.026,
    "eye": 0.025,
    "ear": 0.035,
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "hip": 0.107,
    "knee": 0.087,
    "ankle": 0.089,
    "neck": 0.079,
    "head_top": 0.079,
    "pelvis": 0.107,
    "thorax": 0.079,
}


def _skeleton(name: str, joints: str, limbs: str) -> Skeleton:
    names = tuple(joints.split())
    pairs = [limb.split("-") for limb in limbs.split()]
    return Skeleton(
        name=name,
        joints=names,
        limbs=tuple((names.index(a), names.index(b)) for a, b in pairs),
        sigmas=tuple(
            _SIGMAS[joint.removeprefix("left_").removeprefix("right_")] for joint in names
        ),
    )


_ARMS = (
    "left_shoulder-left_elbow left_elbow-left_wrist "
    "right_shoulder-right_elbow right_elbow-right_wrist"
)
_LEGS = "left_hip-left_knee left_knee-left_ankle right_hip-right_knee right_knee-right_ankle"
_TRUNK = "left_shoulder-left_hip right_shoulder-right_hip left_hip-right_hip"
_LIMB_ORDER = (
    "right_ankle right_knee right_hip left_hip left_knee left_ankle {middle}"
    "right_wrist right_elbow right_shoulder left_shoulder left_elbow left_wrist {last}"
)

COCO17: Final = _skeleton(
    "coco17",
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow "
    "right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle "
    "right_ankle",
    f"{_LEGS} {_TRUNK} left_shoulder-right_shoulder {_ARMS} nose-left_eye nose-right_eye "
    "left_eye-right_eye left_eye-left_ear right_eye-right_ear left_ear-left_shoulder "
    "right_ear-right_shoulder",
)
MPII16: Final = _skeleton(
    "mpii16",
    _LIMB_ORDER.format(middle="pelvis thorax neck head_top ", last=""),
    f"{_LEGS} left_hip-pelvis right_hip-pelvis pelvis-thorax thorax-neck neck-head_top "
    f"thorax-left_shoulder thorax-right_shoulder {_ARMS}",
)
POSETRACK15: Final = _skeleton(
    "posetrack15",
    _LIMB_ORDER.format(middle="", last="neck nose head_top"),
    f"{_LEGS} {_TRUNK} neck-left_shoulder neck-right_shoulder {_ARMS} neck-nose nose-head_top",
)
LSP14: Final = _skeleton(
    "lsp14",
    _LIMB_ORDER.format(middle="", last="neck head_top"),
    f"{_LEGS} {_TRUNK} neck-left_shoulder neck-right_shoulder {_ARMS} neck-head_top",
)
CROWDPOSE14: Final = _skeleton(
    "crowdpose14",
    "left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_hip right_hip "
    "left_knee right_knee left_ankle right_ankle head_top neck",
    f"{_LEGS} {_TRUNK} neck-left_shoulder neck-right_shoulder {_ARMS} neck-head_top",
)

#: COCO's joints and a neck, which COCO does not annotate: the mean of both shoulders. Joints and
#: limbs in the order of the released network of Cao et al., CVPR 2017.
OPENPOSE18: Final = _skeleton(
    "openpose18",
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear "
    "left_ear",
    "neck-right_shoulder neck-left_shoulder right_shoulder-right_elbow right_elbow-right_wrist "
    "left_shoulder-left_elbow left_elbow-left_wrist neck-right_hip right_hip-right_knee "
    "right_knee-right_ankle neck-left_hip left_hip-left_knee left_knee-left_ankle neck-nose "
    "nose-right_eye right_eye-right_ear nose-left_eye left_eye-left_ear "
    "right_shoulder-right_ear left_shoulder-left_ear",
)

#: Every joint that any of the data sets annotates, once each. Its limbs join the joints of each
#: data set by themselves too: the head of COCO hangs on the ears, that of MPII on the neck.
CANONICAL: Final = _skeleton(
    "canonical",
    " ".join(dict.fromkeys(COCO17.joints + POSETRACK15.joints + MPII16.joints)),
    f"{_LEGS} {_TRUNK} {_ARMS} neck-left_shoulder neck-right_shoulder neck-nose nose-head_top "
    "neck-head_top neck-thorax thorax-pelvis nose-left_eye nose-right_eye left_eye-left_ear "
    "right_eye-right_ear left_ear-left_shoulder right_ear-right_shoulder",
)

SKELETONS: Final = {
    skeleton.name: skeleton
    for skeleton in (COCO17, MPII16, POSETRACK15, LSP14, CROWDPOSE14, OPENPOSE18, CANONICAL)
}
