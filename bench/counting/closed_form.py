"""Multiply-adds from the sizes of layers alone: each weight times the places it is applied at."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

from torch import Tensor, nn

_CONVOLUTIONS = nn.Conv1d | nn.Conv2d | nn.Conv3d
_TRANSPOSED = nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d


def closed_form_macs(model: nn.Module, inputs: Sequence[Tensor]) -> int:
    """Return the multiply-adds of the convolutions and linear layers in one call of ``model``.

    - convolution: output numbers x kernel cells x input channels of a group
    - transposed convolution: input numbers x kernel cells x output channels of a group
    - linear: output numbers x input features

    It looks neither into a trace nor at torch's operators, so it shares no mistake with the other
    two counters. What a model multiplies outside such layers, attention or a product of
    activations, is not in it and shows as a difference from them.

    Args:
        model: in evaluation mode.
        inputs: the arguments of the call.
    """
    with _counting(model) as macs:
        model(*inputs)
    return sum(macs)


@contextmanager
def _counting(model: nn.Module) -> Iterator[list[int]]:
    macs: list[int] = []

    def count(layer: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(layer, _CONVOLUTIONS):
            each = prod(layer.kernel_size) * layer.in_channels // layer.groups
            macs.append(output.numel() * each)
        elif isinstance(layer, _TRANSPOSED):
            each = prod(layer.kernel_size) * layer.out_channels // layer.groups
            macs.append(inputs[0].numel() * each)
        else:
            macs.append(output.numel() * layer.in_features)

    layers = _CONVOLUTIONS | _TRANSPOSED | nn.Linear
    hooks = [
        layer.register_forward_hook(count) for layer in model.modules() if isinstance(layer, layers)
    ]
    try:
        yield macs
    finally:
        for hook in hooks:
            hook.remove()
