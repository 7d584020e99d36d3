"""Why AP is lost: the share of each kind of error, and the AP that correcting it alone would win.

Detections are set beside people by COCO's matching at OKS 0.1, and their joints are judged as
``bench.metrics.joint_errors`` says; both after Ronchi and Perona, ICCV 2017. A detection that is
nobody even then is a false positive (a second one of the same person too; but not one that finds
somebody at a stricter threshold, where a worse one before it leaves them free), and a person of
whom there is none a false negative.

For its cost in AP, one kind is corrected in every detection (false positives are taken away,
people who were not found are not asked for), and all are matched and scored again. The costs do
not add up, for errors of several kinds meet in one detection.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from bench.metrics.joint_errors import ABSENT, KINDS, UNJUDGED, kinds_of, levels_of
from bench.metrics.oks import OksMatches
from bench.metrics.people_found import (
    NOBODY,
    UNJUDGED_PERSON,
    Group,
    People,
    groups,
    of_joint,
)

GOOD: Final = "good"
FALSE_POSITIVES, FALSE_NEGATIVES = "false positives", "false negatives"
#: Errors, in the order of tables.
ERRORS: Final = (*KINDS, FALSE_POSITIVES, FALSE_NEGATIVES)

Weights = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class ErrorAnatomy:
    """What is wrong with D detections of K joints, in the order of ``OksMatches``.

    Attributes:
        oks: of the detections as they are.
        joints: ``[D, K]``, a character of ``bench.metrics.joint_errors`` each.
        person: int64 ``[D, 1 + T]``, place among the people of the one that each detection is, and
            of the one that it found at each threshold; negative where that is none of them.
        people: to be found.
        corrected: of each kind of error that a joint can have, the matches without it.
    """

    oks: OksMatches
    joints: NDArray[np.str_]
    person: NDArray[np.int64]
    people: People
    corrected: dict[str, OksMatches]

    def shares(self, weights: Weights | None = None) -> dict[str, NDArray[np.float64]]:
        """Return the share of good joints and of each error, ``[R]``; 0-dimensional unweighted.

        Of joints that are known of people who were found; false positives of detections, false
        negatives of people.

        Args:
            weights: ``[R, I]``, how often each image was drawn in each of R resamples.
        """
        kinds = kinds_of(self.joints)
        judged = (self.person[:, 0] >= 0)[:, None] & (self.joints != UNJUDGED)
        good = judged & ~np.logical_or.reduce(list(kinds.values()))
        joints = self._an_image(judged.sum(axis=1))
        counts = {GOOD: self._an_image(good.sum(axis=1))}
        counts |= {kind: self._an_image(one.sum(axis=1)) for kind, one in kinds.items()}
        detections = self._an_image(self.person[:, 0] != UNJUDGED_PERSON)
        parts: dict[str, tuple[NDArray[Any], NDArray[Any]]]
        parts = {name: (one, joints) for name, one in counts.items()}
        parts[FALSE_POSITIVES] = (self._an_image(self._is_nobody), detections)
        parts[FALSE_NEGATIVES] = (self._missed, self.oks.positives)
        drawn = np.ones(len(self.oks.positives)) if weights is None else weights
        with np.errstate(invalid="ignore"):  # 0 / 0 is nan: there is nothing to judge
            return {name: np.divide(drawn @ one, drawn @ of) for name, (one, of) in parts.items()}

    def costs(self, weights: Weights | None = None) -> dict[str, NDArray[np.float64]]:
        """Return the AP that is lost by each kind of error alone, as ``shares`` does."""
        ap = self.oks.statistics(weights)["AP"]
        return {
            name: one.statistics(weights)["AP"] - ap if one is not self.oks else ap - ap
            for name, one in self.without().items()
        }

    def without(self) -> dict[str, OksMatches]:
        """Return the matches without each kind of error."""
        somebody = ~self._is_nobody
        parts = ("image", "score", "matched", "ignored")
        kept = replace(self.oks, **{name: getattr(self.oks, name)[somebody] for name in parts})
        asked = replace(self.oks, positives=self.oks.positives - self._missed)
        return self.corrected | {FALSE_POSITIVES: kept, FALSE_NEGATIVES: asked}

    def groups(self, trait: str) -> list[Group]:
        """Return thirds of the people by a trait that they have, see ``people_found``."""
        return groups(self.oks, self.person[:, 1:], self.people, trait)

    def joint(self, joint: int) -> OksMatches:
        """Return the matches of one joint alone, ranked by the scores of its people."""
        judged = (self.joints != UNJUDGED) & (self.joints != ABSENT)
        return of_joint(self.oks, levels_of(self.joints), judged, self.people, joint)

    @property
    def _is_nobody(self) -> NDArray[np.bool_]:
        return self.person[:, 0] == NOBODY

    @property
    def _missed(self) -> NDArray[np.int64]:
        """People of each image who are not found even at OKS 0.1."""
        unfound = np.ones(len(self.people.image), dtype=bool)
        unfound[self.person[:, 0][self.person[:, 0] >= 0]] = False
        return np.bincount(self.people.image[unfound], minlength=len(self.oks.positives))

    def _an_image(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        images = len(self.oks.positives)
        return np.bincount(self.oks.image, counts, images).astype(np.float64)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON without ``oks``; what repeats something else is left out."""
        first = self.person[:, :1]
        plain = np.where(self.oks.matched, first, NOBODY)
        exceptions = np.argwhere(plain != self.person[:, 1:])
        return {
            "joints": ["".join(one) for one in self.joints],
            "person": first.ravel().tolist(),
            "other_person": [[int(d), int(t), int(self.person[d, 1 + t])] for d, t in exceptions],
            "people": self.people.to_json(),
            "corrected": {kind: _changes(self.oks, one) for kind, one in self.corrected.items()},
        }

    @classmethod
    def from_json(cls, values: dict[str, Any], oks: OksMatches) -> Self:
        """Rebuild it from ``to_json`` of it and the matches beside it."""
        people = People.from_json(values["people"])
        codes = np.array([list(one) for one in values["joints"]], dtype="U1")
        first = np.array(values["person"], dtype=np.int64)[:, None]
        person = np.concatenate([first, np.where(oks.matched, first, NOBODY)], axis=1)
        for detection, threshold, other in values["other_person"]:
            person[detection, 1 + threshold] = other
        return cls(
            oks,
            codes.reshape(len(oks.image), people.annotated.shape[1]),
            person,
            people,
            {kind: _changed(oks, one) for kind, one in values["corrected"].items()},
        )


def _changes(before: OksMatches, after: OksMatches) -> dict[str, list[int]]:
    """Return which detections are matched otherwise, and how; scores and people are the same."""
    one, other = before.to_json(), after.to_json()
    parts = ("matched", "ignored")
    at = [
        number
        for number in range(len(before.image))
        if any(one[name][number] != other[name][number] for name in parts)
    ]
    return {"at": at} | {name: [other[name][number] for number in at] for name in parts}


def _changed(before: OksMatches, changes: dict[str, list[int]]) -> OksMatches:
    if not changes["at"]:
        return before
    values = before.to_json()
    for number, matched, ignored in zip(*changes.values(), strict=True):
        values["matched"][number], values["ignored"][number] = matched, ignored
    return OksMatches.from_json(values)
