"""Who was found by which detection, and AP of some of the people, or of one joint.

Nothing is matched again for that: a detection that found somebody else counts neither for nor
against, and one that found nobody counts against every group alike.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray

from bench.data.contract import Target
from bench.metrics.oks import THRESHOLDS, OksMatches

NOBODY, UNJUDGED_PERSON = -1, -2
OCCLUSION, SIZE, CROWDING = TRAITS = ("occlusion", "size", "crowding")
_DECIMALS: Final = 4


@dataclass(frozen=True)
class People:
    """P people to be found, of K joints.

    Attributes:
        image: int64 ``[P]``, position of each one's image.
        annotated: bool ``[P, K]``.
        traits: float64 ``[P]`` each, as far as the data knows them: occlusion, the mean hidden
            share of the annotated joints; size, the root of the area in pixels; crowding, the share
            of the box that others' boxes cover.
    """

    image: NDArray[np.int64]
    annotated: NDArray[np.bool_]
    traits: dict[str, NDArray[np.float64]]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON; ``annotated`` holds bit k for joint k."""
        return {
            "image": self.image.tolist(),
            "annotated": (self.annotated @ (1 << np.arange(self.annotated.shape[1]))).tolist(),
            "joints": self.annotated.shape[1],
            "traits": {name: one.round(_DECIMALS).tolist() for name, one in self.traits.items()},
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Rebuild the people from ``to_json`` of them."""
        bits = 1 << np.arange(values["joints"])
        return cls(
            np.array(values["image"], dtype=np.int64),
            (np.array(values["annotated"], dtype=np.int64)[:, None] & bits) > 0,
            {name: np.array(one, dtype=np.float64) for name, one in values["traits"].items()},
        )


@dataclass(frozen=True)
class Group:
    """Those people whose trait is from ``low`` to ``high``, and who of them was found."""

    low: float
    high: float
    people: int
    oks: OksMatches


def people_of(targets: list[Target], judged: NDArray[np.bool_]) -> People:
    """Return those people of all images who are to be found.

    Args:
        targets: one an image.
        judged: bool ``[N]``, of everybody in them.
    """
    keypoints = torch.cat([one["keypoints"] for one in targets]).double().numpy()
    annotated = keypoints[..., 2] > 0
    area = torch.cat([one["area"] for one in targets]).double().numpy()
    traits = {SIZE: np.sqrt(area)}
    hidden = _hidden(targets, keypoints[..., 2])
    if hidden is not None:
        share = (hidden * annotated).sum(axis=1) / np.maximum(annotated.sum(axis=1), 1)
        traits[OCCLUSION] = share
    if all("crowding" in one for one in targets):
        traits[CROWDING] = torch.cat([one["crowding"] for one in targets]).double().numpy()
    image = np.repeat(np.arange(len(targets)), [len(one["boxes"]) for one in targets])
    return People(
        image[judged],
        annotated[judged],
        {name: traits[name][judged] for name in TRAITS if name in traits},
    )


def groups(oks: OksMatches, person: NDArray[np.int64], people: People, trait: str) -> list[Group]:
    """Return thirds of the people by a trait, rising; fewer where many have the same value.

    Where a third or more has the lowest value, these are one group and the others two halves.

    Args:
        oks: of all people.
        person: int64 ``[D, T]``, place among the people of the one that each detection found at
            each threshold; negative where it found none of them.
        people: to be found.
        trait: of theirs, one that the data knows.
    """
    values = people.traits[trait]
    found = []
    for low, high in _bounds(values):
        inside = (values >= low) & (values <= high)
        # NOBODY and UNJUDGED_PERSON, the last two, are in no group.
        of_it = np.append(inside, [False, False])[person]
        found.append(Group(low, high, int(inside.sum()), _only(oks, of_it, people.image[inside])))
    return found


def of_joint(
    oks: OksMatches,
    levels: NDArray[np.int64],
    judged: NDArray[np.bool_],
    people: People,
    joint: int,
) -> OksMatches:
    """Return one joint's matches: right where its keypoint similarity reaches the threshold.

    Args:
        oks: of all people.
        levels: int64 ``[D, K]``, how many thresholds each joint reaches.
        judged: bool ``[D, K]``, joints that were found and that the truth knows, or that are
            nobody's.
        people: to be found.
        joint: its place in the skeleton.
    """
    right = levels[:, joint, None] > np.arange(len(THRESHOLDS))
    ignored = np.broadcast_to(~judged[:, joint, None], right.shape)
    who = people.image[people.annotated[:, joint]]
    positives = np.bincount(who, minlength=len(oks.positives))
    return replace(oks, matched=right, ignored=ignored, positives=positives)


def _only(oks: OksMatches, of_it: NDArray[np.bool_], images: NDArray[np.int64]) -> OksMatches:
    elsewhere = oks.matched & ~of_it
    positives = np.bincount(images, minlength=len(oks.positives))
    return replace(
        oks, matched=oks.matched & of_it, ignored=oks.ignored | elsewhere, positives=positives
    )


def _bounds(values: NDArray[np.float64]) -> list[tuple[float, float]]:
    if not len(values):
        return []
    lowest = values.min()
    rest = values[values > lowest]
    if 3 * len(rest) <= 2 * len(values):
        cut = [rest] if len(np.unique(rest)) < 2 else np.split(np.sort(rest), [_half(rest)])
        parts = [values[values == lowest], *cut]
    else:
        rising = np.sort(values)
        edges = [np.searchsorted(rising, rising[len(rising) * n // 3]) for n in (1, 2)]
        parts = np.split(rising, edges)
    return [(float(one.min()), float(one.max())) for one in parts if len(one)]


def _half(values: NDArray[np.float64]) -> int:
    rising = np.sort(values)
    middle = rising[len(rising) // 2]
    below = int(np.count_nonzero(rising < middle))
    # Equal values stay together: in the lower half where nothing is below them.
    return below or int(np.count_nonzero(rising <= middle))


def _hidden(targets: list[Target], visibility: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the hidden share of each joint ``[N, K]``; None where nothing is known of it."""
    if all("occlusion" in one for one in targets):
        return torch.cat([one["occlusion"] for one in targets]).double().numpy()
    told = set(np.unique(visibility)) >= {1, 2}  # else the data does not tell hidden from seen
    return (visibility == 1).astype(np.float64) if told else None
