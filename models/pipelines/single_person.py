"""One person a crop: a pose network with its targets, loss and decoder."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.constants import constant
from models.crops import crop_detections, stack_crops
from models.heatmaps import cells_to_pixels, decode_peaks, draw_gaussians, pixels_to_cells
from models.networks.hourglass import DEPTH, WIDTH, StackedHourglass
from models.networks.pose_network import STRIDE, PoseNetwork
from models.registry import register_pipeline
from models.skeleton import Skeleton
from models.together import normaliser

# Of the target Gaussian, in cells. In short trainings on synthetic scenes AR was .13 at 1.0 and .15
# at 0.7, and later .20 at 0.5 and .21 at 0.4 (one trial each).
SIGMA = 0.5


@register_pipeline
def single_person(
    skeleton: Skeleton, *, block: str, depth: int, width: int, stages: int, crop_size: int
) -> nn.Module:
    """Return the single-person pipeline: crops of ``crop_size`` pixels in, one person each out."""
    return SinglePerson(PoseNetwork(len(skeleton), block, depth, width, stages), crop_size)


@register_pipeline
def hourglass(
    skeleton: Skeleton, *, stacks: int, crop_size: int, width: int = WIDTH, depth: int = DEPTH
) -> nn.Module:
    """Return the stacked hourglass as a single-person pipeline, as ``single_person`` otherwise.

    Args:
        skeleton: of the data.
        stacks: hourglasses in a row; 1, 2, 4 or 8 in the paper.
        crop_size: pixels; 256 in the paper.
        width: features.
        depth: how often an hourglass halves the resolution.

    Raises:
        ValueError: the crop cannot be halved that often.
    """
    multiple = STRIDE * 2**depth
    if crop_size % multiple:
        raise ValueError(
            f"an hourglass of depth {depth} needs a crop_size that is a multiple of {multiple}, "
            f"not {crop_size}; change it or the depth"
        )
    return SinglePerson(StackedHourglass(len(skeleton), stacks, width, depth), crop_size)


class SinglePerson(nn.Module):
    """Each crop's joints by a softmax over heatmap cells.

    The loss is the cross-entropy between the softmax over a map's cells and a Gaussian target
    that sums to 1 (the soft form of Mask R-CNN's one-hot keypoint target); it reaches a given
    accuracy in a fraction of the steps that mean squared error needs.
    """

    def __init__(self, network: nn.Module, crop_size: int) -> None:
        super().__init__()
        self.network = network
        self.crop_size = crop_size

    def forward(
        self, images: Tensor | list[Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """Return losses in training, detections in evaluation.

        Args:
            images: ``[B, 3, S, S]`` or a list of ``[3, S, S]``, values 0 to 1.
            targets: torchvision's, with one person each; needed in training.

        Raises:
            ValueError: training without targets, or a crop of another size.
        """
        batch = stack_crops(images, self.crop_size)
        logits = self.network(batch - 0.5)
        if not self.training:
            return self._detections(logits[-1].float())
        if targets is None:
            raise ValueError("targets are needed in training")
        keypoints = torch.stack([target["keypoints"][0] for target in targets])
        return {
            f"heatmaps_{stage}": heatmap_loss(maps.float(), keypoints)
            for stage, maps in enumerate(logits, start=1)
        }

    def _detections(self, logits: Tensor) -> list[dict[str, Tensor]]:
        cells, scores = decode_peaks(logits)
        return crop_detections(cells_to_pixels(cells, STRIDE), scores, self.crop_size)


def heatmap_loss(logits: Tensor, keypoints: Tensor) -> Tensor:
    """Return the mean cross-entropy over annotated joints inside the map; 0 where there are none.

    Where several processes train together, the mean of their losses is that of the whole batch.

    Args:
        logits: ``[B, K, H, W]``.
        keypoints: ``[B, K, 3]``, x y in pixels of the crop, visibility.
    """
    height, width = logits.shape[-2:]
    points = pixels_to_cells(keypoints[..., :2], STRIDE)
    inside = (points > -0.5) & (points < constant([width, height], points.device) - 0.5)
    counted = (keypoints[..., 2] > 0) & inside.all(dim=-1)
    target = draw_gaussians(points, height, width, SIGMA).flatten(2)
    target = target / target.sum(dim=2, keepdim=True).clamp_min(torch.finfo(target.dtype).tiny)
    losses = -(target * F.log_softmax(logits.flatten(2), dim=2)).sum(dim=2)
    return (losses * counted).sum() / normaliser(counted.sum())
