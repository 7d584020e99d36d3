"""What is compared: blocks, networks and pipelines, usable on their own.

from models import create_block, list_blocks
block = create_block("ioi", 128, 128)
"""

from models import blocks, pipelines
from models.registry import (
    RegistryError,
    create_block,
    create_pipeline,
    list_blocks,
    list_pipelines,
    register_block,
    register_pipeline,
)

__all__ = [
    "RegistryError",
    "blocks",
    "create_block",
    "create_pipeline",
    "list_blocks",
    "list_pipelines",
    "pipelines",
    "register_block",
    "register_pipeline",
]
