"""What people do: in which ranges each activity holds the joints, and how it swings them.

Angles are anatomical and in degrees, three a joint: flexion, sideways bend (abduction for limbs,
a lean to the person's right for root, spine and neck), and twist (external rotation for limbs, a
turn to the left otherwise). The neutral pose stands upright, arms hanging, palms to the thighs.
"""

import math
from dataclasses import dataclass, field
from typing import Final

Ranges = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Activity:
    """One kind of pose.

    Attributes:
        share: how often, relative to the other activities.
        ranges: ``"hip.flex": (low, high)`` in degrees for both sides apart, or one side's name.
            Left and right of the whole activity are exchanged half of the time.
        swings: ``"hip.flex": (amplitude, phase)`` in degrees: added as amplitude x
            sin(stride + phase), half a turn later on the right.
        planted: the ankles keep the soles level with the ground where they can.
        lift: highest share of the body height by which the person is off the ground.
        seat: the person sits on something that stands on the ground.
    """

    share: float
    ranges: Ranges = field(default_factory=dict)
    swings: Ranges = field(default_factory=dict)
    planted: bool = True
    lift: float = 0.0
    seat: bool = False


ACTIVITIES: Final = {
    "stand": Activity(9),
    "hands_on_hips": Activity(
        2.5, {"shoulder.bend": (35, 55), "shoulder.flex": (-30, -10), "elbow.flex": (85, 115),
            "shoulder.twist": (-65, -45), "hip.bend": (2, 14)}
    ),
    "fold_arms": Activity(
        2.5, {"shoulder.flex": (20, 40), "shoulder.bend": (0, 12), "shoulder.twist": (-60, -35),
            "elbow.flex": (95, 120), "wrist.flex": (0, 20)}
    ),
    "use_phone": Activity(
        3, {"right_shoulder.flex": (15, 50), "right_elbow.flex": (90, 130), "neck.flex": (10, 40),
            "right_shoulder.twist": (-40, -5)}
    ),
    "gesture": Activity(
        5, {"shoulder.flex": (0, 75), "shoulder.bend": (0, 60), "shoulder.twist": (-40, 60),
            "elbow.flex": (20, 120)}
    ),
    "wave": Activity(
        5, {"right_shoulder.bend": (80, 165), "right_shoulder.twist": (20, 85),
            "right_elbow.flex": (15, 100), "right_shoulder.flex": (-5, 20)}
    ),
    "reach_up": Activity(
        5, {"shoulder.flex": (120, 178), "shoulder.bend": (0, 25), "elbow.flex": (0, 50),
            "neck.flex": (-35, 5), "ankle.flex": (-30, 0)}
    ),
    "reach_forward": Activity(
        4, {"right_shoulder.flex": (55, 110), "right_elbow.flex": (0, 35), "spine.flex": (0, 30),
            "hip.flex": (-5, 30), "knee.flex": (0, 25)}
    ),
    "arms_spread": Activity(
        4, {"shoulder.bend": (60, 110), "elbow.flex": (0, 30), "shoulder.twist": (-30, 40)}
    ),
    "walk": Activity(
        10, {"spine.flex": (0, 10), "elbow.flex": (10, 45), "knee.flex": (4, 16),
             "hip.flex": (2, 10), "hip.bend": (0, 4)},
        {"hip.flex": (24, 0), "shoulder.flex": (24, math.pi), "knee.flex": (26, 1.7),
         "ankle.flex": (8, -1.2)},
    ),
    "run": Activity(
        9, {"root.flex": (2, 14), "elbow.flex": (70, 115), "knee.flex": (25, 50),
            "hip.flex": (12, 28), "hip.bend": (0, 4), "neck.flex": (-15, 5)},
        {"hip.flex": (42, 0), "shoulder.flex": (42, math.pi), "knee.flex": (45, 2.0)},
        planted=False, lift=0.06,
    ),
    "sit": Activity(
        8, {"hip.flex": (75, 100), "knee.flex": (60, 105), "hip.bend": (0, 20),
            "root.flex": (-15, 12), "shoulder.flex": (5, 45), "elbow.flex": (20, 95),
            "shoulder.twist": (-40, 10)},
        seat=True,
    ),
    "sit_on_ground": Activity(
        5, {"hip.flex": (70, 115), "knee.flex": (10, 120), "hip.bend": (0, 35),
            "root.flex": (-25, 5), "shoulder.flex": (-30, 50), "elbow.flex": (0, 80)},
    ),
    "squat": Activity(
        6, {"hip.flex": (80, 120), "knee.flex": (85, 135), "hip.bend": (5, 30),
            "root.flex": (15, 40), "shoulder.flex": (20, 90), "elbow.flex": (10, 90)}
    ),
    "kneel": Activity(
        4, {"left_hip.flex": (75, 100), "left_knee.flex": (80, 105), "right_hip.flex": (-10, 15),
            "right_knee.flex": (85, 110), "right_ankle.flex": (-50, -20),
            "shoulder.flex": (0, 50), "elbow.flex": (20, 90)}
    ),
    "lunge": Activity(
        6, {"left_hip.flex": (50, 95), "left_knee.flex": (50, 95), "right_hip.flex": (-30, -5),
            "right_knee.flex": (5, 45), "shoulder.flex": (-30, 80), "elbow.flex": (10, 100),
            "spine.flex": (0, 25)}
    ),
    "bend_down": Activity(
        6, {"hip.flex": (35, 70), "spine.flex": (20, 55), "root.flex": (25, 50),
            "knee.flex": (0, 40), "shoulder.flex": (40, 100), "elbow.flex": (0, 40)}
    ),
    "jump": Activity(
        5, {"shoulder.flex": (20, 170), "shoulder.bend": (5, 60), "elbow.flex": (5, 70),
            "hip.flex": (-10, 70), "hip.bend": (0, 30), "knee.flex": (10, 100),
            "ankle.flex": (-45, -10)},
        planted=False, lift=0.35,
    ),
    "star_jump": Activity(
        3, {"shoulder.bend": (95, 150), "elbow.flex": (0, 30), "hip.bend": (15, 38),
            "knee.flex": (0, 25), "ankle.flex": (-40, 0)},
        planted=False, lift=0.25,
    ),
    "throw": Activity(
        5, {"right_shoulder.bend": (75, 110), "right_shoulder.twist": (30, 90),
            "right_elbow.flex": (40, 110), "left_shoulder.flex": (20, 95),
            "spine.twist": (-35, -5), "left_hip.flex": (5, 50), "left_knee.flex": (5, 50),
            "right_hip.flex": (-25, 10), "right_knee.flex": (5, 40)}
    ),
    "kick": Activity(
        4, {"right_hip.flex": (35, 100), "right_knee.flex": (0, 60), "right_hip.bend": (0, 25),
            "right_ankle.flex": (-40, 0), "root.flex": (-20, 2), "left_knee.flex": (0, 25),
            "shoulder.bend": (15, 75), "elbow.flex": (10, 70)}
    ),
    "racket": Activity(
        4, {"right_shoulder.flex": (30, 140), "right_shoulder.bend": (10, 80),
            "right_elbow.flex": (5, 90), "spine.twist": (-35, 35), "spine.bend": (-15, 20),
            "hip.bend": (8, 30), "hip.flex": (5, 50), "knee.flex": (10, 60),
            "left_shoulder.bend": (15, 70), "left_elbow.flex": (10, 80)}
    ),
    "dance": Activity(
        5, {"shoulder.bend": (10, 150), "shoulder.flex": (-30, 60), "elbow.flex": (5, 120),
            "left_hip.bend": (5, 45), "left_hip.flex": (-20, 60), "left_knee.flex": (5, 90),
            "spine.bend": (-25, 25), "root.bend": (-12, 12)}
    ),
    "lie_on_back": Activity(
        5, {"root.flex": (-96, -82), "shoulder.bend": (5, 110), "hip.flex": (-5, 40),
            "knee.flex": (0, 70), "elbow.flex": (0, 100)}, planted=False,
    ),
    "lie_on_front": Activity(
        3, {"root.flex": (82, 94), "shoulder.flex": (0, 170), "elbow.flex": (0, 100),
              "hip.flex": (-10, 5), "knee.flex": (0, 60), "spine.flex": (-25, 0)}, planted=False,
    ),
    "lie_on_side": Activity(
        3, {"root.bend": (75, 95), "hip.flex": (5, 70), "knee.flex": (10, 90),
              "shoulder.flex": (10, 120), "elbow.flex": (10, 110)}, planted=False,
    ),
    "plank": Activity(
        3, {"root.flex": (65, 82), "shoulder.flex": (75, 100), "elbow.flex": (0, 60),
              "hip.flex": (-5, 15), "neck.flex": (-40, 0)}, planted=False,
    ),
    "all_fours": Activity(
        3, {"root.flex": (70, 90), "shoulder.flex": (75, 100), "elbow.flex": (0, 25),
              "hip.flex": (70, 95), "knee.flex": (80, 100), "neck.flex": (-40, 0)}, planted=False,
    ),
    "cartwheel": Activity(
        4, {"root.bend": (-180, 180), "shoulder.bend": (110, 170), "elbow.flex": (0, 25),
            "hip.bend": (20, 50), "knee.flex": (0, 30), "ankle.flex": (-40, 0)},
        planted=False, lift=0.1,
    ),
    "somersault": Activity(
        3, {"root.flex": (-180, 180), "spine.flex": (20, 70), "neck.flex": (0, 40),
            "hip.flex": (70, 125), "knee.flex": (60, 140), "shoulder.flex": (20, 90),
            "elbow.flex": (20, 110)},
        planted=False, lift=0.4,
    ),
    "dive": Activity(
        3, {"root.flex": (75, 165), "shoulder.flex": (140, 180), "elbow.flex": (0, 25),
            "hip.flex": (-20, 60), "knee.flex": (0, 50), "ankle.flex": (-50, -10)},
        planted=False, lift=0.4,
    ),
    "handstand": Activity(
        4, {"root.flex": (165, 195), "shoulder.flex": (160, 180), "elbow.flex": (0, 20),
            "hip.flex": (-20, 40), "hip.bend": (0, 40), "knee.flex": (0, 60)}, planted=False,
    ),
}  # fmt: skip
