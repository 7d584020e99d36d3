"""torchvision where its native operators do not load: ``nms`` and ``roi_align`` in torch and numpy.

A torchvision that was built for another torch (for CUDA, beside a CPU-only torch) cannot load its
native library, and then ``import torchvision`` fails: "operator torchvision::nms does not exist".
"""

import functools
import importlib
import sys
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# The schemas of torchvision's own operators.
_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
    "SymInt pooled_width, int sampling_ratio, bool aligned) -> Tensor",
)


def load_torchvision() -> None:
    """Import torchvision, with this module's operators where its native ones do not load.

    Does nothing more than the import where they load.

    Raises:
        ImportError: torchvision is not installed.
    """
    with warnings.catch_warnings():
        # Images are read by pillow, so torchvision's reader is not missed.
        warnings.filterwarnings("ignore", message="Failed to load image Python extension")
        try:
            importlib.import_module("torchvision")
        except RuntimeError as error:
            if "torchvision::nms does not exist" not in str(error):
                raise
            _register()
            importlib.import_module("torchvision")
    if _registered():
        # Only now: while torchvision was imported, a yes would have had it register the
        # derivatives of operators that do not exist.
        for module in ("torchvision.extension", "torchvision.ops.roi_align"):
            sys.modules[module]._has_ops = _yes  # type: ignore[attr-defined]  # of any module


# Boxes whose overlaps are computed together: 2 to 4 times faster than one by one.
_NMS_BLOCK = 256


def nms(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Return which boxes stay when each takes away those of lower score that overlap it.

    Args:
        dets: boxes ``[N, 4]``, x1 y1 x2 y2.
        scores: ``[N]``; of equal scores the first counts as the highest.
        iou_threshold: boxes whose intersection over union is greater are taken away.

    Returns:
        int64 ``[n]``, indices by falling score.
    """
    # As in the native operator, the overlap is in the boxes' precision, the threshold in double.
    threshold = np.float64(iou_threshold)
    exact = dets.detach() if dets.dtype == torch.float64 else dets.detach().float()
    order = scores.detach().sort(descending=True, stable=True).indices.cpu().numpy()
    corners = exact.cpu().numpy()[order].T
    areas = (corners[2] - corners[0]) * (corners[3] - corners[1])
    stays = np.ones(len(order), dtype=np.bool_)
    with np.errstate(invalid="ignore"):  # 0 / 0 of two empty boxes is no overlap
        for start in range(0, len(order), _NMS_BLOCK):
            # The overlaps of a block with all that follow at once; who goes is then a matter of
            # reading them row by row.
            rows = start + np.flatnonzero(stays[start : start + _NMS_BLOCK])
            one, others = corners[:, rows, None], corners[:, None, start:]
            width = np.minimum(one[2], others[2]) - np.maximum(one[0], others[0])
            height = np.minimum(one[3], others[3]) - np.maximum(one[1], others[1])
            shared = np.maximum(width, 0) * np.maximum(height, 0)
            clear = ~(shared / (areas[rows, None] + areas[start:] - shared) > threshold)
            for number, row in enumerate(rows):
                if stays[row]:
                    stays[row + 1 :] &= clear[number, row + 1 - start :]
    return torch.from_numpy(order[stays]).to(dets.device)


def roi_align(
    input: Tensor,
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int,
    aligned: bool,
) -> Tensor:
    """Return the features inside boxes, each averaged to a grid of bins.

    Every bin is a weighted bag of cells: each of its samples reads four of them (bilinear), and
    the weights along y and along x multiply. A sample further than one cell outside the map counts
    as 0. The gradient reaches ``input`` alone.

    Source: He et al., "Mask R-CNN", ICCV 2017; details as in torchvision's native operator.

    Args:
        input: features ``[B, C, H, W]``.
        rois: ``[K, 5]``, index in the batch and x1 y1 x2 y2.
        spatial_scale: cells a unit of the boxes.
        pooled_height: bins along y.
        pooled_width: bins along x.
        sampling_ratio: samples along each side of a bin; 0 or less takes as many as the bin has
            cells, rounded up (memory goes with the largest box).
        aligned: the centre of the first cell is at 0.5; otherwise it is at 0, and boxes are taken
            as at least one cell wide and high.

    Returns:
        ``[K, C, pooled_height, pooled_width]`` in the precision of ``input``.
    """
    channels, height, width = input.shape[1:]
    # Weights of half precision would move the samples.
    exact = torch.float64 if input.dtype == torch.float64 else torch.float32
    boxes = rois.detach().to(exact)
    corners = boxes[:, 1:] * spatial_scale - (0.5 if aligned else 0.0)
    start, size = corners[:, :2], corners[:, 2:] - corners[:, :2]
    if not aligned:
        size = size.clamp(min=1.0)
    rows, along_y = _taps(start[:, 1], size[:, 1], pooled_height, sampling_ratio, height)
    columns, along_x = _taps(start[:, 0], size[:, 0], pooled_width, sampling_ratio, width)
    rows = (rows + boxes[:, 0].long()[:, None, None] * height) * width
    cells = rows[:, :, None, :, None] + columns[:, None, :, None, :]
    weights = along_y[:, :, None, :, None] * along_x[:, None, :, None, :]
    pooled = F.embedding_bag(
        cells.flatten(3).flatten(0, 2),
        input.permute(0, 2, 3, 1).reshape(-1, channels).to(exact),
        mode="sum",
        per_sample_weights=weights.flatten(3).flatten(0, 2),
    )
    pooled = pooled.view(len(rois), pooled_height, pooled_width, channels)
    return pooled.permute(0, 3, 1, 2).to(input.dtype)


def _taps(
    start: Tensor, size: Tensor, bins: int, sampling_ratio: int, cells: int
) -> tuple[Tensor, Tensor]:
    """Return which cells each bin reads along one side, and their weights.

    Args:
        start: of the boxes, ``[K]`` cells.
        size: of the boxes, ``[K]`` cells.
        bins: along this side.
        sampling_ratio: of ``roi_align``.
        cells: of the map along this side.

    Returns:
        both ``[K, bins, T]``; the weights of a bin whose samples are all inside sum to 1.
    """
    step = (size / bins)[:, None, None]
    samples = torch.full_like(step, sampling_ratio) if sampling_ratio > 0 else step.ceil()
    most = int(samples.max()) if len(samples) else 1
    number = torch.arange(max(most, 1), device=start.device)
    bin_number = torch.arange(bins, device=start.device)[:, None]
    share = samples.clamp(min=1.0).reciprocal()
    at = start[:, None, None] + bin_number * step + (number + 0.5) * (step * share)
    used = (at >= -1.0) & (at <= cells) & (number < samples)
    at = torch.where(used, at, 0.0).clamp(0.0, cells - 1.0)
    low = at.floor()
    part = at - low
    near, far = (1.0 - part) * (used * share), part * (used * share)
    low = low.long()
    return torch.cat([low, (low + 1).clamp(max=cells - 1)], dim=-1), torch.cat([near, far], dim=-1)


@functools.cache
def _register() -> torch.library.Library:
    """Register the operators; they last as long as what is returned, which the cache keeps."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in _SCHEMAS:
        library.define(schema)
    # Explicit: torchvision adds what nms does without data, which a composite operator forbids.
    library.impl("nms", nms, "CompositeExplicitAutograd")
    library.impl("roi_align", roi_align, "CompositeImplicitAutograd")
    return library


def _registered() -> bool:
    return _register.cache_info().currsize > 0


def _yes() -> bool:
    return True
