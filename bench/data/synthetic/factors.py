"""The rendered data sets and their factors, as explicit numbers; nothing here needs torch."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from bench.data.synthetic.habits import COCO_HABITS, MPII_HABITS, Habits

#: Part of every cache name and digest; raise it whenever a change alters any byte of a scene.
RENDERER_VERSION: Final = "6"


@dataclass(frozen=True)
class SceneFactors:
    """What a scene is drawn from; each data set of this family changes these numbers.

    The defaults are those of ``synthetic``. Every factor but ``people``, ``occluders`` and
    ``clutter`` leaves all random draws where they are: moved alone, it changes the same scenes.

    Attributes:
        people: fewest and most people a scene; fewer are more common.
        height: lowest and highest standing height as a share of the image's side, log-uniform;
            of a group, its nearest person's.
        height_spread: largest factor between one person's size and the scene's, log-uniform.
        crowded: share of scenes whose people stand in one group.
        group_width: people of a group stand within this many shoulder breadths a person.
        group_depth: each person of a group stands this share of its distance behind the next.
        roll: largest turn of the camera about its axis, in radians, uniform.
        occluders: most objects in front of people.
        clutter: most limb-like objects behind people.
        cut: share of people whom the nearest edge of the image (left, right or bottom) cuts,
            beyond the few whom any framing cuts.
        cut_share: least and most of such a person's extent that lies beyond the edge, uniform, to
            within a few hundredths for the limbs that come nearer to the camera.
        blur: share of scenes out of focus or in motion.
        motion: share of those that are in motion rather than out of focus.
        streak: longest way that such a scene moves while it is exposed, as a share of the image's
            side, in any direction; 0 leaves a blur of one pixel along x or y.
        noise: highest standard deviation of pixel noise, as a share of white.
    """

    people: tuple[int, int] = (1, 6)
    height: tuple[float, float] = (0.3, 0.95)
    height_spread: float = 1.5
    crowded: float = 0.15
    group_width: float = 1.1
    group_depth: float = 0.1
    roll: float = 0.35
    occluders: int = 1
    clutter: int = 6
    cut: float = 0.0
    cut_share: tuple[float, float] = (0.2, 0.65)
    blur: float = 0.2
    motion: float = 0.4
    streak: float = 0.0
    noise: float = 0.02

    def changes(self) -> dict[str, Any]:
        """Return the factors that differ from the defaults, by name."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }


#: The embedded data set's own factors.
DEFAULT_FACTORS: Final = SceneFactors()

#: What ``synthetic-posetrack`` stands for: frames of sport and street videos, as PoseTrack's, with
#: many people, mostly in groups, smaller than in photographs, in motion, and cut by the frame.
#: Light, cloth, poses, camera and things are those of ``synthetic``, so that a difference between
#: the two has no other cause. PoseTrack publishes no shares of blurred frames and cut people: these
#: are estimates, and each can be moved.
POSETRACK_FACTORS: Final = SceneFactors(
    # PoseTrack has 153,615 poses in 23,000 labelled frames (Andriluka et al., CVPR 2018): 6.7 a
    # frame. Fewer are more common here, and some are hidden wholly: these bounds leave 6.2.
    people=(3, 12),
    # Frames show the field around the players, where photographs are taken of somebody; but in
    # 128 pixels a head of a person of less than 0.3 is no wider than three.
    height=(0.3, 0.7),
    # Near and far players share a frame, while a photographer chooses the distance.
    height_spread=1.8,
    # Teams, dancers, people who pass by; in one frame of five everybody stands apart.
    crowded=0.8,
    # Twelve people at the default of 0.1 would end at less than half of the nearest's size.
    group_depth=0.06,
    # One person in four: the camera follows a ball or a leader, and others leave the frame.
    cut=0.25,
    # Three frames of five, taken by hand-held and panning cameras...
    blur=0.6,
    # ...and a video is seldom out of focus.
    motion=0.8,
    # At 8 m/s a runner, or the camera that follows one, goes 0.16 m in a fiftieth of a second: an
    # eleventh of a body, which is half the frame.
    streak=0.045,
)

