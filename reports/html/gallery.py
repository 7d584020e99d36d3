"""Pictures of what each model predicted, over the truth, for the page to draw."""

import base64
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from bench.extremes import BEST, EXTREMES, MEDIAN, WORST
from models.skeleton import SKELETONS, Skeleton
from reports.measured.results import RECORDS, Comparison, Run
from reports.pictures.crop_sheets import crop_pck
from reports.pictures.image_sheets import by_image

SAMPLES = "samples.npz"  # pictures that every model has, spread over the split
RANKS = {BEST: "best", MEDIAN: "median", WORST: "worst"}
_QUALITY = 88  # of a JPEG; at these sizes no artefact is seen beside the lines
_FAINTEST = 0.15  # opacity of a limb that is hardly believed: it was predicted, so it is seen


@dataclass(frozen=True)
class Strokes:
    """Limbs that look alike.

    Attributes:
        side: "left", "right" or "middle" of the person.
        opacity: by the lower score of both joints and, where there are several people, theirs.
        path: the limbs as SVG draws them, in pixels of the picture.
    """

    side: str
    opacity: float
    path: str


@dataclass(frozen=True)
class Figure:
    """A picture with people over it.

    Attributes:
        picture: its name among the page's pictures.
        size: its sides in pixels, width and height.
        truth: the limbs that are there, as SVG draws them.
        strokes: the predicted ones by their looks, the faintest first.
        rank: "best", "median" or "worst"; "" where it was not chosen by OKS.
        told: what is written below it.
    """

    picture: str
    size: tuple[int, int]
    truth: str
    strokes: tuple[Strokes, ...]
    rank: str
    told: str


@dataclass(frozen=True)
class Shelf:
    """The figures of one model."""

    variant: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Gallery:
    """The shelves of a comparison; ``by_oks`` where pictures were chosen by it."""

    caption: str
    shelves: tuple[Shelf, ...]
    by_oks: bool
    kind: ClassVar = "gallery"


class Pictures:
    """The pictures of a page, each of them once however many models were shown it."""

    def __init__(self) -> None:
        self.uris: dict[str, str] = {}  #: name -> data URI

    def add(self, image: np.ndarray) -> str:
        """Take in an image, uint8 ``[3, H, W]``, and return its name."""
        name = f"p{hashlib.sha256(image.tobytes()).hexdigest()[:12]}"
        if name not in self.uris:
            file = io.BytesIO()
            picture = Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))
            picture.save(file, "JPEG", quality=_QUALITY, subsampling=0)
            self.uris[name] = data_uri(file.getvalue(), "image/jpeg")
        return name


def data_uri(content: bytes, kind: str) -> str:
    """Return a file as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def gallery(
    folder: Path, comparison: Comparison, caption: str, pictures: Pictures
) -> Gallery | None:
    """Return what the first seed of each variant predicted; None where no picture was kept.

    Args:
        folder: of the suite.
        comparison: whose variants they are.
        caption: that tells it from other comparisons.
        pictures: of the page; those shown are added.
    """
    shelves = []
    by_oks = False
    for variant in comparison.variants:
        for run in variant.runs[:1]:
            place = folder / RECORDS / run.experiment.key
            chosen = (place / EXTREMES).exists()
            file = place / (EXTREMES if chosen else SAMPLES)
            figures = _figures(file, run, pictures) if file.exists() else ()
            if figures:
                shelves.append(Shelf(variant.name, figures))
                by_oks = by_oks or chosen
    return Gallery(caption, tuple(shelves), by_oks) if shelves else None


def _figures(file: Path, run: Run, pictures: Pictures) -> tuple[Figure, ...]:
    skeleton = SKELETONS[run.experiment.judged_on.skeleton]
    with np.load(file, allow_pickle=False) as samples:
        images, truth, predicted = (samples[name] for name in ("images", "truth", "predicted"))
        if "scores" in samples:  # most of the people that are found are hardly believed
            predicted[..., 2] *= _shares(samples["scores"])[:, None]
        if "truth_image" in samples:
            there = by_image(truth, samples["truth_image"], len(images))
            found = by_image(predicted, samples["predicted_image"], len(images))
        else:
            there, found = ([one[None] for one in people] for people in (truth, predicted))
        ranks = [RANKS[rank] for rank in samples["rank"].tolist()] if "rank" in samples else []
        scores = samples["oks"].tolist() if "oks" in samples else []
    crops = bool(run.experiment.data.crop_size)
    top = float(predicted[..., 2].max(initial=0)) or 1.0
    figures = []
    for index, (image, people, guesses) in enumerate(zip(images, there, found, strict=True)):
        told = _told(people, guesses, image.shape[-1] if crops else 0)
        figures.append(
            Figure(
                pictures.add(image),
                (image.shape[2], image.shape[1]),
                "".join(path for path, _, _ in _limbs(people, skeleton)),
                tuple(strokes_of(guesses, skeleton, top)),
                ranks[index] if ranks else "",
                f"OKS {scores[index]:.2f}, {told}" if scores else told,
            )
        )
    return tuple(figures)


def _shares(scores: np.ndarray) -> np.ndarray:
    """Return each person's score as a share of the highest; all alike where none is above 0."""
    highest = float(scores.max(initial=0))
    return np.clip(scores / highest, 1e-6, 1) if highest > 0 else np.ones_like(scores)


def strokes_of(people: np.ndarray, skeleton: Skeleton, top: float) -> Iterator[Strokes]:
    """Yield the limbs of people by side and opacity, in steps of a tenth; ``top`` is opaque."""
    looks: dict[tuple[float, str], list[str]] = {}
    for path, side, score in _limbs(people, skeleton):
        opacity = round(_FAINTEST + (1 - _FAINTEST) * min(score / top, 1.0), 1)
        looks.setdefault((opacity, side), []).append(path)
    for (opacity, side), paths in sorted(looks.items()):
        yield Strokes(side, opacity, "".join(paths))


def _limbs(people: np.ndarray, skeleton: Skeleton) -> Iterator[tuple[str, str, float]]:
    """Yield the limbs of ``[N, K, 3]`` whose joints are both there: path, side and lower score."""
    for person in people:
        for start, end in skeleton.limbs:
            least = float(min(person[start, 2], person[end, 2]))
            if least <= 0:
                continue
            x1, y1, x2, y2 = person[[start, end], :2].ravel().tolist()
            side = _side((skeleton.joints[start], skeleton.joints[end]))
            yield f"M{x1:.1f},{y1:.1f}L{x2:.1f},{y2:.1f}", side, least


def _side(joints: Sequence[str]) -> str:
    sides = {name.split("_", 1)[0] for name in joints} & {"left", "right"}
    return sides.pop() if len(sides) == 1 else "middle"


def _told(people: np.ndarray, guesses: np.ndarray, crop_size: int) -> str:
    if crop_size:
        right, counted = crop_pck(people[0], guesses[0], crop_size)
        return f"{right.sum()} of {counted.sum()} joints right"
    annotated = int((people[..., 2] > 0).any(axis=-1).sum())
    return f"{annotated} there, {len(guesses)} found"
