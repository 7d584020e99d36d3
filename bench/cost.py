"""What a model costs, counted by two counters that know nothing of each other."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import torch
from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis
from fvcore.nn.jit_handles import conv_flop_count, conv_flop_jit, einsum_flop_jit, get_shape
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Cost:
    """The cost of one call.

    Attributes:
        params: of the whole model, trained or frozen.
        gmac: 1e9 multiply-adds of convolutions, linear layers, matrix products and attention,
            by fvcore. Nothing else enters: no bias, normalisation, activation, pooling,
            interpolation or decoding.
        gflop: 1e9 floating point operations by torch, two for each multiply-add of the same sorts.
        activations_m: 1e6 numbers in the outputs of those operations.
        input: shape of the images, for example ``1x3x64x64``.
        uncounted: the operations that fvcore met and ``gmac`` leaves out, with their calls, for
            example ``aten::sigmoid x2``; every one but those that only move, shape or compare
            numbers, and ReLU.
        gmac_torch: half of ``gflop``.
    """

    params: int
    gmac: float
    gflop: float
    activations_m: float
    input: str
    uncounted: tuple[str, ...]
    gmac_torch: float

    @property
    def disagreement(self) -> float:
        """How far the two counters are apart, as a fraction of the larger count."""
        larger = max(self.gmac, self.gmac_torch)
        return abs(self.gmac - self.gmac_torch) / larger if larger else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON."""
        return asdict(self) | {"uncounted": list(self.uncounted)}


def count_cost(model: nn.Module, example_images: Tensor) -> Cost:
    """Count one call of ``model`` in evaluation.

    A pipeline's ``network`` alone is run where it has one, so decoding is not part of the cost;
    otherwise the whole model is. The network of a pipeline with a method ``predict`` is run on all
    that ``predict`` shows it: every view (scale, mirror image) of its inference options.

    Args:
        model: a pipeline; its mode is left as it was.
        example_images: ``[B, 3, H, W]`` on the model's device.
    """
    with _evaluation(model), torch.no_grad(), _plain_attention():
        counted, batches = _counted(model, example_images)
        traced = _Traceable(counted)
        multiply_adds = _quiet(FlopCountAnalysis(traced, batches), _MULTIPLY_ADDS)
        gmac = multiply_adds.total() / 1e9
        uncounted = multiply_adds.unsupported_ops()
        outputs = _quiet(
            ActivationCountAnalysis(traced, batches),
            dict.fromkeys(_MULTIPLY_ADDS, _numbers_out),
        )
        activations = outputs.total() / 1e6
        with FlopCounterMode(display=False) as torch_counter:
            traced(*batches)
    gflop = torch_counter.get_total_flops() / 1e9
    return Cost(
        params=sum(parameter.numel() for parameter in model.parameters()),
        gmac=gmac,
        gflop=gflop,
        activations_m=activations,
        input="x".join(str(size) for size in example_images.shape),
        uncounted=_in_words(uncounted),
        gmac_torch=gflop / 2,
    )


def _counted(model: nn.Module, images: Tensor) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """Return the part of a model that is counted, and the batches that it sees in one call."""
    network, predict = (getattr(model, name, None) for name in ("network", "predict"))
    if not isinstance(network, nn.Module):
        return model, (images,)
    if predict is None:
        return network, (images,)
    # Not traced as a whole: there, the sizes from which other scales are computed are no numbers.
    seen: list[Tensor] = []
    hook = network.register_forward_pre_hook(lambda _, inputs: seen.extend(inputs))
    try:
        predict(images)
    finally:
        hook.remove()
    return network, tuple(seen)


class _Traceable(nn.Module):
    """Returns only tensors, which is all that a trace may return."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *batches: Tensor) -> tuple[Tensor, ...]:
        leaves = tree_leaves([self.model(images) for images in batches])
        return tuple(leaf for leaf in leaves if isinstance(leaf, Tensor))


@contextmanager
def _evaluation(model: nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Keep fused attention from hiding its matrix products from both counters."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


def _quiet(analysis: Any, handles: dict[str, Any]) -> Any:
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return analysis.tracer_warnings("none").clear_op_handles().set_op_handle(**handles)


def _in_words(operations: Counter[str]) -> tuple[str, ...]:
    return tuple(f"{name} x{calls}" for name, calls in sorted(operations.items()))


# fvcore's own counts of normalisation, pooling and interpolation are left out, and its counts of
# matrix products replaced: those fail on vectors and miss broadcasting.


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


def _numbers_out(inputs: list[Any], outputs: list[Any]) -> int:
    return prod(get_shape(outputs[0]))


_MULTIPLY_ADDS = {
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
