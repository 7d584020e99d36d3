"""Two registries, of blocks and of pipelines: a function's name is its key."""

import difflib
import fnmatch
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from torch import nn

from models.skeleton import Skeleton


class RegistryError(LookupError):
    """An unknown name, or a name that is taken; the message says what to use instead."""


class BlockFactory(Protocol):
    """Builds a block that keeps the resolution."""

    __name__: str

    def __call__(self, in_channels: int, out_channels: int) -> nn.Module:
        """Return a module from ``[B, in_channels, H, W]`` to ``[B, out_channels, H, W]``."""


#: Builds a pipeline from a skeleton and keyword arguments of its own.
PipelineFactory = Callable[..., nn.Module]

Factory = TypeVar("Factory", bound=Callable[..., nn.Module])


class Registry(Generic[Factory]):
    """Named factories of one kind.

    Args:
        kind: what is registered, for messages: "block" or "pipeline".
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._factories: dict[str, Factory] = {}

    def register(self, factory: Factory) -> Factory:
        """Register ``factory`` under its own name (a decorator).

        Raises:
            RegistryError: the name is taken.
        """
        name = factory.__name__
        if name in self._factories:
            raise RegistryError(f"a {self.kind} named '{name}' is already registered; rename yours")
        self._factories[name] = factory
        return factory

    def get(self, name: str) -> Factory:
        """Return the factory of ``name``.

        Raises:
            RegistryError: the name is unknown; the message offers the nearest one.
        """
        if name not in self._factories:
            raise RegistryError(unknown_name(self.kind, name, self._factories))
        return self._factories[name]

    def names(self, pattern: str = "*") -> list[str]:
        """Return the registered names that match a shell pattern, in order of registration."""
        return [name for name in self._factories if fnmatch.fnmatchcase(name, pattern)]


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Return one sentence that says ``name`` is unknown and offers the nearest known one."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
    return f"unknown {kind} '{name}'; {hint}"


_blocks: Registry[BlockFactory] = Registry("block")
_pipelines: Registry[PipelineFactory] = Registry("pipeline")

register_block = _blocks.register
register_pipeline = _pipelines.register
list_blocks = _blocks.names
list_pipelines = _pipelines.names


def create_block(name: str, in_channels: int, out_channels: int) -> nn.Module:
    """Build the block ``name``, from ``in_channels`` to ``out_channels`` at equal resolution."""
    return _blocks.get(name)(in_channels, out_channels)


def create_pipeline(name: str, skeleton: Skeleton, **arguments: object) -> nn.Module:
    """Build the pipeline ``name`` for the joints of ``skeleton``."""
    return _pipelines.get(name)(skeleton, **arguments)
