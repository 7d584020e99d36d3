"""Top-down in two networks: a detector of people, and a single-person network for each of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from models.crops import PADDING, crop_targets, cut_people
from models.geometry import invert, square_crop, transform_points
from models.networks.person_detector import PersonDetector
from models.networks.pyramid import people_inside
from models.registry import create_pipeline, register_pipeline
from models.skeleton import Skeleton
from models.training_boxes import BOXES, TrainingBoxes, in_evaluation

LEARNS: Final = ("both", "detector", "person")

#: The largest network that Newell et al. publish, at its crop size; the deck names no size.
_HOURGLASS: Final = {"name": "hourglass", "stacks": 8, "crop_size": 256}
_BATCH = 64  # crops a forward pass in evaluation: bounds memory; larger ones are no faster on a CPU


@register_pipeline
def detector_hourglass(
    skeleton: Skeleton,
    *,
    backbone: str = "resnet50",
    frozen_norms: bool = True,
    min_size: int | Sequence[int] = (640, 672, 704, 736, 768, 800),
    max_size: int = 1333,
    anchor_sizes: Sequence[int] = (32, 64, 128, 256, 512),
    pyramid_width: int = 256,
    box_width: int = 1024,
    person: Mapping[str, Any] = _HOURGLASS,
    boxes: str = "truth",
    proposals: int = 2000,
    jitter: float = 0.0,
    crops_per_image: int = 8,
    learns: str = "both",
    **options: Any,
) -> nn.Module:
    """Return a person detector with a single-person network: whole images in, all people out.

    The deck publishes neither its detector nor the size of its hourglass. Inferred: the detector
    is torchvision's ``fasterrcnn_resnet50_fpn`` for people alone, seen at the sizes at which
    ``mask_rcnn`` sees images, and the hourglass has 8 stacks; 66,733,273 parameters with MPII's
    16 joints.

    Args:
        skeleton: of the data.
        backbone, frozen_norms, min_size, max_size, anchor_sizes, pyramid_width, box_width: of the
            detector, as in ``mask_rcnn``.
        person: the single-person half: the name of a registered pipeline and its arguments,
            ``crop_size`` among them.
        boxes: by which the single-person half learns: "truth"; "detected", the detector's own
            detections; or "proposals", the likeliest of its region proposal network. The latter two
            are from the detector in evaluation mode, and each counts for the person whom it
            overlaps most, if by an intersection over union above 0.5.
        proposals: boxes an image at most, where these teach; 2,000 in the deck.
        jitter: standard deviation of the noise on each side of these boxes, as a share of the
            box's size.
        crops_per_image: that the single-person half learns from at most, drawn at random.
        learns: "both", "detector" or "person"; the other half has no losses, and stays as it is.
        options: of torchvision's ``FasterRCNN``: sampling, thresholds, normalisation.

    Raises:
        ValueError: an argument is none of its choices, or ``person`` lacks its name or crop size.
        RegistryError: ``person`` names no registered pipeline.
        ImportError: torchvision is not installed.
    """
    for name, value, known in (("boxes", boxes, BOXES), ("learns", learns, LEARNS)):
        if value not in known:
            raise ValueError(f"{name} is one of {', '.join(known)}, not '{value}'")
    if not {"name", "crop_size"} <= person.keys():
        raise ValueError(f"person needs a name and a crop_size beside {dict(person)}")
    detector = PersonDetector(
        backbone=backbone,
        frozen_norms=frozen_norms,
        min_size=min_size,
        max_size=max_size,
        anchor_sizes=anchor_sizes,
        pyramid_width=pyramid_width,
        box_width=box_width,
        options=options,
    )
    arguments = {name: value for name, value in person.items() if name != "name"}
    return TopDown(
        detector,
        create_pipeline(person["name"], skeleton, **arguments),
        len(skeleton),
        person["crop_size"],
        TrainingBoxes(boxes, proposals, jitter, crops_per_image),
        learns,
    )


class TopDown(nn.Module):
    """A detector, and a single-person pipeline for the crop of each box.

    Either half loads and saves on its own, as ``detector`` and ``person``.

    Args:
        detector: of people.
        person: a pipeline for crops.
        joints: K.
        crop_size: side in pixels of what ``person`` sees.
        training_boxes: by which ``person`` learns.
        learns: as in ``detector_hourglass``.
    """

    def __init__(
        self,
        detector: PersonDetector,
        person: nn.Module,
        joints: int,
        crop_size: int,
        training_boxes: TrainingBoxes,
        learns: str,
    ) -> None:
        super().__init__()
        self.detector = detector
        self.person = person
        self.joints = joints
        self.crop_size = crop_size
        self.training_boxes = training_boxes
        self.learns = learns
        for half in self._frozen():
            half.requires_grad_(False)

    def train(self, mode: bool = True) -> "TopDown":
        """Set the mode; a half that does not learn stays in evaluation mode."""
        super().train(mode)
        for half in self._frozen():
            half.eval()
        return self

    def forward(
        self, images: Tensor | list[Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """Return losses in training, detections in evaluation.

        Args:
            images: ``[B, 3, H, W]`` or a list of ``[3, H, W]`` of any sizes, values 0 to 1.
            targets: torchvision's. In training, crowds and people without a box inside the image
                teach nothing, and people without annotated joints teach the detector alone. In
                evaluation, where they are given, their boxes are taken in place of the detector's,
                all but those of crowds, in their order.

        Returns:
            ``loss_objectness``, ``loss_rpn_box_reg``, ``loss_classifier``, ``loss_box_reg`` and
            the losses of the single-person pipeline; or for each image ``boxes`` ``[n, 4]``,
            ``labels``, ``scores`` (the joints' mean score, times the detector's where it found the
            box), ``keypoints`` ``[n, K, 3]`` and ``keypoints_scores`` ``[n, K]``.

        Raises:
            ValueError: training without targets.
        """
        if not self.training:
            found = self.detector(images) if targets is None else [_given(one) for one in targets]
            return self._with_joints(images, found)
        if targets is None:
            raise ValueError("targets are needed in training")
        people = people_inside(targets, images)
        losses: dict[str, Tensor] = {}
        if self.learns != "person":
            losses |= self.detector(images, people)
        if self.learns != "detector":
            losses |= self._person_losses(images, people)
        return losses

    def joints_in(
        self, images: Tensor | list[Tensor], boxes: Sequence[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return the joints of the people in boxes: the second half, in evaluation mode.

        Args:
            images: of ``forward``.
            boxes: ``[n, 4]`` for each image, of any size and place.

        Returns:
            for each image keypoints ``[n, K, 3]``, pixels of the image, and their scores
            ``[n, K]``.
        """
        counts = [len(one) for one in boxes]
        owner, to_crop = self._crops_of(boxes)
        keypoints, scores = (
            [to_crop.new_zeros(0, self.joints, 3)],
            [to_crop.new_zeros(0, self.joints)],
        )
        for persons in torch.arange(len(owner), device=owner.device).split(_BATCH):
            crops = cut_people(images, owner[persons], to_crop[persons], self.crop_size)
            found = self.person(crops)
            keypoints += [one["keypoints"].double() for one in found]
            scores += [one["keypoints_scores"].double() for one in found]
        in_crops = torch.cat(keypoints)
        points = transform_points(invert(to_crop), in_crops[..., :2])
        in_images = torch.cat([points, in_crops[..., 2:]], dim=-1)
        return (
            list(in_images.float().split(counts)),
            list(torch.cat(scores).float().split(counts)),
        )

    def _frozen(self) -> list[nn.Module]:
        halves = {"detector": self.detector, "person": self.person}
        return [half for name, half in halves.items() if self.learns not in ("both", name)]

    def _crops_of(self, boxes: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the image ``[P]`` of all boxes, and their maps to crops, float64 ``[P, 2, 3]``."""
        together = torch.cat(list(boxes))
        counts = torch.tensor([len(one) for one in boxes], device=together.device)
        owner = torch.arange(len(boxes), device=together.device).repeat_interleave(counts)
        return owner, square_crop(together.double(), self.crop_size, PADDING)

    def _with_joints(
        self, images: Tensor | list[Tensor], found: list[dict[str, Tensor]]
    ) -> list[dict[str, Tensor]]:
        people = self.joints_in(images, [one["boxes"] for one in found])
        return [
            one
            | {
                "scores": one["scores"] * scores.mean(dim=1),
                "keypoints": keypoints,
                "keypoints_scores": scores,
            }
            for one, keypoints, scores in zip(found, *people, strict=True)
        ]

    def _person_losses(
        self, images: Tensor | list[Tensor], people: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        chosen = self.training_boxes.choose(self.detector, images, people)
        owner, to_crop = self._crops_of([boxes for boxes, _ in chosen])
        if not len(owner):
            return self._losses_of_nobody(images[0])
        if len(owner) == 1:
            # Batch norms cannot learn from a single cell, which is what a deep hourglass makes of
            # a small crop.
            owner, to_crop, chosen = owner.repeat(2), to_crop.repeat(2, 1, 1), chosen * 2
        keypoints = torch.cat([one for _, one in chosen])
        points = transform_points(to_crop, keypoints[..., :2].double()).to(keypoints)
        # A joint that is not annotated has no place; zero is the field's habit.
        in_crops = torch.cat([points * (keypoints[..., 2:] > 0), keypoints[..., 2:]], dim=-1)
        crops = cut_people(images, owner, to_crop, self.crop_size)
        return self.person(crops, crop_targets(in_crops, self.crop_size))

    def _losses_of_nobody(self, image: Tensor) -> dict[str, Tensor]:
        """Return the single-person losses as zeros that depend on all that they always do."""
        crop = image.new_zeros(1, 3, self.crop_size, self.crop_size)
        unknown = crop_targets(image.new_zeros(1, self.joints, 3), self.crop_size)
        # A blank crop must not enter the batch norms' statistics; but those of several processes
        # wait for one another, and one that stayed away would wait for ever.
        norms = [
            one
            for one in self.person.modules()
            if isinstance(one, _BatchNorm) and not isinstance(one, nn.SyncBatchNorm)
        ]
        with in_evaluation(norms):
            return {name: 0.0 * loss for name, loss in self.person(crop, unknown).items()}


def _given(target: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the boxes of a target, all but crowds, as if a detector were sure of them."""
    boxes = target["boxes"]
    if "iscrowd" in target:
        boxes = boxes[target["iscrowd"] == 0]
    return {
        "boxes": boxes,
        "labels": torch.ones(len(boxes), dtype=torch.int64, device=boxes.device),
        "scores": boxes.new_ones(len(boxes)),
    }
