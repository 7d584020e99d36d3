import pytest
from torch import nn

from models import RegistryError, create_block, create_pipeline
from models.registry import Registry
from models.skeleton import COCO17


def some_block(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Conv2d(in_channels, out_channels, 1)


def test_a_function_is_found_by_its_name():
    registry = Registry("block")
    assert registry.register(some_block) is some_block
    assert registry.get("some_block") is some_block


def test_a_duplicate_raises_and_keeps_the_first():
    registry = Registry("block")
    registry.register(some_block)
    other = type("Other", (), {"__name__": "some_block"})()
    with pytest.raises(RegistryError, match="'some_block' is already registered"):
        registry.register(other)
    assert registry.get("some_block") is some_block


def test_wildcards():
    registry = Registry("block")
    for name in ("ioi", "aioi", "residual"):
        registry.register(type("Factory", (), {"__name__": name})())
    assert registry.names("*ioi") == ["ioi", "aioi"]
    assert registry.names("io*") == ["ioi"]
    assert registry.names("x*") == []


def test_an_unknown_block_offers_the_nearest():
    with pytest.raises(RegistryError, match="unknown block 'residul'; did you mean 'residual'"):
        create_block("residul", 8, 8)


def test_an_unknown_name_far_from_all_lists_them():
    with pytest.raises(RegistryError, match="known: residual, inception_residual"):
        create_block("zzz", 8, 8)


def test_an_unknown_pipeline_offers_the_nearest():
    with pytest.raises(RegistryError, match="did you mean 'single_person'"):
        create_pipeline("single_persons", COCO17)