#: What ``synthetic-coco`` stands for: photographs of everyday scenes, as COCO's, taken of anything,
#: so that people are of all sizes and many stand far off. COCO publishes no shares of blurred or
#: cut people: where nothing else is said these are estimates.
COCO_FACTORS: Final = SceneFactors(
    # 262,465 persons in 64,115 images of train2017 with any: 4.1 an image. Fewer are more common
    # here: these bounds leave 3.8.
    people=(1, 10),
    # Far people are too small for keypoints, and one at a table fills the image.
    height=(0.12, 0.95),
    height_spread=2.5,
    crowded=0.25,
    group_depth=0.08,  # ten people at the default of 0.1 would end at half of the nearest's size
    # Tables, bicycles and animals stand before people whom nobody has posed.
    occluders=2,
    clutter=10,
    cut=0.1,
    blur=0.1,
)

#: What ``synthetic-mpii`` stands for: frames of videos, as MPII's, chosen because somebody is doing
#: something in the middle of them. MPII publishes no shares either.
MPII_FACTORS: Final = SceneFactors(
    # Over 40,000 people in 25,000 images: 1.6 an image; these bounds leave 1.5.
    people=(1, 3),
    # The one who is filmed is most of the frame.
    height=(0.5, 0.95),
    height_spread=1.3,
    crowded=0.1,
    # Somebody in eight is cut by the frame, as close-ups of exercises are.
    cut=0.12,
    # One frame of three: cameras follow people less than at PoseTrack's races and games.
    blur=0.35,
    motion=0.8,
    streak=0.03,
)

#: Factor -> (lowest, highest) that any of its values can take.
FACTOR_LIMITS: Final[dict[str, tuple[float, float]]] = {
    "people": (1, 20),  # what a scene costs grows with their square
    "height": (0.05, 2.0),  # 6 pixels of 128, and a portrait
    "height_spread": (1.0, 4.0),  # a factor both ways
    "crowded": (0.0, 1.0),
    "group_width": (0.0, 4.0),
    "group_depth": (0.02, 0.5),  # at one depth bodies would melt into each other
    "roll": (0.0, 3.1416),
    "occluders": (0, 8),
    "clutter": (0, 30),
    "cut": (0.0, 1.0),
    "cut_share": (0.0, 0.9),
    "blur": (0.0, 1.0),
    "motion": (0.0, 1.0),
    "streak": (0.0, 0.25),
    "noise": (0.0, 0.5),
}


@dataclass(frozen=True)
class Domain:
    """A rendered data set.

    Attributes:
        name: the data set's.
        skeleton: the name of the joint set that it annotates.
        factors: what its scenes are drawn from.
        habits: of its annotators; None where they tell everything.
    """

    name: str
    skeleton: str
    factors: SceneFactors
    habits: Habits | None = None

    @property
    def version(self) -> str:
        """The renderer's version and, of what is not the default, a digest."""
        changes = self.factors.changes()
        if self.habits is not None:
            changes["habits"] = asdict(self.habits)
        if not changes:
            return RENDERER_VERSION
        digest = hashlib.sha256(json.dumps(changes, sort_keys=True).encode()).hexdigest()
        return f"{RENDERER_VERSION}-{digest[:12]}"


SYNTHETIC: Final = Domain("synthetic", "coco17", DEFAULT_FACTORS)

#: Every rendered data set by name.
DOMAINS: Final = {
    domain.name: domain
    for domain in (
        SYNTHETIC,
        # PoseTrack's annotators mark hidden joints where they can be told, and heads have boxes:
        # nothing is held back.
        Domain("synthetic-posetrack", "posetrack15", POSETRACK_FACTORS),
        Domain("synthetic-coco", "coco17", COCO_FACTORS, COCO_HABITS),
        Domain("synthetic-mpii", "mpii16", MPII_FACTORS, MPII_HABITS),
    )
}
