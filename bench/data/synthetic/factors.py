"""The factors of the domain, as explicit numbers."""

from dataclasses import dataclass
from typing import Final

#: Part of every cache name and digest; raise it whenever a change alters any byte of a scene.
RENDERER_VERSION: Final = "6"


@dataclass(frozen=True)
class SceneFactors:
    """What a scene is drawn from; each data set of this family changes these numbers.

    Attributes:
        people: fewest and most people a scene; fewer are more common.
        height: lowest and highest standing height as a share of the image's side, log-uniform.
        height_spread: largest factor between one person's size and the scene's, log-uniform.
        crowded: share of scenes whose people stand in one group.
        group_width: people of a group stand within this many shoulder breadths a person.
        roll: largest turn of the camera about its axis, in radians, uniform.
        occluders: most objects in front of people.
        clutter: most limb-like objects behind people.
        blur: share of scenes out of focus or in motion.
        noise: highest standard deviation of pixel noise, as a share of white.
    """

    people: tuple[int, int] = (1, 6)
    height: tuple[float, float] = (0.3, 0.95)
    height_spread: float = 1.5
    crowded: float = 0.15
    group_width: float = 1.1
    roll: float = 0.35
    occluders: int = 1
    clutter: int = 6
    blur: float = 0.2
    noise: float = 0.02


#: The embedded data set's own factors.
DEFAULT_FACTORS: Final = SceneFactors()
