"""The RoIAlign that stands in for torchvision's native one, against independent readings."""

import importlib
import math

import pytest
import torch

from models import torchvision_ops

pytestmark = pytest.mark.usefixtures("torchvision")

HEIGHT, WIDTH = 9, 13
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


@pytest.fixture(params=["own", "torchvision's"])
def roi_align(request, public_ops):
    """Our function, and whatever torchvision now uses (its native one where that loads)."""
    if request.param == "own":
        return torchvision_ops.roi_align

    def through_torchvision(features, rois, scale, height, width, ratio, aligned):
        return public_ops.roi_align(features, rois, (height, width), scale, ratio, aligned)

    return through_torchvision


def features(dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, HEIGHT, WIDTH, generator=generator, dtype=torch.float64).to(dtype)


def boxes_inside(dtype):
    """Boxes in a 4 times larger image, of all sizes down to a point, on both images."""
    generator = torch.Generator().manual_seed(1)
    far = 4.0 * torch.tensor([WIDTH - 1, HEIGHT - 1], dtype=torch.float64)
    a, b = torch.rand(2, 24, 2, generator=generator, dtype=torch.float64) * far
    b[:6] = a[:6] + (b[:6] - a[:6]) * 0.1
    b[6] = a[6]
    image = torch.arange(24, dtype=torch.float64)[:, None] % 2
    # Two pixels are half a cell, by which an aligned box is shifted: no sample lies outside.
    return torch.cat([image, torch.minimum(a, b) + 2, torch.maximum(a, b) + 2], dim=1).to(dtype)


BOXES_OUTSIDE = torch.tensor(
    [
        [0.0, -30, -30, -12, -12],  # beyond the upper left corner
        [1.0, 60, 5, 90, 30],  # beyond the right side
        [0.0, -20, -20, 70, 60],  # around the whole image
        [1.0, 40, 20, 60, 50],  # over the lower right corner
        [0.0, -5, 3, 6, 9],  # over the left side, by about one cell
        [1.0, 10, 10, 10, 10],  # a point
        [0.0, 8, 12, 30, 12],  # a line
        [1.0, 20, 20, 10, 10],  # corners in the wrong order
    ],
    dtype=torch.float64,
)


def bilinear(plane, y, x):
    """One sample of a map, read cell by cell."""
    height, width = plane.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    total = 0.0
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            weight = max(0.0, 1 - abs(y - row)) * max(0.0, 1 - abs(x - column))
            if weight > 0:
                total += weight * float(plane[row, column])
    return total


def slow_roi_align(maps, rois, scale, bins_y, bins_x, ratio, aligned):
    """The definition, sample by sample."""
    pooled = torch.zeros(len(rois), maps.shape[1], bins_y, bins_x, dtype=torch.float64)
    for k, (image, *corners) in enumerate(rois.tolist()):
        x1, y1, x2, y2 = (corner * scale - (0.5 if aligned else 0.0) for corner in corners)
        wide, high = x2 - x1, y2 - y1
        if not aligned:
            wide, high = max(wide, 1.0), max(high, 1.0)
        across = ratio if ratio > 0 else max(0, math.ceil(wide / bins_x))
        down = ratio if ratio > 0 else max(0, math.ceil(high / bins_y))
        for channel, plane in enumerate(maps[int(image)]):
            for j in range(bins_y):
                for i in range(bins_x):
                    values = [
                        bilinear(
                            plane,
                            y1 + (j + (v + 0.5) / down) * high / bins_y,
                            x1 + (i + (u + 0.5) / across) * wide / bins_x,
                        )
                        for v in range(down)
                        for u in range(across)
                    ]
                    pooled[k, channel, j, i] = sum(values) / max(len(values), 1)
    return pooled


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("ratio", [2, 3, -1])
@pytest.mark.parametrize("aligned", [False, True])
def test_roi_align_is_torchvisions_python_version(dtype, ratio, aligned, roi_align):
    # What it would compile, as it stands; it does not cut off samples outside the map.
    reference = importlib.import_module("torchvision.ops.roi_align")._roi_align.__wrapped__
    rois, weights = boxes_inside(dtype), torch.Generator().manual_seed(2)
    if aligned and ratio < 0:
        rois = rois[rois[:, 3] > rois[:, 1]]  # it divides by a point's 0 samples
    results = []
    for function in (roi_align, reference):
        maps = features(dtype).requires_grad_()
        pooled = function(maps, rois, 0.25, 5, 3, ratio, aligned)
        assert pooled.dtype == dtype
        random = torch.rand(pooled.shape, generator=weights.manual_seed(2)).to(dtype)
        (pooled * random).sum().backward()
        results.append((pooled.detach(), maps.grad))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("ratio", [2, -1])
