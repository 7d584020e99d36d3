"""Multiply-adds of single operations in a trace, in place of fvcore's own counts.

fvcore's counts of normalisation, pooling and interpolation are left out, and those of matrix
products replaced: they fail on vectors and miss broadcasting.
"""

from collections.abc import Callable
from math import prod
from typing import Any, Final

from fvcore.nn.jit_handles import conv_flop_count, conv_flop_jit, einsum_flop_jit, get_shape

#: Counts one operation by its inputs and outputs in a trace.
Handle = Callable[[list[Any], list[Any]], Any]


def _product(inputs: list[Any], outputs: list[Any]) -> int:
    """Count ``inputs[0] @ inputs[1]``, or a linear layer: the inner length for each number out."""
    return prod(get_shape(outputs[0])) * get_shape(inputs[0])[-1]


def _added_product(inputs: list[Any], outputs: list[Any]) -> int:
    return _product(inputs[1:], outputs)


def _named_padding_convolution(inputs: list[Any], outputs: list[Any]) -> int:
    """Count a convolution whose padding is "same" or "valid"."""
    shapes = (get_shape(value) for value in (inputs[0], inputs[1], outputs[0]))
    return conv_flop_count(*shapes)


def _attention(inputs: list[Any], outputs: list[Any]) -> int:
    """Count ``q @ k.T`` and the weighted sum of ``v``."""
    query, key = get_shape(inputs[0]), get_shape(inputs[1])
    pairs = prod(query[:-1]) * key[-2]
    return pairs * (query[-1] + get_shape(inputs[2])[-1])


MULTIPLY_ADDS: Final[dict[str, Handle]] = {
    "aten::_convolution": conv_flop_jit,
    "aten::_convolution_mode": _named_padding_convolution,
    "aten::linear": _product,
    "aten::matmul": _product,
    "aten::mm": _product,
    "aten::mv": _product,
    "aten::bmm": _product,
    "aten::addmm": _added_product,
    "aten::baddbmm": _added_product,
    "aten::einsum": einsum_flop_jit,
    "aten::scaled_dot_product_attention": _attention,
}
