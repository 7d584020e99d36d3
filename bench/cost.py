"""What a model costs, by three counters that know nothing of each other."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import prod
from typing import Any, Final

import torch
from fvcore.nn import FlopCountAnalysis
from fvcore.nn.jit_handles import get_shape
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from bench.counting.closed_form import closed_form_macs
from bench.counting.handles import MULTIPLY_ADDS, Handle
from bench.stages.crowd import crowd
from bench.stages.known_people import detector_heads, known_people
from models.skeleton import COCO17

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
        gmac_closed_form: 1e9 multiply-adds of convolutions and linear layers, from their sizes
            (``bench.counting.closed_form``); None in records from before it was counted.
    """

    params: int
    gmac: float
    gflop: float
    activations_m: float
    input: str
    uncounted: tuple[str, ...]
    gmac_torch: float
    people: int | None = None
    gmac_closed_form: float | None = None

    @property
    def disagreement(self) -> float:
        """How far the counters are apart, as a fraction of the largest count."""
        return apart(self.gmac, self.gmac_torch, self.gmac_closed_form)

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
        closed_form = closed_form_macs(traced, batches)
    return Cost(
        params=sum(parameter.numel() for parameter in model.parameters()),
        gmac=totals[_MACS] / 1e9,
        gflop=gflop,
        activations_m=totals[_NUMBERS] / 1e6,
        input="x".join(str(size) for size in example_images.shape),
        uncounted=_in_words(uncounted),
        gmac_torch=gflop / 2,
        people=people if detector_heads(model) else None,
        gmac_closed_form=closed_form / 1e9,
    )


def apart(*counts: float | None) -> float:
    """Return how far counts of one and the same cost are apart, as a fraction of the largest.

    Args:
        counts: in any unit; None where a counter did not run.
    """
    known = [count for count in counts if count is not None]
    largest = max(known)
    return (largest - min(known)) / largest if largest else 0.0


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
    handles = {name: _with_numbers(count) for name, count in MULTIPLY_ADDS.items()}
    handles["prim::CallFunction"] = _named(functions)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return analysis.tracer_warnings("none").clear_op_handles().set_op_handle(**handles)


def _with_numbers(count: Handle) -> Handle:
    """Return a handle that counts numbers out beside multiply-adds: one trace does for both."""

    def handle(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
        counted = count(inputs, outputs)
        # fvcore's own handles give a number under a name.
        macs = sum(counted.values()) if isinstance(counted, Counter) else counted
        return Counter({_MACS: macs, _NUMBERS: prod(get_shape(outputs[0]))})

    return handle


def _named(calls: Counter[str]) -> Handle:
    """Return a handle for calls of compiled functions: it counts them by name, and no costs."""

    def handle(inputs: list[Any], outputs: list[Any]) -> int:
        calls[inputs[0].node().s("name").strip("_")] += 1
        return 0

    return handle


def _in_words(operations: Counter[str]) -> tuple[str, ...]:
    return tuple(f"{name} x{calls}" for name, calls in sorted(operations.items()))
