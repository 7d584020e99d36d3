"""Networks as their training begins: the control for what is seen in trained ones."""

import copy
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from bench.experiment import Experiment
from bench.measure import create_model, load_trained

#: When a network is looked at.
BEFORE: Final = "before"
AFTER: Final = "after"


def begun_and_trained(experiment: Experiment, folder: Path) -> tuple[nn.Module, nn.Module]:
    """Return a model with the weights that its training began with, and with those it ended with.

    Args:
        experiment: that has been trained; both models are on its device.
        folder: of all records.

    Raises:
        Problem: the weights are missing.
    """
    torch.manual_seed(experiment.seed)
    begun = create_model(experiment).to(experiment.train.device)
    trained = copy.deepcopy(begun)
    load_trained(trained, folder, experiment.key)
    return begun, trained


def with_settled_norms(network: nn.Module, images: Tensor) -> nn.Module:
    """Return a copy whose batch norms hold the statistics of ``images``, in evaluation.

    Before training they hold mean 0 and variance 1 of nothing, and the network measured would not
    be the one whose training begins, in which each norm sees its batch.

    Args:
        network: left as it is.
        images: ``[N, C, H, W]`` on the network's device, at once.
    """
    settled = copy.deepcopy(network).eval()
    for module in settled.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0  # the statistics of this one batch, and no others
            module.train()
    with torch.no_grad():
        settled(images)
    return settled.eval()
