"""A device that can be given work and never asked for a result, as a GPU wants to be treated.

Without a GPU it is played by torch's ``meta`` device, whose tensors have no values: whatever needs
one (``item``, ``tolist``, ``nonzero``, a boolean index) raises there by itself. What waits on a GPU
and not there is found by watching: small tensors that are made or copied there without
``non_blocking``, indices that lie on the host, and checks for errors.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

QUEUED = torch.device("meta")
_HERE = Path(__file__).resolve().parents[2]


@contextmanager
def never_waited_for() -> Iterator[None]:
    """Fail at the end if anything inside waited for ``QUEUED``, and say where."""
    waits: list[str] = []
    with _Calls(waits), _Operators(waits):
        yield
    assert not waits, "\n".join(dict.fromkeys(waits))


class _Calls(TorchFunctionMode):
    """Sees numbers of the host being made into a tensor over there, which copies and waits."""

    def __init__(self, waits: list[str]) -> None:
        super().__init__()
        self.waits = waits

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in (torch.tensor, torch.as_tensor):
            waits = torch.device(kwargs.get("device") or "cpu") == QUEUED
        elif func is Tensor.new_tensor:
            waits = args[0].device == QUEUED
        elif func in (Tensor.__getitem__, Tensor.__setitem__):
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            waits = args[0].device == QUEUED and any(isinstance(one, list) for one in index)
        else:
            waits = False
        if waits:
            self.waits.append(f"{func.__name__} {_caller()}")
        return func(*args, **kwargs)


class _Operators(TorchDispatchMode):
    """Sees tensors of the host meet those over there."""

    def __init__(self, waits: list[str]) -> None:
        super().__init__()
        self.waits = waits

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        seen = [one for one in tree_leaves((args, kwargs, out)) if isinstance(one, Tensor)]
        is_there = any(one.device == QUEUED for one in seen)
        # A scalar travels as an argument of the kernel.
        is_here = any(one.device != QUEUED and one.dim() for one in seen)
        is_queued = kwargs.get("non_blocking") or (
            func is torch.ops.aten.copy_.default and len(args) > 2 and args[2]
        )
        checks = func is torch.ops.aten._linalg_check_errors.default
        if is_there and (checks or (is_here and not is_queued)):
            self.waits.append(f"{func} {_caller()}")
        return out


def _caller() -> str:
    """Return the innermost line of this project, outside of this file."""
    own = [
        f"{Path(frame.filename).relative_to(_HERE)}:{frame.lineno}"
        for frame in traceback.extract_stack()
        if Path(frame.filename).is_relative_to(_HERE)
        and "site-packages" not in frame.filename  # tox keeps them below the repository
        and frame.filename != __file__
    ]
    return own[-1]
