"""Heatmaps and part affinity fields of many people: drawing the targets, masking, mirroring.

A target is only what is known. The places of people without annotated joints, of crowds and in
ignored regions say nothing in any channel. An annotated person whose joint j is not annotated says
nothing about joint j and its limbs inside his box, since the joint may well be there. A joint that
the data set never annotates (``known`` of a target) has no target anywhere, nor do its limbs; the
background has one outside of boxes, where nobody is.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from models.constants import constant, sent
from models.heatmaps import cells_to_pixels, draw_gaussians, pixels_to_cells
from models.skeleton import Skeleton


class FieldTargets(NamedTuple):
    """What the maps of B images should be, and where that is known; K joints, L limbs.

    Attributes:
        heatmaps: ``[B, K + 1, H, W]``, the last is the background.
        fields: ``[B, 2L, H, W]``, x and y of limb l at channels 2l and 2l + 1: the unit vector
            from its first joint to its second.
        heatmap_mask: bool ``[B, K + 1, H, W]``, True where the heatmap is known.
        field_mask: bool ``[B, 2L, H, W]``, True where the field is known.
    """

    heatmaps: Tensor
    fields: Tensor
    heatmap_mask: Tensor
    field_mask: Tensor


class _People(NamedTuple):
    keypoints: Tensor  # [B, N, K, 3] padded with visibility 0
    boxes: Tensor  # [B, N + R, 4] of people, then ignored; padded with boxes without extent
    missing: Tensor  # bool [B, N + R, K]: the joint is not annotated
    known: Tensor  # bool [B, K]: the data set annotates the joint


def draw_targets(
    targets: Sequence[Any],
    sizes: Sequence[tuple[int, int]],
    skeleton: Skeleton,
    grid: tuple[int, int],
    *,
    stride: int,
    sigma: float,
    half_width: float,
    device: torch.device | str = "cpu",
) -> FieldTargets:
    """Return the targets of a batch of images.

    Source: Cao et al., CVPR 2017: a heatmap is the maximum over people, a field the mean over the
    people whose limb covers the cell; the background is 1 minus the highest heatmap.

    Args:
        targets: torchvision's, with ``keypoints`` ``[N, K, 3]``, ``boxes``, ``iscrowd`` and, where
            there are regions in which nothing is judged, ``ignore`` ``[R, 4]`` and
            ``ignore_polygons`` ``[R, V, 2]``; pixels. ``known`` bool ``[K]`` where the data set
            does not annotate all joints.
        sizes: height and width of each image in pixels; cells beyond are padding.
        skeleton: of the keypoints.
        grid: H and W of the maps in cells.
        stride: pixels a cell.
        sigma: of the heatmaps in pixels. Masked boxes are grown by as much, for a joint at their
            edge would be drawn that far.
        half_width: of the limbs in pixels.
        device: on which to draw.
    """
    counts = [len(target["keypoints"]) for target in targets]
    # Those with the most people first: then the images that have an n-th person are a slice.
    order = sorted(range(len(targets)), key=lambda image: -counts[image])
    back = constant(order, device).argsort()
    people = _pack([targets[image] for image in order], len(skeleton), device)
    points = pixels_to_cells(people.keypoints[..., :2], stride)
    seen = people.keypoints[..., 2] > 0
    slots = [sum(count > person for count in counts) for person in range(people.keypoints.shape[1])]
    joints = _draw_heatmaps(points, seen, slots, grid, sigma / stride)
    fields = _draw_fields(points, seen, slots, grid, skeleton.limbs, half_width / stride)
    masks = _known(people, grid, skeleton.limbs, stride, sigma)
    background = 1 - joints.amax(dim=1, keepdim=True)
    judged = cells_inside(sizes, grid, stride, device) & ~_in_polygons(
        targets, grid, stride, device
    )
    return FieldTargets(
        torch.cat([joints, background], dim=1)[back],
        fields[back],
        masks[0][back] & judged,
        masks[1][back] & judged,
    )


def cells_inside(
    sizes: Sequence[tuple[int, int]],
    grid: tuple[int, int],
    stride: int,
    device: torch.device | str,
) -> Tensor:
    """Return bool ``[B, 1, H, W]``: whether the middle of a cell lies on the image.

    Args:
        sizes: height and width of each image in pixels.
        grid: H and W in cells.
        stride: pixels a cell.
        device: of the result.
    """
    limits = constant(sizes, device).view(-1, 2, 1)
    rows = (torch.arange(grid[0], device=device) + 0.5) * stride < limits[:, 0]
    columns = (torch.arange(grid[1], device=device) + 0.5) * stride < limits[:, 1]
    return (rows.unsqueeze(2) & columns.unsqueeze(1)).unsqueeze(1)


def mirror_maps(heatmaps: Tensor, fields: Tensor, skeleton: Skeleton) -> tuple[Tensor, Tensor]:
    """Return the maps of the mirrored image, for those of an image (its own inverse).

    Args:
        heatmaps: ``[B, K, H, W]`` or, with the background, ``[B, K + 1, H, W]``.
        fields: ``[B, 2L, H, W]``.
        skeleton: with K joints and L limbs.
    """
    joints = list(skeleton.flip_permutation)
    joints += range(len(skeleton), heatmaps.shape[1])
    limbs, signs = [], []
    for a, b in skeleton.limbs:
        mirrored = (joints[a], joints[b])
        reversed_ = mirrored not in skeleton.limbs
        limbs.append(skeleton.limbs.index(mirrored[::-1] if reversed_ else mirrored))
        # A mirror turns x; a limb that is its mirror image's backward turns both again.
        signs.append([1.0, -1.0] if reversed_ else [-1.0, 1.0])
    vectors = fields.unflatten(1, (-1, 2))[:, limbs].flip(-1)
    turned = vectors * vectors.new_tensor(signs)[..., None, None]
    return heatmaps[:, joints].flip(-1), turned.flatten(1, 2)


def _in_polygons(
    targets: Sequence[Any], grid: tuple[int, int], stride: int, device: torch.device | str
) -> Tensor:
    """Return bool ``[B, 1, H, W]``: whether the middle of a cell lies in an ignored polygon."""
    inside = torch.zeros(len(targets), 1, *grid, dtype=torch.bool, device=device)
    columns = cells_to_pixels(torch.arange(grid[1], device=device, dtype=torch.float), stride)
    rows = cells_to_pixels(torch.arange(grid[0], device=device, dtype=torch.float), stride)
    columns, rows = columns.view(-1, 1, 1), rows.view(-1, 1, 1, 1)
    for image, target in enumerate(targets):
        if "ignore_polygons" in target:
            polygons = target["ignore_polygons"].to(columns)
            (x1, y1), (x2, y2) = polygons.unbind(-1), polygons.roll(-1, 1).unbind(-1)
            # Even-odd: a cell is inside where a ray to its right crosses an odd number of edges.
            left_of = (x2 - x1) * (rows - y1) - (y2 - y1) * (columns - x1)
            crossed = ((y1 > rows) != (y2 > rows)) & ((left_of > 0) == (y2 > y1))
            inside[image, 0] = (crossed.sum(-1) % 2 == 1).any(-1)
    return inside


def _pack(targets: Sequence[Any], joints: int, device: torch.device | str) -> _People:
    keypoints, boxes, missing, known = [], [], [], []
    for target in targets:
        people = sent(target["keypoints"], device)
        people = people.masked_fill((sent(target["iscrowd"], device) > 0)[:, None, None], 0)
        ignored = target.get("ignore", people.new_zeros(0, 4)).to(people)
        keypoints.append(people)
        boxes.append(torch.cat([target["boxes"].to(people), ignored]))
        nothing = torch.ones(len(ignored), joints, dtype=torch.bool, device=device)
        missing.append(torch.cat([people[..., 2] <= 0, nothing]))
        known.append(sent(target.get("known", torch.ones(joints, dtype=torch.bool)), device))
    return _People(
        pad_sequence(keypoints, batch_first=True),
        pad_sequence(boxes, batch_first=True),
        pad_sequence(missing, batch_first=True),
        torch.stack(known),
    )


def _draw_heatmaps(
    points: Tensor, seen: Tensor, slots: list[int], grid: tuple[int, int], sigma: float
) -> Tensor:
    """Return ``[B, K, H, W]``; ``points`` ``[B, N, K, 2]`` and ``sigma`` in cells.

    ``slots[n]`` is how many images have an n-th person. Drawing one person of every image at a
    time keeps the memory at one set of maps, however many people there are.
    """
    batch, _, joints, _ = points.shape
    heatmaps = points.new_zeros(batch, joints, *grid)
    for person, images in enumerate(slots):
        drawn = draw_gaussians(points[:images, person], *grid, sigma)
        drawn = torch.where(seen[:images, person, :, None, None], drawn, 0)
        torch.maximum(heatmaps[:images], drawn, out=heatmaps[:images])
    return heatmaps


def _draw_fields(
    points: Tensor,
    seen: Tensor,
    slots: list[int],
    grid: tuple[int, int],
    limbs: Sequence[tuple[int, int]],
    half_width: float,
) -> Tensor:
    """Return ``[B, 2L, H, W]``; ``points`` ``[B, N, K, 2]`` and ``half_width`` in cells.

    A limb is a rectangle that reaches ``half_width`` beyond both joints, as the released training
    code widens it; the paper's own formula ends at the joints, and limbs shorter than a cell
    would have no field at all.
    """
    starts, ends = constant(limbs, points.device).unbind(dim=1)
    rows = torch.arange(grid[0], device=points.device, dtype=points.dtype).view(-1, 1)
    columns = torch.arange(grid[1], device=points.device, dtype=points.dtype)
    total = points.new_zeros(len(points), len(limbs), 2, *grid)
    number = points.new_zeros(len(points), len(limbs), 1, *grid)
    for person, images in enumerate(slots):
        start = points[:images, person][:, starts]
        limb = points[:images, person][:, ends] - start
        length = torch.linalg.vector_norm(limb, dim=-1, keepdim=True)
        known = seen[:images, person][:, starts] & seen[:images, person][:, ends]
        # Two joints at one place have no direction.
        known = known.unsqueeze(-1) & (length > 0)
        unit = torch.where(known, limb / length, 0)[..., None, None]
        along_x, along_y = unit[:, :, 0], unit[:, :, 1]
        x = columns - start[..., :1, None]
        y = rows - start[..., 1:, None]
        along = x * along_x + y * along_y
        across = x * along_y - y * along_x
        covered = (
            known.unsqueeze(-1)
            & (along >= -half_width)
            & (along <= length.unsqueeze(-1) + half_width)
            & (across.abs() <= half_width)
        ).unsqueeze(2)
        total[:images] += unit * covered
        number[:images] += covered
    return (total / number.clamp_min(1)).flatten(1, 2)


def _known(
    people: _People,
    grid: tuple[int, int],
    limbs: Sequence[tuple[int, int]],
    stride: int,
    margin: float,
) -> tuple[Tensor, Tensor]:
    """Return where heatmaps ``[B, K + 1, H, W]`` and fields ``[B, 2L, H, W]`` are known."""
    device = people.boxes.device
    x1, y1, x2, y2 = people.boxes.unsqueeze(-1).unbind(dim=2)
    columns = cells_to_pixels(torch.arange(grid[1], device=device, dtype=x1.dtype), stride)
    rows = cells_to_pixels(torch.arange(grid[0], device=device, dtype=x1.dtype), stride)
    across = (columns >= x1 - margin) & (columns <= x2 + margin) & (x2 > x1)
    down = (rows >= y1 - margin) & (rows <= y2 + margin) & (y2 > y1)
    boxes = (down.unsqueeze(-1) & across.unsqueeze(-2)).flatten(2).float()
    missing = people.missing

    def outside(what: Tensor) -> Tensor:
        """Return the cells in no box of a person who lacks the channel; ``what`` [B, N, C]."""
        return (what.transpose(1, 2).float() @ boxes == 0).unflatten(-1, grid)

    heatmaps = outside(missing)
    # A background is known where every joint is, seen in one place or absent from it.
    background = heatmaps.all(dim=1, keepdim=True)
    annotated = people.known[:, :, None, None]
    starts, ends = constant(limbs, device).unbind(dim=1)
    fields = outside(missing[..., starts] | missing[..., ends])
    fields &= annotated[:, starts] & annotated[:, ends]
    heatmaps = torch.cat([heatmaps & annotated, background], dim=1)
    return heatmaps, fields.repeat_interleave(2, dim=1)
