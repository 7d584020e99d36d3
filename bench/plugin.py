"""A user's own blocks, registered by a file that is imported from its path."""

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.data.cache import file_digest
from bench.problem import Problem
from models import list_blocks


@dataclass(frozen=True)
class Plugin:
    """A loaded plugin: the sha256 of its file, and the blocks that it registered."""

    digest: str
    blocks: tuple[str, ...]


def load_plugin(path: Path) -> Plugin:
    """Import ``path`` and return what it registered.

    Raises:
        Problem: the file is missing, raises, takes a name of ours, or registers no block.
    """
    if not path.is_file():
        raise Problem(f"--plugin {path}: there is no such file")
    before = set(list_blocks())
    name = f"posearch_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Problem(f"--plugin {path}: not a Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up by name
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise Problem(f"--plugin {path} raised {type(error).__name__}: {error}") from error
    blocks = tuple(block for block in list_blocks() if block not in before)
    if not blocks:
        raise Problem(
            f"--plugin {path} registers no block; decorate a function with "
            "@models.register_block in it"
        )
    return Plugin(file_digest(path), blocks)
