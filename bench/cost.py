"""What a model costs, counted by two counters that know nothing of each other."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import prod
from typing import Any, Final

import torch
from fvcore.nn import FlopCountAnalysis
from fvcore.nn.jit_handles import conv_flop_count, conv_flop_jit, einsum_flop_jit, get_shape
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from bench.stages.crowd import crowd
from bench.stages.known_people import detector_heads, known_people
from models.skeleton import COCO17

#: Counts one operation by its inputs and outputs in a trace.
_Handle = Callable[[list[Any], list[Any]], Any]
_MACS, _NUMBERS = "multiply-adds", "numbers out"

#: People in an image for which a pipeline is counted whose cost depends on them; from end to end it
#: is timed for as many.
COUNTED_PEOPLE: Final = 5


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
            numbers, and ReLU. Compiled functions have their own names: non-maximum suppression is
            ``batched_nms_coordinate_trick``.
        gmac_torch: half of ``gflop``.
        people: that a detector inside found in each image when it was counted; None where there
            is no detector, and the cost depends on nobody.
    """

    params: int
    gmac: float
    gflop: float
    activations_m: float
    input: str
    uncounted: tuple[str, ...]
    gmac_torch: float
    people: int | None = None

    @property
    def disagreement(self) -> float:
        """How far the two counters are apart, as a fraction of the larger count."""
        larger = max(self.gmac, self.gmac_torch)
        return abs(self.gmac - self.gmac_torch) / larger if larger else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON."""
        return asdict(self) | {"uncounted": list(self.uncounted)}


def count_cost(model: nn.Module, example_images: Tensor, people: int = 0) -> Cost:
    """Count one call of ``model`` in evaluation.

    A pipeline's ``network`` alone is run where it has one, so decoding is not part of the cost;
    otherwise the whole model is. The network of a pipeline with a method ``predict`` is run on all
    that ``predict`` shows it: every view (scale, mirror image) of its inference options.

    Args:
        model: a pipeline; its mode is left as it was.
        example_images: ``[B, 3, H, W]`` on the model's device.
        people: that a top-down pipeline's detector finds in each image, whatever its weights; with
            0 the detector alone is counted. How many proposals it looks at, up to its limit, is
            up to its weights.
    """
    with _countable(model, example_images, people) as (traced, batches):
        functions: Counter[str] = Counter()
        analysis = _quiet(FlopCountAnalysis(traced, batches), functions)
        totals = analysis.by_operator()
        uncounted = analysis.unsupported_ops() + functions
        gflop = _torch_gflop(traced, batches)
    return Cost(
        params=sum(parameter.numel() for parameter in model.parameters()),
        gmac=totals[_MACS] / 1e9,
        gflop=gflop,
        activations_m=totals[_NUMBERS] / 1e6,
        input="x".join(str(size) for size in example_images.shape),
        uncounted=_in_words(uncounted),
        gmac_torch=gflop / 2,
        people=people if detector_heads(model) else None,
    )


def macs_by_people(
    model: nn.Module, example_images: Tensor, numbers: Sequence[int]
) -> dict[int, float]:
    """Return 1e9 multiply-adds of a call for each number of people in an image, as torch counts.

    Torch's counter alone, as it needs no trace. All are the same where there is no detector.

    Args:
        model: of ``count_cost``.
        example_images: of ``count_cost``.
        numbers: of people in each image; 0 is a detector alone.
    """

    def count(people: int) -> float:
        with _countable(model, example_images, people) as (traced, batches):
            return _torch_gflop(traced, batches) / 2

    if not detector_heads(model):
        return dict.fromkeys(numbers, count(0))
    return {people: count(people) for people in numbers}


def share_of_a_person(by_people: Mapping[int, float]) -> float:
    """Return what each further person adds, from the fewest people to the most.

    Args:
        by_people: number of people -> a cost, in any unit.
    """
    fewest, most = min(by_people), max(by_people)
    if fewest == most:
        return 0.0
    return (by_people[most] - by_people[fewest]) / (most - fewest)


@contextmanager
def _countable(
    model: nn.Module, images: Tensor, people: int
) -> Iterator[tuple["_Traceable", tuple[Tensor, ...]]]:
    """Yield what is counted of a model and the batches it sees, held to so many people."""
    found = known_people(detector_heads(model), crowd(people, COCO17, 1.0, 1.0)["boxes"])
    with _evaluation(model), torch.no_grad(), _plain_attention(), found:
        counted, batches = _counted(model, images)
        yield _Traceable(counted), batches


def _torch_gflop(traced: nn.Module, batches: tuple[Tensor, ...]) -> float:
    with FlopCounterMode(display=False) as counter:
        traced(*batches)
    return counter.get_total_flops() / 1e9


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


def _quiet(analysis: Any, functions: Counter[str]) -> Any:
    """Return the analysis with this module's handles, and calls of compiled ``functions`` named."""
    handles = {name: _with_numbers(count) for name, count in _MULTIPLY_ADDS.items()}
    handles["prim::CallFunction"] = _named(functions)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return analysis.tracer_warnings("none").clear_op_handles().set_op_handle(**handles)


def _with_numbers(count: _Handle) -> _Handle:
    """Return a handle that counts numbers out beside multiply-adds: one trace does for both."""

    def handle(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
        counted = count(inputs, outputs)
        # fvcore's own handles give a number under a name.
        macs = sum(counted.values()) if isinstance(counted, Counter) else counted
        return Counter({_MACS: macs, _NUMBERS: prod(get_shape(outputs[0]))})

    return handle


def _named(calls: Counter[str]) -> _Handle:
    """Return a handle for calls of compiled functions: it counts them by name, and no costs."""

    def handle(inputs: list[Any], outputs: list[Any]) -> int:
        calls[inputs[0].node().s("name").strip("_")] += 1
        return 0

    return handle


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


_MULTIPLY_ADDS: dict[str, _Handle] = {
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