@pytest.mark.parametrize("aligned", [False, True])
def test_roi_align_follows_the_definition_outside_the_image_and_in_empty_boxes(
    dtype, ratio, aligned, roi_align
):
    arguments = (0.25, 2, 3, ratio, aligned)
    pooled = roi_align(features(dtype), BOXES_OUTSIDE.to(dtype), *arguments)
    truth = slow_roi_align(features(), BOXES_OUTSIDE, *arguments)
    torch.testing.assert_close(pooled.double(), truth, rtol=0, atol=TOLERANCE[dtype])
    assert (truth[0] == 0).all()
    assert (truth[2] != 0).any()


@pytest.mark.parametrize("ratio", [2, -1])
def test_the_gradient_of_roi_align_is_its_derivative(ratio):
    maps = features()[:, :1, :5, :6].clone().requires_grad_()
    rois = BOXES_OUTSIDE.clone().requires_grad_()

    def pool(maps):
        return torchvision_ops.roi_align(maps, rois, 0.125, 2, 2, ratio, True)

    assert torch.autograd.gradcheck(pool, maps)
    pool(maps).sum().backward()
    assert rois.grad is None  # as in the native operator


@pytest.mark.parametrize("ratio", [2, -1])
def test_no_boxes_give_no_features_and_no_gradient(ratio, roi_align):
    maps = features().requires_grad_()
    pooled = roi_align(maps, torch.zeros(0, 5, dtype=torch.float64), 0.25, 2, 3, ratio, False)
    assert pooled.shape == (0, 3, 2, 3)
    pooled.sum().backward()
    assert (maps.grad == 0).all()


def test_a_box_that_is_not_a_number_reads_nothing():
    rois = torch.tensor([[0.0, math.nan, 1, 5, 5], [0.0, 4, 4, 20, 20]])
    pooled = torchvision_ops.roi_align(features(torch.float32), rois, 0.25, 2, 2, 2, False)
    assert (pooled[0] == 0).all()
    assert (pooled[1] != 0).all()


def test_memory_layout_changes_nothing(roi_align):
    rois, arguments = boxes_inside(torch.float32), (0.25, 5, 3, 2, False)
    plain = roi_align(features(torch.float32), rois, *arguments)
    last = features(torch.float32).to(memory_format=torch.channels_last)
    torch.testing.assert_close(roi_align(last, rois, *arguments), plain, rtol=0, atol=1e-6)


def test_under_autocast_half_precision_features_keep_their_precision_and_the_samples_places(
    roi_align,
):
    maps, rois = features(torch.bfloat16), boxes_inside(torch.float32)
    arguments = (0.25, 5, 3, 2, False)
    truth = slow_roi_align(maps.double(), rois.double(), *arguments)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        pooled = roi_align(maps.requires_grad_(), rois, *arguments)
    assert pooled.dtype == torch.bfloat16
    # Nothing is rounded but the result, to 8 binary digits.
    torch.testing.assert_close(pooled.double(), truth, rtol=2**-8, atol=1e-5)
    pooled.sum().backward()
    assert maps.grad.dtype == torch.bfloat16
