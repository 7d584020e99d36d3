"""torchvision as the models use it, whether its own operators load or ours stand in for them."""

import sys

import pytest

from models import torchvision_ops


@pytest.fixture(scope="module")
def torchvision():
    torchvision_ops.load_torchvision()
    return sys.modules["torchvision"]


@pytest.fixture(scope="module")
def public_ops(torchvision):
    return torchvision.ops
