"""All paths through a network's traced graph (torch.fx), added up node by node."""

import copy
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.utils._pytree import tree_leaves

from bench.problem import Problem
from bench.receptive_fields.paths import Paths, Term, Terms, add_up, united


def paths_to_outputs(module: nn.Module, example_input: Tensor) -> list[Paths | None]:
    """Return the paths from the input to each tensor of the output, flattened, in order.

    None stands where an output does not depend on the input. Arguments and errors are those of
    ``bench.receptive_fields.spectrum.path_spectrum``.
    """
    name = type(module).__name__
    twin = copy.deepcopy(module).eval().to("meta")  # shapes are all that is computed
    try:
        traced = fx.GraphModule(twin, _Tracer().trace(twin))
    except Exception as error:  # a user's forward may raise anything
        raise Problem(
            f"{name} cannot be traced by torch.fx ({str(error).split('. ')[0]}); give a part of it "
            "that decides nothing by values or shapes, such as its backbone"
        ) from error
    counter = _PathCounter(traced, name)
    with torch.no_grad():
        counter.run(example_input.to("meta"))
    return [counter.paths.get(end) for end in _flat(traced.graph.output_node().args)]


class _Tracer(fx.Tracer):
    """Traces loops over the pieces of a tensor too, where the code says how many they are."""

    def iter(self, obj: fx.Proxy) -> Iterator[Any]:
        """Return the pieces of ``chunk(n)`` and of ``split([..])``."""
        pieces: Any = obj
        given = next(iter([*obj.node.args[1:], *obj.node.kwargs.values()]), None)
        if _function(obj.node) == "chunk" and isinstance(given, int):
            return iter([pieces[place] for place in range(given)])
        if _function(obj.node) == "split" and isinstance(given, list):
            return iter([pieces[place] for place in range(len(given))])
        return super().iter(obj)


