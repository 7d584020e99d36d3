"""Annotated photographs on disk, as a few flat arrays whatever file format they came from."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from bench.data.contract import Target
from bench.problem import Problem
from models.skeleton import Skeleton


@dataclass(eq=False)
class Photographs:
    """A data set of image files; the contract is ``bench.data.contract.PoseDataset``.

    I images, N persons sorted by image, K joints. A hundred thousand images cost a few flat arrays
    rather than as many dictionaries. ``target`` and ``size`` never touch an image file.

    Attributes:
        name: the data set and split, for messages.
        skeleton: the joint set of ``keypoints``.
        digest: sha256 of the annotations and of which images are kept; the pixels do not enter it.
        folder: where ``file_names`` start.
        file_names: one for each image.
        image_ids: [I].
        sizes: [I, 2] height and width in pixels.
        first_person: [I + 1]; the persons of image i are ``first_person[i]:first_person[i + 1]``.
        boxes: [N, 4] x1 y1 x2 y2.
        keypoints: [N, K, 3] x, y, visibility.
        area: [N] square pixels.
        iscrowd: [N].
        annotation_ids: [N].
        head_boxes: [N, 4] x1 y1 x2 y2, without extent where a person's is not known; None where
            the data set has none.
        crowd_index: [I], CrowdPose's measure of how crowded an image is; None elsewhere.
    """

    name: str
    skeleton: Skeleton
    digest: str
    folder: Path
    file_names: Sequence[str]
    image_ids: NDArray[np.int64]
    sizes: NDArray[np.int64]
    first_person: NDArray[np.int64]
    boxes: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    area: NDArray[np.float32]
    iscrowd: NDArray[np.int64]
    annotation_ids: NDArray[np.int64]
    head_boxes: NDArray[np.float32] | None = None
    crowd_index: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.image_ids)

    def __getitem__(self, index: int) -> tuple[Tensor, Target]:
        return self.image(index), self.target(index)

    def image(self, index: int) -> Tensor:
        """Return image ``index``, uint8 [3, H, W], RGB.

        Raises:
            Problem: the file is missing, cannot be decoded, or is not of the annotated size.
        """
        path = self.folder / self.file_names[index]
        return read_image(path, int(self.image_ids[index]), self.size(index))

    def size(self, index: int) -> tuple[int, int]:
        """Return (height, width) of image ``index`` in pixels, as annotated."""
        height, width = self.sizes[index].tolist()
        return height, width

    def target(self, index: int) -> Target:
        """Return the people of image ``index``; an image without any gives tensors of length 0."""
        image = range(len(self))[index]
        people = slice(int(self.first_person[image]), int(self.first_person[image + 1]))
        target = Target(
            boxes=_copied(self.boxes[people]),
            labels=torch.ones(people.stop - people.start, dtype=torch.int64),
            keypoints=_copied(self.keypoints[people]),
            area=_copied(self.area[people]),
            iscrowd=_copied(self.iscrowd[people]),
            image_id=int(self.image_ids[image]),
            annotation_ids=_copied(self.annotation_ids[people]),
        )
        if self.head_boxes is not None:
            target["head_boxes"] = _copied(self.head_boxes[people])
        return target

    def annotated_images(self) -> NDArray[np.int64]:
        """Return the indices of the images in which somebody has a joint, ascending."""
        jointed = (self.keypoints[:, :, 2] > 0).any(axis=1)
        before = np.concatenate(([0], np.cumsum(jointed)))
        return np.flatnonzero(np.diff(before[self.first_person]))

    def draw(self, count: int) -> Self:
        """Return ``count`` of the images in which somebody has a joint, in the file's order.

        They are the first of a fixed shuffle, so a smaller draw is part of a larger one. The
        shuffle sorts by the sha256 of the image id: unlike a random generator's it is the same
        under every version of every library.
        """
        shuffled = sorted(self.annotated_images(), key=lambda image: _shuffle_key(self, image))
        kept = np.sort(np.array(shuffled[:count], dtype=np.int64))
        people = [np.arange(*self.first_person[image : image + 2]) for image in kept]
        persons = np.concatenate([*people, np.empty(0, np.int64)]).astype(np.int64)
        return replace(
            self,
            digest=sha256(self.digest.encode() + self.image_ids[kept].tobytes()).hexdigest(),
            file_names=[self.file_names[image] for image in kept],
            image_ids=self.image_ids[kept],
            sizes=self.sizes[kept],
            first_person=np.cumsum([0, *map(len, people)]),
            boxes=self.boxes[persons],
            keypoints=self.keypoints[persons],
            area=self.area[persons],
            iscrowd=self.iscrowd[persons],
            annotation_ids=self.annotation_ids[persons],
            head_boxes=None if self.head_boxes is None else self.head_boxes[persons],
            crowd_index=None if self.crowd_index is None else self.crowd_index[kept],
        )


def read_size(path: Path) -> tuple[int, int]:
    """Return (height, width) of an image file in pixels, from its head alone.

    Raises:
        Problem: the file is missing or cannot be decoded.
    """
    with _opened(path, str(path)) as image:
        return image.height, image.width


def read_image(path: Path, image_id: int, size: tuple[int, int]) -> Tensor:
    """Decode an image file of any colour mode to RGB, uint8 [3, H, W].

    The stored pixels are taken as they lie: an EXIF orientation is not applied, because the COCO
    annotations count the stored pixels too.

    Args:
        path: the file.
        image_id: its id in the annotations, for messages.
        size: (height, width) that the annotations promise.

    Raises:
        Problem: the file is missing, cannot be decoded, or has another size.
    """
    with _opened(path, f"{path}: image {image_id}") as image:
        pixels = np.array(image.convert("RGB"))
    if pixels.shape[:2] != size:
        raise Problem(
            f"{path}: image {image_id} is {pixels.shape[1]}x{pixels.shape[0]} pixels where its "
            f"annotation says {size[1]}x{size[0]}; restore the file or correct width and height"
        )
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


@contextmanager
def _opened(path: Path, name: str) -> Iterator[Image.Image]:
    """Open an image file; what fails in the block fails as its decoding, too.

    Args:
        path: the file.
        name: of the image, for messages.

    Raises:
        Problem: the file is missing or cannot be decoded.
    """
    try:
        with Image.open(path) as image:
            yield image
    except FileNotFoundError as error:
        raise Problem(f"{name} is missing; restore it") from error
    except Exception as error:  # Pillow meets damaged files with exceptions of many types
        raise Problem(f"{name} cannot be decoded ({error}); replace the file") from error


def _copied(rows: NDArray[Any]) -> Tensor:
    # A copy, so that whoever edits a target in place does not edit the data set.
    return torch.from_numpy(rows.copy())


def _shuffle_key(images: Photographs, index: int) -> bytes:
    return sha256(str(int(images.image_ids[index])).encode()).digest()
