"""Why an operation is left out of the multiply-adds: known for each that a registered model has."""

from collections.abc import Sequence
from typing import Final

_REASONS: Final[dict[str, str]] = {
    "normalisation: a multiply-add for each number, which deployment folds into the convolution "
    "before it": "batch_norm group_norm instance_norm layer_norm",
    "one operation for each number, no sum of products": (
        "abs add add_ ceil div div_ exp isfinite log log2 mul mul_ neg pow reciprocal rsqrt rsub "
        "sqrt square sub sub_"
    ),
    "an activation, a few operations for each number": (
        "elu elu_ gelu hardsigmoid hardsigmoid_ hardswish hardswish_ hardtanh hardtanh_ leaky_relu "
        "leaky_relu_ log_softmax mish prelu sigmoid sigmoid_ silu silu_ softmax softplus tanh"
    ),
    "pooling: it compares or adds the numbers of a window": (
        "adaptive_avg_pool2d adaptive_max_pool2d avg_pool2d max_pool2d mean sum"
    ),
    "interpolation: at most 4 multiply-adds for each number put out": (
        "grid_sampler upsample_bilinear2d upsample_nearest2d"
    ),
    "it copies, fills, shapes or chooses numbers": (
        "_shape_as_tensor clone expand_as eye fill_ meshgrid ones_like pad pixel_shuffle "
        "pixel_unshuffle repeat_interleave scalar_tensor scatter unflatten where"
    ),
    "it compares, sorts or reduces numbers": "_unique2 amax argmax clamp_min logsumexp min topk",
    # Records of before torch's check for singular maps was left out name the first.
    "it inverts the 3 x 3 maps from people's crops to the image, one a person": (
        "linalg_inv linalg_inv_ex"
    ),
    "samples the pyramid under each box: 4 multiply-adds for each of at most 4 places a bin": (
        "torchvision::roi_align"
    ),
    "non-maximum suppression: it compares the boxes with each other": (
        "batched_nms_coordinate_trick"
    ),
    "decoding: enlarges each person's heatmaps to the box and finds their maxima": (
        "onnx_heatmaps_to_keypoints_loop"
    ),
}
_REASON_OF: Final = {name: why for why, names in _REASONS.items() for name in names.split()}


def named(operation: str) -> str:
    """Return the name of one of ``Cost.uncounted``, without its calls and torch's prefix."""
    return operation.split(maxsplit=1)[0].removeprefix("aten::")


def reason_of(operation: str) -> str | None:
    """Return why one of ``Cost.uncounted`` is not counted; None where nobody has explained it."""
    return _REASON_OF.get(named(operation))


def by_reason(operations: Sequence[str]) -> dict[str | None, list[str]]:
    """Return each reason with the names it holds for; None with those that have none.

    Args:
        operations: any of ``Cost.uncounted``, also of several models.
    """
    found: dict[str | None, list[str]] = {}
    for operation in sorted(set(map(named, operations))):
        found.setdefault(_REASON_OF.get(operation), []).append(operation)
    return found
