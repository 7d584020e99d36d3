"""Picture sheets of whole images: the people that a pipeline found, over those that are there."""

from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D

from models.skeleton import Skeleton
from reports.pictures.tiles import (
    SHADE,
    TILES,
    draw_lines,
    draw_tiles,
    draw_truth,
    legend_line,
    show_image,
    truth_legend,
)

COLUMNS, SIDE = 3, 3.3  # whole images hold several people, so each is shown larger than a crop
# One person found, one colour: apart from one another and from the truth's white.
PEOPLE = ("#56B4E9", "#E69F00", "#F0E442", "#CC79A7", "#00D48A", "#D55E00", "#6A8BFF", "#FF9AA2")


def draw_images(
    path: Path,
    images: np.ndarray,
    truth: list[np.ndarray],
    predicted: list[np.ndarray],
    scores: list[np.ndarray],
    *,
    skeleton: Skeleton,
    title: str,
) -> None:
    """Write a PNG of up to eight images with the people in them and the people found.

    Args:
        path: of the PNG.
        images: uint8 ``[S, 3, H, W]``.
        truth: of each image ``[N, K, 3]``, x y visibility in pixels of the image.
        predicted: of each image ``[n, K, 3]``, x y score; score 0 is a joint that was not found.
        scores: of each image ``[n]``, of the people found. People are as opaque as theirs is high,
            beside the sheet's highest: most of those found are hardly believed.
        skeleton: of the K joints.
        title: of the sheet.
    """
    highest = max((float(one.max()) for one in scores if len(one)), default=1.0)
    tiles = [
        partial(
            _draw,
            image=image,
            truth=one,
            predicted=other[np.argsort(trust)],
            opacity=np.sort(trust) / max(highest, 1e-9),
            skeleton=skeleton,
        )
        for image, one, other, trust in zip(images[:TILES], truth, predicted, scores, strict=False)
    ]
    columns = min(COLUMNS, len(tiles))
    draw_tiles(path, tiles, title=title, legend=_legend(), columns=columns, side=SIDE)


def by_image(people: np.ndarray, owner: np.ndarray, images: int) -> list[np.ndarray]:
    """Return the people of each image.

    Args:
        people: ``[N, ...]``.
        owner: ``[N]``, the image of each.
        images: how many there are.
    """
    return [people[owner == index] for index in range(images)]


def _draw(
    ax: Axes,
    *,
    image: np.ndarray,
    truth: np.ndarray,
    predicted: np.ndarray,
    opacity: np.ndarray,
    skeleton: Skeleton,
) -> str:
    show_image(ax, image)
    draw_truth(ax, _limbs(truth, skeleton))
    for number, (person, shown) in enumerate(zip(predicted, opacity, strict=True)):
        colour = to_rgba(PEOPLE[(len(predicted) - 1 - number) % len(PEOPLE)], shown)
        limbs = _limbs(person[None], skeleton)
        draw_lines(ax, limbs, (*SHADE[:3], SHADE[3] * shown), 3.4)
        draw_lines(ax, limbs, colour, 2.0)
        x, y = person[person[:, 2] > 0, :2].T
        ax.scatter(x, y, s=11, color=[colour], edgecolors=[(0.0, 0.0, 0.0, shown)], linewidths=0.7)
    annotated = int((truth[..., 2] > 0).any(axis=-1).sum())
    return f"{annotated} there, {len(predicted)} found"


def _limbs(people: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Return the limbs of ``[N, K, 3]`` whose joints are both there, ``[L, 2, 2]``."""
    ends = people[:, np.array(skeleton.limbs)]
    there = (ends[..., 2] > 0).all(axis=-1)
    limbs: np.ndarray = ends[there][..., :2]
    return limbs


def _legend() -> list[Line2D]:
    return [
        legend_line(
            "found, a colour a person, as opaque as its score is high",
            color=PEOPLE[0],
            linewidth=2.4,
        ),
        truth_legend(),
    ]
