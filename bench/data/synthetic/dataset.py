"""The data set: scenes rendered once, then read from the cache."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, Self

import torch
from torch import Tensor

from bench.data.cache import cached_tensors
from bench.data.contract import Target
from bench.data.synthetic.annotate import annotate
from bench.data.synthetic.annotators import as_annotated
from bench.data.synthetic.background import develop, sample_background
from bench.data.synthetic.exact import Draws
from bench.data.synthetic.factors import (
    DEFAULT_FACTORS,
    RENDERER_VERSION,
    SYNTHETIC,
    Domain,
    SceneFactors,
)
from bench.data.synthetic.render import cast, make_solids
from bench.data.synthetic.scenes import sample_scenes
from bench.data.synthetic.shade import shade
from models.skeleton import CANONICAL, SKELETONS

_OVERSAMPLE: Final = 2  # samples a pixel along each axis: smooth outlines
_BATCH: Final = 16  # scenes at once: their fragments stay within a few caches
_PEOPLE_KEYS: Final = ("boxes", "joints", "area", "head_boxes", "occlusion", "crowding")

Report = Callable[[int, int], None]


def render_scenes(
    indices: Tensor, split: str, image_size: int, seed: int, device: torch.device | str = "cpu",
    factors: SceneFactors = DEFAULT_FACTORS,
) -> dict[str, Tensor]:  # fmt: skip
    """Render scenes; each depends on its index, split and seed alone, whatever the batch.

    Args:
        indices: [B] int64, at least 0.
        split: "train" or "val"; no scene of one is a scene of the other.
        image_size: side in pixels.
        seed: of the whole data set.
        device: where to render; the bytes are fixed on CPU, and nearly the same elsewhere.
        factors: what the scenes are drawn from.

    Returns:
        ``images`` uint8 [B, 3, S, S]; ``offsets`` int64 [B + 1], into the people of the batch;
        and the fields of ``Annotations`` [N, ...], of the people with at least one pixel.
    """
    draws = Draws.of_scenes(indices.to(device), split, seed)
    scenes = sample_scenes(draws, image_size, _OVERSAMPLE, factors)
    solids = make_solids(scenes.parts)
    hits = cast(solids, scenes.parts, scenes.part_scenes, scenes.view)
    colours, opacity = shade(hits, solids, scenes.surfaces, scenes.light, scenes.view)
    ground = sample_background(draws, image_size) * scenes.light.ambience[:, :, None, None]
    images = develop(draws, _composite(ground, hits.part >= 0, colours, opacity), factors)
    truth = annotate(scenes, hits)
    shown = truth.area > 0
    count = torch.bincount(scenes.scenes[shown], minlength=len(indices))
    people = {key: getattr(truth, key)[shown] for key in _PEOPLE_KEYS}
    return {"images": images, "offsets": _offsets(count), **people}


def _composite(ground: Tensor, covered: Tensor, colours: Tensor, opacity: Tensor) -> Tensor:
    """Return [B, 3, S, S]: samples' colours over the ground, averaged over each pixel."""
    step = covered.shape[-1] // ground.shape[-1]
    image = ground.repeat_interleave(step, 2).repeat_interleave(step, 3).permute(0, 2, 3, 1)
    image = image.contiguous()
    image = image.flatten(0, 2)
    place = torch.nonzero(covered.flatten())[:, 0]
    behind = image.index_select(0, place) * (1 - opacity)[:, None]
    image = image.index_copy_(0, place, behind + colours * opacity[:, None])
    image = image.reshape(*covered.shape, 3)
    total = image[:, 0::step, 0::step]
    for row in range(step):
        for column in range(step):
            if row or column:
                total = total + image[:, row::step, column::step]
    return (total / step**2).permute(0, 3, 1, 2)


def _offsets(count: Tensor) -> Tensor:
    return torch.cat([count.new_zeros(1), count.cumsum(0)])


