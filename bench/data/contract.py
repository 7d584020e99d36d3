"""What every data set hands out: torchvision's detection targets, and a few facts more."""

from typing import NotRequired, Protocol, TypedDict

from torch import Tensor

from models.skeleton import Skeleton


class Target(TypedDict):
    """The people of one image; N persons, K joints, pixels of that image.

    The centre of the top-left pixel is (0, 0). A person whose keypoints are all of visibility 0
    is not annotated with joints.
    """

    boxes: Tensor  #: [N, 4] float32, x1 y1 x2 y2
    labels: Tensor  #: [N] int64, always 1: person
    keypoints: Tensor  #: [N, K, 3] float32, x y visibility (0 not annotated, 1 hidden, 2 seen)
    area: Tensor  #: [N] float32, square pixels of the person's mask
    iscrowd: Tensor  #: [N] int64
    image_id: int
    known: NotRequired[Tensor]  #: [K] bool, False for a joint that the data set never annotates
    annotation_ids: Tensor  #: [N] int64
    ignore: NotRequired[Tensor]  #: [R, 4] float32 boxes in which nothing is judged
    #: [R, V, 2] float32 corners of polygons in which nothing is judged either; one with fewer than
    #: V repeats its last. Even-odd: what an outline runs around twice is outside.
    ignore_polygons: NotRequired[Tensor]
    head_boxes: NotRequired[Tensor]  #: [N, 4] float32
    occlusion: NotRequired[Tensor]  #: [N, K] float32, share of the joint's disc that is hidden
    crowding: NotRequired[Tensor]  #: [N] float32, share of the box that others' boxes cover
    crop_to_image: NotRequired[Tensor]  #: [2, 3] float32, from a crop's pixels to its image's


class PoseDataset(Protocol):
    """A data set that knows its people without decoding its images."""

    name: str
    skeleton: Skeleton
    digest: str  #: sha256 over everything that decides the content

    def __len__(self) -> int:
        """Return the number of images."""

    def image(self, index: int) -> Tensor:
        """Return image ``index``, uint8 [3, H, W], RGB."""

    def target(self, index: int) -> Target:
        """Return the people of image ``index``."""

    def size(self, index: int) -> tuple[int, int]:
        """Return (height, width) of image ``index`` in pixels, without decoding it."""

    def __getitem__(self, index: int) -> tuple[Tensor, Target]:
        """Return ``(image, target)``."""
