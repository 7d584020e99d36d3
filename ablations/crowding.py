"""The suite ``crowding``: every pipeline on scenes of which one factor is moved at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ablations import pipelines, whole_images
from ablations.options import DEFAULT_DATA, Options, refuse_blocks
from ablations.presets import SMOKE
from bench.data.synthetic.factor_checks import Factors, checked_factors
from bench.data.synthetic.factors import DEFAULT_FACTORS, POSETRACK_FACTORS, SYNTHETIC
from bench.experiment import DataSpec
from bench.plan import Plan
from bench.problem import Problem

BOTTOM_UP: Final = ("paf6", "mspaf3")
TOP_DOWN: Final = ("mask_rcnn", "detector_hourglass")


@dataclass(frozen=True)
class Level:
    """Scenes as one value of a factor makes them.

    Attributes:
        label: of the value, short enough for an axis.
        changes: factors of ``synthetic`` and what they are instead.
    """

    label: str
    changes: Factors = ()

    @property
    def factors(self) -> Factors:
        """The factors that differ from those of ``synthetic``, as a ``DataSpec`` holds them."""
        return checked_factors(SYNTHETIC, self.changes)


@dataclass(frozen=True)
class Factor:
    """What is moved while everything else stays as in ``synthetic``.

    Attributes:
        name: of the factor.
        values: what its levels are values of.
        levels: from what photographs of single people are like to crowded frames of videos.
        paired: whether all levels show the same scenes, moved.
        beside: what else moves with it, "" where nothing does.
    """

    name: str
    values: str
    levels: tuple[Level, ...]
    paired: bool = True
    beside: str = ""


def _of(names: Iterable[str]) -> Factors:
    """Return the values that ``synthetic-posetrack`` has of some factors."""
    return tuple((name, getattr(POSETRACK_FACTORS, name)) for name in names)


def _range(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:g}–{bounds[1]:g}"


def _share(part: float) -> str:
    return f"{100 * part:g} %"


#: Each factor has four levels: one that is easier than the default where there is one, the
#: default, the value of ``synthetic-posetrack``, and the end of what a frame may hold.
FACTORS: Final = (
    Factor(
        "crowding",
        "share of scenes whose people stand in one group",
        (
            Level("0 %", (("crowded", 0.0),)),
            Level(_share(DEFAULT_FACTORS.crowded)),
            Level(_share(POSETRACK_FACTORS.crowded), _of(["crowded"])),
            # At 0.4 shoulder breadths a person everybody in a group overlaps the next.
            Level("100 %, tight", (("crowded", 1.0), ("group_width", 0.4))),
        ),
        beside="people of a group keep their height where others would have to share the width, "
        "and those behind are smaller",
    ),
    Factor(
        "people",
        "people a scene",
        (
            Level("1", (("people", (1, 1)),)),
            Level(_range(DEFAULT_FACTORS.people)),
            Level(_range(POSETRACK_FACTORS.people), _of(["people"])),
            # More, and at the smallest height half of everybody's box is another's too.
            Level("10", (("people", (10, 10)),)),
        ),
        paired=False,
        beside="many people share the width, so they are smaller too",
    ),
    Factor(
        "size",
        "standing height as a share of the image's side",
        (
            Level("0.6–0.95", (("height", (0.6, 0.95)),)),
            Level(_range(DEFAULT_FACTORS.height)),
            Level(_range(POSETRACK_FACTORS.height), _of(["height"])),
            # Half of what anybody is in training: 19 to 38 pixels of 128.
            Level("0.15–0.3", (("height", (0.15, 0.3)),)),
        ),
        beside="large people overlap more where there are several",
    ),
    Factor(
        "blur",
        "share of scenes out of focus or in motion",
        (
            Level("0 %", (("blur", 0.0),)),
            Level(_share(DEFAULT_FACTORS.blur)),
            Level(f"{_share(POSETRACK_FACTORS.blur)}, moving", _of(["blur", "motion", "streak"])),
            # Everything moves, up to twice as far as a runner in a fiftieth of a second.
            Level(
                "100 %, moving twice as far",
                (("blur", 1.0), ("motion", 1.0), ("streak", 2 * POSETRACK_FACTORS.streak)),
            ),
        ),
    ),
    Factor(
        "cut",
        "share of people whom an edge of the image cuts",
        (
            Level(_share(DEFAULT_FACTORS.cut)),
            Level(_share(POSETRACK_FACTORS.cut), _of(["cut"])),
            Level("50 %", (("cut", 0.5),)),
            Level("100 %", (("cut", 1.0),)),
        ),
        beside="people move to the edge, away from each other or onto each other",
    ),
    Factor(
        "everything",
        "all factors as in `synthetic-posetrack`, but for its joints",
        (Level("synthetic"), Level("posetrack", _of(POSETRACK_FACTORS.changes()))),
        paired=False,
    ),
)

#: Preset -> validation scenes a level. A scene takes 7 to 26 ms on a CPU core, so 17 levels of 300
#: for four pipelines take some eight minutes of two cores, a fifth of what their trainings take.
SCENES: Final = {"smoke": 8, "cpu": 300, "gpu": 1000, "paper": 2000}
# Both ends of a factor that is paired and of one that is not: everything runs that can.
_SMOKE_FACTORS: Final = ("crowding", "people")


def plan(options: Options) -> Plan:
    """Return every pipeline as suite ``pipelines`` trains it, measured at every level.

    Raises:
        Problem: an option that cannot be met.
    """
    refuse_blocks(options, "crowding")
    if options.data != DEFAULT_DATA:
        raise Problem(
            f"suite 'crowding' moves the factors of '{DEFAULT_DATA}' and of nothing else; leave "
            "--data out"
        )
    setting = whole_images.settle(options)
    models = pipelines.from_below(setting.size) | pipelines.from_above(setting.size)
    trained = whole_images.experiments(setting, models)
    scenes = min(SCENES[options.preset], setting.data.val_images)
    measured = (
        # Data that is all that was to be measured on anyhow is no other data.
        replace(one, tested=None if data == one.data else data)
        for data in _levels(setting.data, scenes, moved(options.preset))
        for one in trained
    )
    return Plan(tuple({one.key: one for one in (*trained, *measured)}.values()))


def moved(preset: str) -> tuple[Factor, ...]:
    """Return the factors that a preset moves, each with the levels that it visits."""
    if preset != SMOKE:
        return FACTORS
    return tuple(
        replace(one, levels=(one.levels[0], one.levels[-1]))
        for one in FACTORS
        if one.name in _SMOKE_FACTORS
    )


def _levels(data: DataSpec, scenes: int, factors: Sequence[Factor]) -> list[DataSpec]:
    """Return the scenes of every level once, those of the default factors first."""
    distinct = dict.fromkeys(((), *(level.factors for one in factors for level in one.levels)))
    return [replace(data, val_images=scenes, factors=changes) for changes in distinct]