class SyntheticScenes:
    """Rendered scenes as a ``PoseDataset``, annotated as their domain's annotators would.

    Args:
        tensors: what ``render_scenes`` returns, of all images.
        domain: whose name, joint set and annotators the data set has.
        digest: sha256 over what decides them.
    """

    def __init__(self, tensors: dict[str, Tensor], domain: Domain, digest: str) -> None:
        self.name = domain.name
        self.skeleton = SKELETONS[domain.skeleton]
        self.digest = digest
        self._tensors, self._domain = tensors, domain
        self._annotated = [CANONICAL.joints.index(joint) for joint in self.skeleton.joints]

    def __len__(self) -> int:
        return len(self._tensors["images"])

    def image(self, index: int) -> Tensor:
        """Return image ``index``, uint8 [3, S, S], RGB."""
        return self._tensors["images"][index]

    def size(self, index: int) -> tuple[int, int]:
        """Return (height, width) in pixels."""
        height, width = self._tensors["images"].shape[-2:]
        return height, width

    def target(self, index: int) -> Target:
        """Return the people of image ``index``; ids count from 1, as COCO's do."""
        first, last = self._tensors["offsets"][index : index + 2].tolist()
        people = {key: self._tensors[key][first:last] for key in _PEOPLE_KEYS}
        number = last - first
        truth: Target = {
            "boxes": people["boxes"],
            "labels": torch.ones(number, dtype=torch.int64),
            "keypoints": people["joints"][:, self._annotated],
            "area": people["area"],
            "iscrowd": torch.zeros(number, dtype=torch.int64),
            "image_id": index + 1,
            "annotation_ids": torch.arange(first, last) + 1,
            "head_boxes": people["head_boxes"],
            "occlusion": people["occlusion"][:, self._annotated],
            "crowding": people["crowding"],
        }
        habits = self._domain.habits
        return as_annotated(truth, habits, self.skeleton, self.size(index)[0]) if habits else truth

    def truth(self) -> Self:
        """Return the same scenes with all that is known of them: every joint of ``CANONICAL``.

        It is there to judge by, and not to be learnt from: annotators of the domain hide a part.
        """
        told = replace(self._domain, skeleton=CANONICAL.name, habits=None)
        return type(self)(self._tensors, told, self.digest)

    def joints(self, index: int) -> Tensor:
        """Return [N, 21, 3] x, y and visibility of every joint of ``CANONICAL``."""
        first, last = self._tensors["offsets"][index : index + 2].tolist()
        return self._tensors["joints"][first:last]

    def __getitem__(self, index: int) -> tuple[Tensor, Target]:
        return self.image(index), self.target(index)


def open_synthetic(
    split: str, images: int, image_size: int, seed: int, *,
    domain: Domain = SYNTHETIC, report: Report | None = None,
) -> SyntheticScenes:  # fmt: skip
    """Return scenes 0..images-1 of a split, rendering what the cache does not hold.

    Args:
        split: "train" or "val".
        images: how many.
        image_size: side in pixels.
        seed: of the renderer.
        domain: what the scenes are drawn from, and which joints are annotated.
        report: called with (scenes done, scenes in all) while rendering.

    Raises:
        Problem: the cache folder cannot be written.
    """
    digest = synthetic_digest(split, images, image_size, seed, domain)

    def build() -> dict[str, Tensor]:
        return _render_all(split, images, image_size, seed, domain.factors, report)

    size = f"{images}x{image_size}-seed{seed}"
    name = f"{domain.name}-{RENDERER_VERSION}-{split}-{size}-{digest[:12]}"
    return SyntheticScenes(cached_tensors(name, build), domain, digest)


def synthetic_digest(
    split: str, images: int, image_size: int, seed: int, domain: Domain = SYNTHETIC
) -> str:
    """Return a sha256 over everything that decides the scenes."""
    values = [domain.name, domain.version, split, images, image_size, seed]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _render_all(
    split: str, images: int, image_size: int, seed: int, factors: SceneFactors,
    report: Report | None,
) -> dict[str, Tensor]:  # fmt: skip
    starts = range(0, images, _BATCH)

    def batch(first: int) -> dict[str, Tensor]:
        indices = torch.arange(first, min(first + _BATCH, images))
        return render_scenes(indices, split, image_size, seed, factors=factors)

    # Whole batches side by side use the cores better than the small operations of one batch.
    threads = torch.get_num_threads()
    batches = []
    try:
        with ThreadPoolExecutor(threads, "render", torch.set_num_threads, (1,)) as pool:
            for first, done in zip(starts, pool.map(batch, starts), strict=True):
                batches.append(done)
                if report:
                    report(min(first + _BATCH, images), images)
    finally:
        torch.set_num_threads(threads)
    counts = torch.cat([batch.pop("offsets").diff() for batch in batches])
    tensors = {key: torch.cat([batch[key] for batch in batches]) for key in batches[0]}
    return {**tensors, "offsets": _offsets(counts)}