_WINDOWS: Final = {"Conv2d", "MaxPool2d", "AvgPool2d"}
_TRANSPOSED: Final = "ConvTranspose2d"
#: The arguments after the first, in order, as far as they matter.
_POOL_FUNCTIONS: Final = {
    "max_pool2d": ("kernel_size", "stride", "padding", "dilation"),
    "avg_pool2d": ("kernel_size", "stride"),
}
_INTERPOLATIONS: Final = {"interpolate", "Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"}
#: Cells along a side that one interpolated value is made of.
_READ: Final = {"nearest": 1, "nearest-exact": 1, "bilinear": 2, "bicubic": 4}
_ADDITIONS: Final = {"add", "iadd", "sub"}
_CONCATENATIONS: Final = {"cat", "concat", "concatenate"}
_PRODUCTS: Final = {"mul", "imul", "multiply"}
_SIGMOIDS: Final = {"sigmoid", "Sigmoid", "hardsigmoid", "Hardsigmoid"}
_SLICES: Final = {"chunk", "split", "getitem"}
#: Cell by cell. Group, layer and instance norm are not among them: their statistics see the image.
_POINTWISE: Final = {
    *("Identity", "Dropout", "Dropout2d", "dropout", "BatchNorm2d"),
    *("ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "GELU", "SiLU", "Mish", "Hardswish", "Tanh"),
    *("relu", "relu_", "relu6", "leaky_relu", "elu", "gelu", "silu", "mish", "hardswish", "tanh"),
    *("neg", "truediv", "div", "clamp", "contiguous", "to", "float"),
}


class _PathCounter(fx.Interpreter):
    """Runs a graph for the shapes, and counts the paths to every node that depends on the input."""

    def __init__(self, traced: fx.GraphModule, name: str) -> None:
        super().__init__(traced)
        self.extra_traceback = False  # it would be written into a Problem's sentence
        self.of = name
        self.paths: dict[fx.Node, Paths] = {}

    def run_node(self, n: fx.Node) -> Any:
        """Compute the node's shapes and count its paths."""
        result = super().run_node(n)
        if n.op == "placeholder" and not self.paths:
            one: Terms = {1: Term(1, Fraction(1))}
            self.paths[n] = Paths(_cells(result), Fraction(1), one, {})
        elif n.op.startswith("call_") and not _is_named_tuple(n):
            operands = self._operands(n)
            tensors = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
            # What is no tensor, such as a size, carries nothing on.
            if operands and tensors:
                self.paths[n] = self._count(n, operands, tensors[0])
        return result

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute a layer's shape; batch norms on "meta" take most of the time if they are run."""
        if type(self.fetch_attr(target)).__name__ in _POINTWISE:
            return args[0]
        return super().call_module(target, args, kwargs)

    def _operands(self, node: fx.Node) -> list[Paths]:
        """Return what the node unites, once for each time that it is named."""
        found = []
        for argument in tree_leaves([node.args, node.kwargs]):
            if not isinstance(argument, fx.Node) or argument not in self.paths:
                continue
            # a + b + c is one merge of three, not one of two of which one is a merge.
            nested = _merge(node) and _merge(argument) == _merge(node) and len(argument.users) == 1
            found += self._operands(argument) if nested else [self.paths[argument]]
        return found

    def _count(self, node: fx.Node, operands: list[Paths], result: Tensor) -> Paths:
        name, layer, first, size = self._name(node), self._layer(node), operands[0], _cells(result)
        if len(operands) > 1 and _merge(node):
            paths = united(operands)
            self._check(node, operands, size)
        elif len(operands) == 2 and name in _PRODUCTS:
            paths = self._gated(node, operands)
            self._check(node, operands, size)
        elif len(operands) > 1:
            raise self._unknown(node)
        elif name in _POINTWISE | _SLICES | _SIGMOIDS | _PRODUCTS or _merge(node):
            paths = replace(first, is_gate=first.is_gate or name in _SIGMOIDS)
            self._check(node, operands, size)
        elif layer is not None and name in _WINDOWS:
            paths = self._slid(node, first, size, vars(layer))
        elif layer is not None and name == _TRANSPOSED:
            paths = first.widened(self._read(node, layer), first.jump / layer.stride[0], size)
        elif name in _POOL_FUNCTIONS:
            given = zip(_POOL_FUNCTIONS[name], node.args[1:], strict=False)
            paths = self._slid(node, first, size, {**dict(given), **node.kwargs})
        elif name in _INTERPOLATIONS:
            paths = self._interpolated(node, first, size)
        else:
            raise self._unknown(node)
        return paths

    def _slid(
        self, node: fx.Node, paths: Paths, size: tuple[int, int], window: Mapping[str, Any]
    ) -> Paths:
        kernel = self._side(node, window["kernel_size"])
        stride = self._side(node, window.get("stride") or kernel)
        reach = (kernel - 1) * self._side(node, window.get("dilation", 1))
        return paths.widened(reach + 1, paths.jump * stride, size)

    def _gated(self, node: fx.Node, factors: Sequence[Paths]) -> Paths:
        values = [factor for factor in factors if not factor.is_gate]
        gates = [factor for factor in factors if factor.is_gate]
        if len(gates) != 1:
            raise self._refusal(
                node, f"{len(gates)} of its two factors are sigmoids, where a gate needs one"
            )
        value, gate = values[0], gates[0]
        return replace(value, gates=add_up([value.gates, gate.values, gate.gates], Fraction(1)))

    def _interpolated(self, node: fx.Node, paths: Paths, size: tuple[int, int]) -> Paths:
        if (layer := self._layer(node)) is not None:
            mode = layer.mode
        else:
            given = inspect.signature(F.interpolate).bind(*node.args, **node.kwargs)
            mode = given.arguments.get("mode", "nearest")
        if mode not in _READ:
            raise self._refusal(node, f"its mode '{mode}' is none of {', '.join(_READ)}")
        along = {Fraction(before, after) for before, after in zip(paths.cells, size, strict=True)}
        if len(along) > 1:
            raise self._refusal(node, "it scales height and width differently")
        scale = along.pop()
        read = 1 if scale == 1 else _READ[mode]  # at the same size each value is kept
        return replace(paths.widened(read, paths.jump * scale, size), is_gate=paths.is_gate)

    def _read(self, node: fx.Node, layer: Any) -> int:
        """Return the cells along a side that one output of a transposed convolution reads."""
        kernel, stride = (self._side(node, side) for side in (layer.kernel_size, layer.stride))
        if kernel % stride or self._side(node, layer.dilation) != 1:
            raise self._refusal(node, "its outputs read different numbers of cells")
        return kernel // stride

    def _side(self, node: fx.Node, sides: int | Sequence[int]) -> int:
        both = {sides} if isinstance(sides, int) else set(sides)
        if len(both) > 1:
            raise self._refusal(node, f"it is not square, {sides}")
        return both.pop()

    def _check(self, node: fx.Node, operands: Sequence[Paths], size: tuple[int, int]) -> None:
        jumps = sorted({paths.jump for paths in operands})
        if len(jumps) > 1:
            raise self._refusal(
                node,
                f"paths of strides {' and '.join(map(str, jumps))} meet in it; give an input whose "
                "sides are multiples of the largest stride",
            )
        if any(paths.cells != size for paths in operands):
            raise self._refusal(node, "it cuts, spreads or moves the cells of a map")

    def _layer(self, node: fx.Node) -> Any:
        return self.fetch_attr(str(node.target)) if node.op == "call_module" else None

    def _name(self, node: fx.Node) -> str:
        layer = self._layer(node)
        return _function(node) if layer is None else type(layer).__name__

    def _unknown(self, node: fx.Node) -> Problem:
        return self._refusal(node, "traced_paths.py does not know this operation")

    def _refusal(self, node: fx.Node, why: str) -> Problem:
        place = f"'{self._name(node)}' (node {node.name})"
        return Problem(f"the paths of {self.of} cannot be counted at {place}: {why}")


def _flat(values: Any) -> list[Any]:
    """Return the leaves of an output, in order; named tuples of tensors are nodes of their own."""
    return [
        leaf
        for value in tree_leaves(values)
        for leaf in (_flat(value.args) if _is_named_tuple(value) else [value])
    ]


def _is_named_tuple(value: Any) -> bool:
    kind = value.target if isinstance(value, fx.Node) else None
    return isinstance(kind, type) and issubclass(kind, tuple)


def _cells(maps: Tensor) -> tuple[int, int]:
    return maps.shape[-2], maps.shape[-1]


def _merge(node: fx.Node) -> str:
    """Return "addition", "concatenation" or "", whichever the operation is."""
    name = _function(node)
    return "addition" if name in _ADDITIONS else "concatenation" * (name in _CONCATENATIONS)


def _function(node: fx.Node) -> str:
    """Return the name of a function or method, "" of layers: "add" of ``+`` and ``torch.add``."""
    if node.op not in {"call_function", "call_method"}:
        return ""
    return str(getattr(node.target, "__name__", node.target))
