"""Bottom-up: heatmaps and part affinity fields of everybody at once, then grouped to people."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from models.fields import FieldTargets, cells_inside, draw_targets
from models.heatmaps import cells_to_pixels
from models.neck import add_neck, drop_neck
from models.networks.paf_network import mspaf_network, paf_network
from models.networks.staged_fields import FieldMaps
from models.registry import register_pipeline
from models.skeleton import COCO17, OPENPOSE18, Skeleton
from models.whole_images import average_maps, pad_images

# Pixels of the image, at training images of 368 x 368 (Cao et al., CVPR 2017).
SIGMA: Final = 7.0
HALF_WIDTH: Final = 8.0
_GREY: Final = 0.5  # images are 0 to 1; what pads them is their middle, so the network sees 0

#: Blocks a branch, inception-residual blocks after them, and trunk blocks, that give each block
#: the 9.66 M parameters of the deck; any other block is taken once.
_BUDGET: Final = {
    "residual": (23, 0, 5),
    "inception_residual": (8, 0, 4),
    "ioi": (1, 1, 5),
    "aioi_light": (1, 0, 5),
}


@register_pipeline
def paf6(
    skeleton: Skeleton,
    *,
    width: float = 1.0,
    stages: int = 6,
    stride: int = 8,
    trunk_depth: int = 19,
    **options: Any,
) -> nn.Module:
    """Return PAF with six stages: whole images in, all their people out.

    Args:
        skeleton: of the data; COCO's joints are grouped with a neck (``openpose18``).
        width: factor on all hidden channels.
        stages: 1 or more.
        stride: 4 or 8 pixels a cell; 8 is the paper's.
        trunk_depth: 13, 16 or 19, the VGG network whose layers are the trunk; 19 is the paper's.
        options: of ``FieldPipeline``: targets, inference, grouping.
    """
    inside = _grouped_skeleton(skeleton)
    network = paf_network(
        len(inside),
        len(inside.limbs),
        width=width,
        stages=stages,
        stride=stride,
        trunk_depth=trunk_depth,
    )
    return FieldPipeline(network, skeleton, stride, **options)


@register_pipeline
def mspaf3(
    skeleton: Skeleton,
    *,
    block: str = "aioi_light",
    depth: int | None = None,
    rest: int | None = None,
    width: float = 1.0,
    stages: int = 3,
    stride: int = 4,
    trunk_depth: int | None = None,
    **options: Any,
) -> nn.Module:
    """Return the multiscale PAF with three stages: whole images in, all their people out.

    Its layers are inferred, see ``mspaf_network``. Depths that are not given are those at which
    the block has the deck's 9.66 M parameters at width 1.

    Args:
        skeleton: of the data; COCO's joints are grouped with a neck (``openpose18``).
        block: a registered block, of which the branches are built.
        depth: of these, in every branch.
        rest: inception-residual blocks after them, in every branch.
        width: factor on all hidden channels.
        stages: 1 or more.
        stride: 4 or 8 pixels a cell.
        trunk_depth: inception-residual blocks between the stem and the first stage.
        options: of ``FieldPipeline``: targets, inference, grouping.
    """
    inside = _grouped_skeleton(skeleton)
    default_depth, default_rest, default_trunk = _BUDGET.get(block, (1, 0, 5))
    blocks = [block] * (default_depth if depth is None else depth)
    blocks += ["inception_residual"] * (default_rest if rest is None else rest)
    network = mspaf_network(
        len(inside),
        len(inside.limbs),
        blocks=blocks,
        width=width,
        stages=stages,
        stride=stride,
        trunk_depth=default_trunk if trunk_depth is None else trunk_depth,
    )
    return FieldPipeline(network, skeleton, stride, **options)


class FieldPipeline(nn.Module):
    """A network of heatmaps and fields with its targets, loss and grouping.

    Args:
        network: from images to the ``FieldMaps`` of each stage, for the skeleton that is grouped.
        skeleton: of targets and detections.
        stride: of the network, pixels a cell.
        sigma: of the target heatmaps, pixels of the image.
        half_width: of the target fields' limbs, pixels of the image.
        foreground: how much more the squared error counts at a joint, falling off as the target
            does; 0 in the paper. A joint covers few cells of a map, and at first a map of zeros is
            nearly right.
        scales: of the image, at which it is seen in evaluation.
        flip: see the mirror image as well, in evaluation.
        grouping: fields of ``models.grouping.GroupingOptions`` that differ from its defaults.
        taught: joints that the training data annotate; None for all of ``skeleton``. The maps of
            the others are noise, in which nothing is found.
    """

    def __init__(
        self,
        network: nn.Module,
        skeleton: Skeleton,
        stride: int,
        *,
        sigma: float = SIGMA,
        half_width: float = HALF_WIDTH,
        foreground: float = 0.0,
        scales: Sequence[float] = (1.0,),
        flip: bool = False,
        grouping: Mapping[str, Any] | None = None,
        taught: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.skeleton = skeleton
        self.grouped = _grouped_skeleton(skeleton)
        self.stride = stride
        self.sigma = sigma
        self.half_width = half_width
        self.foreground = foreground
        self.scales = tuple(scales)
        self.flip = flip
        self.grouping = dict(grouping or {})
        self.taught = None if taught is None else tuple(taught)

    def forward(
        self, images: Tensor | list[Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """Return losses in training, detections in evaluation.

        Args:
            images: ``[B, 3, H, W]`` or a list of ``[3, H, W]`` of any sizes, values 0 to 1.
            targets: torchvision's, with ``iscrowd`` and perhaps ``ignore``; needed in training.

        Returns:
            ``heatmaps_s`` and ``fields_s`` for each stage s, the (weighted) squared error of a cell
            summed over the channels; or for each image ``boxes`` ``[n, 4]`` (the joints' extent),
            ``labels``, ``scores``, ``keypoints`` ``[n, K, 3]`` and ``keypoints_scores``
            ``[n, K]``. A joint that was not found is at (0, 0), with visibility and score 0.

        Raises:
            ValueError: training without targets.
        """
        batch, sizes = pad_images(images, self.stride, _GREY)
        batch = batch - _GREY
        if not self.training:
            return self.detections(self.predict(batch), sizes)
        if targets is None:
            raise ValueError("targets are needed in training")
        stages = self.network(batch)
        truth = self.targets(targets, sizes, stages[-1].heatmaps)
        # The background's foreground is where the joints are.
        joints = torch.cat([truth.heatmaps[:, :-1], 1 - truth.heatmaps[:, -1:]], dim=1)
        losses: dict[str, Tensor] = {}
        for stage, maps in enumerate(stages, start=1):
            losses[f"heatmaps_{stage}"] = masked_squares(
                maps.heatmaps.float(),
                truth.heatmaps,
                truth.heatmap_mask * (1 + self.foreground * joints),
            )
            losses[f"fields_{stage}"] = masked_squares(
                maps.fields.float(), truth.fields, truth.field_mask
            )
        return losses

    def targets(
        self, targets: list[dict[str, Tensor]], sizes: Sequence[tuple[int, int]], like: Tensor
    ) -> FieldTargets:
        """Return what the maps should be, on the grid and the device of ``like``.

        Args:
            targets: torchvision's.
            sizes: height and width of each image in pixels.
            like: ``[B, C, H, W]``, any map of the network.
        """
        if self.grouped != self.skeleton:
            targets = _with_necks(targets)
        return draw_targets(
            targets,
            sizes,
            self.grouped,
            (like.shape[-2], like.shape[-1]),
            stride=self.stride,
            sigma=self.sigma,
            half_width=self.half_width,
            device=like.device,
        )

    def predict(self, batch: Tensor) -> FieldMaps:
        """Return the last stage's maps, averaged over the views of the inference options.

        Args:
            batch: ``[B, 3, H, W]``, multiples of the stride, values -0.5 to 0.5.
        """
        return average_maps(
            self.network,
            batch,
            self.grouped,
            stride=self.stride,
            scales=self.scales,
            flip=self.flip,
        )

    def detections(
        self, maps: FieldMaps, sizes: Sequence[tuple[int, int]]
    ) -> list[dict[str, Tensor]]:
        """Return the people of each image, for its maps; ``sizes`` as in ``targets``."""
        # Imported late: training and counting need no grouping.
        from models.grouping import GroupingOptions, group_people

        grid = (maps.heatmaps.shape[-2], maps.heatmaps.shape[-1])
        inside = cells_inside(sizes, grid, self.stride, maps.heatmaps.device)
        heatmaps = maps.heatmaps[:, : len(self.grouped)] * inside
        if self.taught is not None:
            taught = [name in self.taught for name in self.grouped.joints]
            heatmaps = heatmaps * heatmaps.new_tensor(taught).view(-1, 1, 1)
        groups = group_people(
            heatmaps,
            maps.fields * inside,
            self.grouped.limbs,
            GroupingOptions(**self.grouping),
        )
        return [self._detection(one.keypoints, one.scores) for one in groups]

    def _detection(self, people: Tensor, scores: Tensor) -> dict[str, Tensor]:
        """Return one image's people; ``people`` ``[n, K, 3]``: x y in cells, score."""
        if self.grouped != self.skeleton:
            people = drop_neck(people)
        # Of two joints one may have been the neck: nobody without joints is reported.
        anybody = (people[..., 2] > 0).any(dim=1)
        people, scores = people[anybody], scores[anybody]
        found = people[..., 2:] > 0
        points = cells_to_pixels(people[..., :2], self.stride)
        least = points.masked_fill(~found, torch.inf).amin(dim=1)
        most = points.masked_fill(~found, -torch.inf).amax(dim=1)
        return {
            "boxes": torch.cat([least, most], dim=1),
            "labels": torch.ones(len(people), dtype=torch.int64, device=people.device),
            "scores": scores,
            "keypoints": torch.cat([points.masked_fill(~found, 0), found.to(points)], dim=-1),
            "keypoints_scores": people[..., 2],
        }


def masked_squares(predicted: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted squared error of a cell, summed over channels.

    The mean is over all cells of the batch, so one image's unknown parts do not make its known
    ones count more; Cao et al. sum over cells, which is the same up to a factor.

    Args:
        predicted: ``[B, C, H, W]``.
        truth: of the same shape.
        weight: of the same shape; 0 or False where the truth is not known.
    """
    cells = len(predicted) * predicted.shape[-2] * predicted.shape[-1]
    return ((predicted - truth).square() * weight).sum() / cells


def _with_necks(targets: Sequence[dict[str, Tensor]]) -> list[dict[str, Tensor]]:
    """Return targets of COCO's joints with the neck between the shoulders."""
    # All of the batch at once: one by one they would be some hundred small calls.
    together = add_neck(torch.cat([one["keypoints"] for one in targets]))
    people = together.split([len(one["keypoints"]) for one in targets])
    return [
        _known_neck(one) | {"keypoints": keypoints}
        for one, keypoints in zip(targets, people, strict=True)
    ]


def _known_neck(target: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the target with the neck known where both shoulders are."""
    if "known" not in target:
        return target
    known = add_neck(target["known"].float()[:, None].expand(-1, 3))[:, 2] > 0
    return target | {"known": known}


def _grouped_skeleton(skeleton: Skeleton) -> Skeleton:
    """Return the joints that are predicted and grouped for data of ``skeleton``."""
    return OPENPOSE18 if skeleton == COCO17 else skeleton
